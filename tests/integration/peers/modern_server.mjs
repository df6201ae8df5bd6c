// A small MCP server of the 2026-07-28 era, over HTTP (prints its port) or stdio:
//   node modern_server.mjs http | stdio
import { createServer } from 'node:http';
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { toNodeHandler } from '@modelcontextprotocol/node';

const text = (value) => ({ content: [{ type: 'text', text: value }] });
const object = (properties) => fromJsonSchema({ type: 'object', properties, required: Object.keys(properties) });

function build() {
  const server = new McpServer({ name: 'modern', version: '1' }, { capabilities: { tools: {}, logging: {} } });
  server.registerTool('echo', { inputSchema: object({ text: { type: 'string' } }) },
    async ({ text: value }) => text(value));
  server.registerTool('count', { inputSchema: object({ to: { type: 'integer' }, interval_ms: { type: 'integer' } }) },
    async ({ to, interval_ms: interval }, context) => count(to, interval, context));
  return server;
}

async function count(to, interval, context) {
  const token = context.mcpReq._meta?.progressToken;
  for (let progress = 1; progress <= to; progress++) {
    await new Promise((resolve) => setTimeout(resolve, interval));
    if (context.mcpReq.signal.aborted) return text('cancelled');
    if (token !== undefined) {
      await context.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, progress, total: to } });
    }
  }
  return text(`counted to ${to}`);
}

if (process.argv[2] === 'stdio') {
  serveStdio(build);
} else {
  const http = createServer(toNodeHandler(createMcpHandler(build, { legacy: 'reject' })));
  http.listen(0, '127.0.0.1', () => console.log(http.address().port));
}
