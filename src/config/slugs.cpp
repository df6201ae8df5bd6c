#include "slugs.h"

namespace gatehouse::config {
namespace {

constexpr Slug kSlugs[] = {
    {"alias-unused", "warning: a variable of the earlier platform names a listener that is not configured"},
    {"anonymous-endpoint", "an MCP endpoint without authentication that more than this machine can reach"},
    {"bad-address", "not an address of the kind that is needed here"},
    {"bad-cidr", "not a network like 10.0.0.0/8"},
    {"bad-dotenv", "a line of .env that is not NAME=value"},
    {"bad-interpolation", "a $ that begins nothing, or a variable that is written wrongly"},
    {"bad-key", "a key of a mapping that is not one word"},
    {"bad-name", "a name with characters that names do not have"},
    {"bad-override", "--set or a variable for something that cannot be set so"},
    {"bad-value", "a text that is not of the form that is needed here"},
    {"conflict", "two keys that exclude each other"},
    {"default-secret", "a secret that everybody knows, in profile production"},
    {"duplicate-address", "the same address twice"},
    {"duplicate-key", "a key that is set twice; both places are named"},
    {"duplicate-route", "two routes for the same requests"},
    {"file-too-large", "a configuration file of more than 4 MiB"},
    {"file-unreadable", "a file that is missing or cannot be read"},
    {"h2-not-offered", "warning: HTTP/2 is configured but not available in this version"},
    {"literal-secret", "a secret in the file, outside of profile development"},
    {"merge-key", "<< is not understood"},
    {"missing-key", "a key that must be there"},
    {"missing-secret", "a secret that profile production needs"},
    {"missing-unit", "a duration or a size without its unit"},
    {"nested-include", "include in an included file"},
    {"no-listeners", "warning: nothing is listened on"},
    {"not-available", "something that this version does not have"},
    {"not-text", "a file with NUL bytes, or not in UTF-8"},
    {"out-of-range", "a number or a list that is too small or too large"},
    {"secret-empty", "a reference to a secret that is empty"},
    {"secret-exposed", "a file with a secret that everybody may read"},
    {"secret-unreadable", "a file with a secret that cannot be read"},
    {"several-documents", "more than one YAML document in a file"},
    {"stdio-in-production", "an MCP server as child process in profile production"},
    {"too-deep", "nested more than 32 levels deep"},
    {"too-many-values", "more than 100,000 values, aliases expanded"},
    {"unknown-key", "a key that does not exist"},
    {"unknown-server", "a name of an MCP server that is not configured"},
    {"unknown-unit", "a unit that durations or sizes do not have"},
    {"unknown-upstream", "a name of an upstream that is not configured"},
    {"unknown-value", "a word that is not one of the choices"},
    {"unknown-variable", "a GATEHOUSE_ variable that nothing reads"},
    {"unset-variable", "a variable that is used and not set"},
    {"weak-secret", "a secret that is too short for profile production"},
    {"wrong-type", "a mapping, list, number, text or nothing where something else is expected"},
    {"yaml-alias", "an alias to a value that is still open"},
    {"yaml-syntax", "not YAML"},
    {"yaml-tag", "a YAML tag"},
};

}  // namespace

std::span<const Slug> slugs() { return kSlugs; }

}  // namespace gatehouse::config
