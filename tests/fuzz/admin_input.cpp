// What clients send to the daemon's own endpoints: forms, JSON objects, times, ids, URLs. The first byte chooses.
#include <cstddef>
#include <cstdint>
#include <string>

#include "gatehouse/base/check.h"
#include "input.h"
#include "instance_url.h"

using namespace gatehouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'f':
      if (const auto form = admin::parse_form(text)) GATEHOUSE_CHECK(form->size() <= 16);
      break;
    case 'j':
      if (auto input = admin::Input::parse(text, {"a", "b", "c"})) {
        input->required_text("a");
        input->texts("b");
        input->time("c");
        input->integer("a");
        input->flag("b");
        input->object("c");
      }
      break;
    case 't':
      if (const auto time = parse_rfc3339(text)) {
        // What we write is what we read, within the years that can be written.
        const std::string written = rfc3339(*time);
        if (!written.starts_with("0000") && !written.starts_with("9999")) GATEHOUSE_CHECK(*parse_rfc3339(written) == *time);
      }
      break;
    case 'u':
      if (admin::check_instance_url(text)) GATEHOUSE_CHECK(text.find('@') == std::string::npos || text.find('@') > text.find_first_of("/?", 8));
      break;
    case 'i':
      if (const auto id = admin::parse_id(text)) GATEHOUSE_CHECK(std::to_string(*id) == text);
      break;
    default:
      break;
  }
  return 0;
}
