// A text against tests/golden/NAME. GATEHOUSE_GOLDEN_WRITE=1 writes the files anew: read them before you commit them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace gatehouse::fakes {

inline void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(GATEHOUSE_TESTS_DIR) / "golden" / name;
  if (std::getenv("GATEHOUSE_GOLDEN_WRITE") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream in(path, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, expected) << name;
}

}  // namespace gatehouse::fakes
