// One MCP session with an official SDK, step by step; prints one JSON object: step -> "ok" or what went wrong.
//   node client.mjs '{"sdk": "v1"|"v2", "url": …, "key": …, "profile": a key of PROFILES, "mode": of the v2 client}'
import assert from 'node:assert/strict';

const options = JSON.parse(process.argv[2]);
const DEADLINE = 20000;

const PROFILES = {
  everything: {
    echo: { name: 'echo', arguments: { message: 'hello' } },
    echoed: /hello/,
    long: { name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 4 } },
    longer: { name: 'trigger-long-running-operation', arguments: { duration: 30, steps: 30 } },
    notify: { name: 'toggle-simulated-logging', arguments: {} },
    notification: 'notifications/message',
    resources: true,
  },
  modern: {  // modern_server.mjs
    echo: { name: 'echo', arguments: { text: 'hello' } },
    echoed: /hello/,
    long: { name: 'count', arguments: { to: 4, interval_ms: 50 } },
    longer: { name: 'count', arguments: { to: 600, interval_ms: 50 } },
  },
  demo: {  // gatehouse demo
    echo: { name: 'echo_message', arguments: { message: 'hello' } },
    echoed: /hello/,
    long: { name: 'count_slowly', arguments: { count: 4, delay_ms: 50 } },
    longer: { name: 'count_slowly', arguments: { count: 600, delay_ms: 50 } },
    notify: { name: 'trigger_list_changed', arguments: {} },
    notification: 'notifications/tools/list_changed',
  },
  demo_modern: {
    echo: { name: 'echo_message', arguments: { message: 'hello' } },
    echoed: /hello/,
    long: { name: 'count_slowly', arguments: { count: 4, delay_ms: 50 } },
    longer: { name: 'count_slowly', arguments: { count: 600, delay_ms: 50 } },
  },
};
const profile = PROFILES[options.profile];

async function openV1() {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const types = await import('@modelcontextprotocol/sdk/types.js');
  const schemas = {
    'notifications/message': types.LoggingMessageNotificationSchema,
    'notifications/tools/list_changed': types.ToolListChangedNotificationSchema,
  };
  const client = new Client({ name: 'gatehouse-test', version: '1' }, { capabilities: {} });
  const transport = new StreamableHTTPClientTransport(new URL(options.url), requestOptions());
  return {
    client, transport,
    call: (params, more) => client.callTool(params, undefined, more),
    onNotification: (method, handler) => client.setNotificationHandler(schemas[method], handler),
  };
}

async function openV2() {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const negotiation = options.mode ? { versionNegotiation: { mode: options.mode } } : {};
  const client = new Client({ name: 'gatehouse-test', version: '1' }, { capabilities: {}, ...negotiation });
  const transport = new StreamableHTTPClientTransport(new URL(options.url), requestOptions());
  return {
    client, transport,
    call: (params, more) => client.callTool(params, more),
    onNotification: (method, handler) => client.setNotificationHandler(method, handler),
  };
}

function requestOptions() {
  const headers = options.key ? { Authorization: `Bearer ${options.key}` } : {};
  return { requestInit: { headers } };
}

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const session = options.sdk === 'v1' ? await openV1() : await openV2();
const report = {};
let notified;
const notification = new Promise((resolve) => { notified = resolve; });
if (profile.notification) session.onNotification(profile.notification, notified);

const steps = {
  async initialize() {
    await session.client.connect(session.transport);
    assert.ok(session.client.getServerVersion()?.name);
  },
  async list() {
    const { tools } = await session.client.listTools();
    assert.ok(tools.some((tool) => tool.name === profile.echo.name), tools.map((tool) => tool.name).join());
  },
  async call() {
    const result = await session.call(profile.echo);
    assert.match(result.content[0].text, profile.echoed);
  },
  async concurrent_calls() {
    const results = await Promise.all(Array.from({ length: 20 }, () => session.call(profile.echo)));
    for (const result of results) assert.match(result.content[0].text, profile.echoed);
  },
  async big_call() {
    const text = 'x'.repeat(512 * 1024);
    const name = Object.keys(profile.echo.arguments)[0];
    const result = await session.call({ ...profile.echo, arguments: { [name]: text } });
    assert.ok(result.content[0].text.includes(text));
  },
  async unknown_tool() {
    const failed = await session.call({ name: 'no-such-tool', arguments: {} }).then((r) => r.isError === true, () => true);
    assert.ok(failed);
  },
  async resources() {
    if (!profile.resources) return;
    const { resources } = await session.client.listResources();
    const read = await session.client.readResource({ uri: resources[0].uri });
    assert.ok(read.contents.length > 0);
  },
  async notification() {
    if (!profile.notify) return;
    await session.call(profile.notify);
    await notification;
  },
  async long_call_with_progress() {
    const seen = [];
    const result = await session.call(profile.long, { onprogress: (progress) => seen.push(progress.progress) });
    assert.ok(seen.length >= 3, `progress: ${seen}`);
    assert.ok(!result.isError);
  },
  async cancellation() {
    const abort = new AbortController();
    const call = session.call(profile.longer, { signal: abort.signal, onprogress: () => abort.abort() });
    await assert.rejects(call);
    const result = await session.call(profile.echo);
    assert.match(result.content[0].text, profile.echoed);
  },
  async session_end() {
    const id = session.transport.sessionId;
    if (options.mode) return;  // the modern era has no sessions
    assert.ok(id, 'no session id');
    await session.transport.terminateSession();
    const answer = await fetch(options.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'Mcp-Session-Id': id,
        ...(options.key ? { Authorization: `Bearer ${options.key}` } : {}),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    assert.equal(answer.status, 404);
  },
};

for (const [name, step] of Object.entries(steps)) {
  try {
    await within(step(), name);
    report[name] = 'ok';
  } catch (error) {
    report[name] = String(error?.stack ?? error).slice(0, 800);
    if (name === 'initialize') break;
  }
}
await session.client.close().catch(() => {});
console.log(JSON.stringify(report));
process.exit(0);
