// A small file, read whole, with the rights of others to it; wiped when it goes, because it may hold a key.
#pragma once

#include <openssl/bio.h>
#include <sys/stat.h>

#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "native.h"

namespace gatehouse::tls {

struct FileText {
  std::string text;
  mode_t mode = 0;
  ~FileText();
};

inline constexpr std::size_t kPemLimit = 1024 * 1024;

Status read_file(const std::string& path, std::string_view slug, FileText& out, std::size_t limit = kPemLimit);
BioPtr bio_of(std::string_view text);

}  // namespace gatehouse::tls
