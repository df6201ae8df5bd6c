// Block: the memory of one request under way. Connections take one when bytes arrive and give it back when they are
// idle, so an idle connection holds no buffer. Pages of a buffer that were never touched cost nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "gatehouse/http/h1.h"
#include "gatehouse/http/request_id.h"

namespace gatehouse::edge {

inline constexpr std::size_t kBodyBytes = 64 * 1024;
inline constexpr std::size_t kHeadBytes = 48 * 1024;  // the largest head allowed, and what the edge adds to it

struct Block {
  http::RequestHead request;
  http::RequestParser request_parser;
  http::ResponseHead response;
  http::ResponseParser response_parser;
  char request_id[http::kRequestIdSize];
  char traceparent[http::kTraceparentSize];
  char client_in[kBodyBytes];     // request head, then body
  char request_out[kHeadBytes];   // head to the upstream
  char upstream_in[kBodyBytes];   // response head, then body
  char response_out[kHeadBytes];  // head to the client
  char trailers[http::kMaxTrailerBytes];  // of the answer
};

class BlockPool {
 public:
  Block* take() {
    if (free_.empty()) return new Block;
    Block* block = free_.back().release();
    free_.pop_back();
    return block;
  }
  void give(Block* block) {
    std::unique_ptr<Block> owned(block);
    if (free_.size() < kKept) free_.push_back(std::move(owned));
  }
  BlockPool() { free_.reserve(kKept); }

 private:
  static constexpr std::size_t kKept = 64;
  std::vector<std::unique_ptr<Block>> free_;
};

}  // namespace gatehouse::edge
