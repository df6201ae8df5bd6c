#include "database.h"

#include "gatehouse/base/json.h"

namespace gatehouse::state {

bool is_storable(std::string_view text) { return text.find('\0') == std::string_view::npos && json::to_utf8(text) == text; }

std::string storable(std::string_view text) {
  std::string out;
  for (const char c : json::to_utf8(text)) {
    if (c == '\0') out += "\xef\xbf\xbd";
    else out += c;
  }
  return out;
}

Result<Answer> Session::run(std::string_view sql, std::span<const Parameter> parameters) {
  for (const Parameter& parameter : parameters) {
    const auto* text = std::get_if<std::string_view>(&parameter.value());
    if (text != nullptr && !is_storable(*text)) {
      return make_error("bad-request", "a text holds a NUL character or is not UTF-8, which a database cannot keep");
    }
  }
  return do_run(sql, parameters);
}

Result<std::int64_t> Session::number(std::string_view sql, std::initializer_list<Parameter> parameters) {
  auto rows = query(sql, [](const Row& row) { return row.integer(0); }, parameters);
  if (!rows) return std::move(rows).error();
  return rows->empty() ? std::int64_t{0} : rows->front();
}

}  // namespace gatehouse::state
