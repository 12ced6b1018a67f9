#include "random.hpp"

std::string Random::damaged(std::string value) {
  for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
    const std::size_t at = below(value.size() + 1);
    const std::size_t length = below(value.size() - at + 1);
    switch (below(6)) {
      case 0:
        if (at < value.size()) value[at] = static_cast<char>(bits());
        break;
      case 1:
        if (at < value.size()) value[at] = static_cast<char>(value[at] ^ (1 << below(8)));
        break;
      case 2:
        value.insert(at, bytes(1 + below(4)));
        break;
      case 3:
        value.erase(at, below(8) + 1);
        break;
      case 4:
        value.insert(at, value.substr(at, length));
        break;
      default:
        if (one_in(3)) value.resize(at);
    }
  }
  return value;
}
