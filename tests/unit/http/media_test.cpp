#include "gatehouse/http/media.h"

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

TEST(MediaType, ParametersAndLettersDoNotMatter) {
  for (const char* const value : {"application/json", "Application/JSON", " application/json ", "application/json;charset=utf-8", "application/json ; x"})
    EXPECT_TRUE(is_media_type(value, "application/json")) << value;
  for (const char* const value : {"", "application/jsonp", "application/json-rpc", "text/json", "application/json, text/plain", ";application/json"})
    EXPECT_FALSE(is_media_type(value, "application/json")) << value;
}

TEST(MediaType, AcceptAllowsRangesAndHonoursZero) {
  for (const char* const value : {"", " ", "*/*", "text/*", "TEXT/*", "a/b, text/event-stream", "a/b,text/event-stream;q=0.1", "text/event-stream;v=1;q=1",
                                  "text/event-stream;q=0, */*"})
    EXPECT_TRUE(accepts(value, "text/event-stream")) << value;
  for (const char* const value : {"a/b", ",", "text/", "text", "tex/*", "text/event-streams", "text/event-stream;q=0", "text/event-stream; Q=0.000", "*"})
    EXPECT_FALSE(accepts(value, "text/event-stream")) << value;
}

}  // namespace
}  // namespace gatehouse::http
