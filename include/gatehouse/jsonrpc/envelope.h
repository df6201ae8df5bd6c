// The envelope of a JSON-RPC message: what a gateway must know of it, as views into the received bytes. One pass checks
// the whole document as JSON (RFC 8259: grammar, UTF-8, depth, nothing behind it); nothing is copied, and nothing is
// allocated for a message whose method has no escapes. Payloads are never rebuilt: they are forwarded as these bytes.
//
// Stricter than JSON where we decide on a value: a key that we read may occur once (escaped spellings included, top-level
// keys also in another letter case), an id is a string or an integer. Lone surrogate escapes are legal JSON and pass in
// payloads; in a value that we decide on they are refused.
//
// Sans-IO, no state, any thread. Views live as long as the scanned bytes. Sources: JSON-RPC 2.0; MCP basic/messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::jsonrpc {

enum class Kind : std::uint8_t {
  kBadJson,       // answer -32700
  kBadShape,      // JSON, but not a message: answer -32600
  kRequest,
  kNotification,
  kResponse,
  kBatch,         // an array; its elements come from scan_batch()
};

// A raw JSON value inside the message ("\"a\"" with its quotes, "12", "{…}"); empty when absent.
using Raw = std::string_view;

struct Envelope {
  Kind kind = Kind::kBadJson;
  const char* problem = "";   // why kBadJson or kBadShape: "depth", "utf8", "duplicate_key", "id", "trailing" …
  std::size_t offset = 0;     // where it was seen

  Raw bytes;                  // the message itself, without white space around it
  Raw id;                     // string or integer, never anything else
  bool id_null = false;       // "id": null, as in an error about an unreadable message
  std::string_view method;    // decoded
  Raw params;
  Raw result;
  Raw error;
  std::optional<std::int64_t> error_code;

  Raw name;                   // params.name
  Raw uri;                    // params.uri
  Raw task_id;                // params.taskId
  Raw request_id;             // params.requestId of notifications/cancelled
  Raw progress;               // params.progressToken of notifications/progress
  Raw protocol_version;       // params.protocolVersion or result.protocolVersion (initialize)
  Raw supported_versions;     // result.supportedVersions (server/discover)
  bool is_error = false;      // result.isError is true

  // params._meta, or result._meta in a response
  Raw meta_version;           // io.modelcontextprotocol/protocolVersion
  Raw meta_capabilities;      // io.modelcontextprotocol/clientCapabilities
  Raw meta_log_level;         // io.modelcontextprotocol/logLevel
  Raw meta_subscription;      // io.modelcontextprotocol/subscriptionId
  Raw progress_token;         // progressToken, when it is a string or an integer

  std::unique_ptr<std::string> decoded_method;  // behind `method` when it was written with escapes

  bool message() const noexcept {
    return kind == Kind::kRequest || kind == Kind::kNotification || kind == Kind::kResponse;
  }
};

struct ScanLimits {
  std::uint32_t max_depth = 64;   // at most 1024
  std::size_t max_id_bytes = 1024;
  std::size_t max_batch = 100;
};

Envelope scan(std::string_view bytes, ScanLimits limits = {});

// The elements of a batch that scan() called kBatch: never empty. Only the last may be no message: the first that is none
// ends the walk, and so does one too many (kBadShape, "batch_size"), so that a long array costs nothing.
std::vector<Envelope> scan_batch(std::string_view bytes, ScanLimits limits = {});

// The text of a raw JSON string. Nothing when `raw` is no string or holds a lone surrogate.
std::optional<std::string> decode_string(Raw raw);

// Replaces slices of `bytes` (views into it, not overlapping, any order); empty slices are skipped.
struct Edit {
  Raw slice;
  std::string_view replacement;
};
std::string splice(std::string_view bytes, std::span<const Edit> edits);

}  // namespace gatehouse::jsonrpc
