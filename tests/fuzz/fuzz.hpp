// Shared by the fuzzers of the core: what they expect, and how they cut their input into parts.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#include "search_assign/core/error.hpp"
#include "search_assign/core/maturity_profile.hpp"

namespace search_assign::fuzz {

inline void check(bool truth) {
  if (!truth) std::abort();
}

// True where the work ends, false where it raises an Error of one of these kinds; anything else is a finding.
template <class Work>
bool succeeds(std::initializer_list<core::ErrorKind> expected, Work work) {
  try {
    work();
    return true;
  } catch (const core::Error& error) {
    for (const core::ErrorKind kind : expected)
      if (kind == error.kind()) return false;
    std::abort();
  }
}

// The input, taken from the front. What it lacks is zero.
class Parts {
 public:
  Parts(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      value <<= 8;
      if (left_.empty()) continue;
      value |= left_[0];
      left_ = left_.subspan(1);
    }
    return value;
  }
  // A part with its length, of 16 bits, before it.
  core::Bytes part() {
    const std::uint64_t length = number(2);
    const core::Bytes part = left_.first(length < left_.size() ? length : left_.size());
    left_ = left_.subspan(part.size());
    return part;
  }
  [[nodiscard]] core::Bytes rest() const { return left_; }
  [[nodiscard]] bool empty() const { return left_.empty(); }

 private:
  core::Bytes left_;
};

inline std::string_view text_of(core::Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace search_assign::fuzz
