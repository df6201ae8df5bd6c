// Searches over many bytes at once. Private to the room.
#pragma once

#include <cstddef>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace gatehouse::http {

inline bool is_control(char c) noexcept {  // CTL except HTAB
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

// First control byte (HTAB is none) in [at, end), or `end`.
inline const char* find_control(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i highest = _mm_set1_epi8(0x1f);
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i tab = _mm_set1_epi8('\t');
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest), bytes);
    const __m128i hit = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
    const int mask = _mm_movemask_epi8(hit);
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (at != end && !is_control(*at)) ++at;
  return at;
}

// First ':' in [at, line_end), or `line_end`. Bytes up to `readable` may be looked at.
inline const char* find_colon(const char* at, const char* line_end, const char* readable) noexcept {
#if defined(__SSE2__)
  const __m128i colon = _mm_set1_epi8(':');
  for (; at < line_end && readable - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, colon));
    if (mask == 0) continue;
    const char* found = at + __builtin_ctz(static_cast<unsigned>(mask));
    return found < line_end ? found : line_end;
  }
  if (at > line_end) return line_end;
#else
  (void)readable;
#endif
  while (at != line_end && *at != ':') ++at;
  return at;
}

}  // namespace gatehouse::http
