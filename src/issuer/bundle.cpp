#include "bundle.h"

namespace gatehouse::issuer {

Secret Bundle::text() const { return Secret(std::string(key.to_pem().reveal()) + chain); }

Result<Bundle> Bundle::parse(const Secret& text) {
  const std::size_t start = text.reveal().find("-----BEGIN CERTIFICATE-----");
  if (start == std::string_view::npos) return make_error("vault-damaged", "the stored certificate is none");
  auto key = pki::Key::parse(text.reveal().substr(0, start));
  if (!key) return std::move(key).error();
  return Bundle{*std::move(key), std::string(text.reveal().substr(start))};
}

}  // namespace gatehouse::issuer
