// Secret: text that must not reach a log, a message or a core dump of settings. Printing it gives "(redacted)"; reading
// it is a visible call. Wiped when destroyed.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret() { wipe(); }

  bool empty() const noexcept { return text_.empty(); }
  std::string_view reveal() const noexcept { return text_; }
  static constexpr std::string_view redacted() noexcept { return "(redacted)"; }

 private:
  void wipe() noexcept;
  std::string text_;
};

}  // namespace gatehouse
