// Lines and fields of a head, common to requests and responses. Private to the room.
#pragma once

#include <string_view>

#include "gatehouse/http/h1.h"

namespace gatehouse::http {

struct LineLimit {
  std::size_t bytes;   // of the line, without CRLF
  Refusal exceeded;    // the line is longer
  Refusal head_full;   // the head would become longer than HeadLimits::head_bytes
};

// The next line without its CRLF. kIncomplete: its end has not arrived. Looks at each byte once, refuses control bytes
// (P-1) and over-long lines without waiting for the line's end, and gives the same answer however the bytes arrive.
ParseState next_line(std::string_view buffer, const LineLimit& limit, std::size_t head_bytes, HeadProgress& progress,
                     std::string_view& line, Refusal& refusal);

// Takes lines up to the blank one as fields (P-3).
ParseState read_fields(std::string_view buffer, const HeadLimits& limits, HeadProgress& progress, Fields& fields,
                       Refusal& refusal);

// One field line; `readable` is the end of the buffer that holds it.
Refusal parse_field_line(std::string_view line, const char* readable, Field& field);

// Points views at the buffer's new place after it moved.
void rebase(std::string_view& view, const char* from, const char* to) noexcept;
void rebase(Fields& fields, const char* from, const char* to) noexcept;

inline std::uint64_t bit(FieldId id) noexcept { return std::uint64_t{1} << static_cast<unsigned>(id); }

}  // namespace gatehouse::http
