// Random numbers and choices for the fuzzers of the server. The same seed gives the same run.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  // From 0 to count - 1.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }
  long between(long low, long high) {
    return low + static_cast<long>(below(static_cast<std::size_t>(high - low + 1)));
  }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <class Choices>
  auto pick(const Choices& choices) {
    return choices[below(std::size(choices))];
  }
  std::string bytes(std::size_t length) {
    std::string out(length, '\0');
    for (char& byte : out) byte = static_cast<char>(engine_());
    return out;
  }
  // A few changes of bytes: overwritten, inserted, cut out, doubled, cut off.
  std::string damaged(std::string value);

 private:
  std::mt19937_64 engine_;
};
