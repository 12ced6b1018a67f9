// Any text as a maturity profile: it is read or refused, and what is read has one canonical form.
#include <cstdlib>
#include <string_view>

#include "search_assign/core/error.hpp"
#include "search_assign/core/maturity_profile.hpp"

using namespace search_assign::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  EncodedProfile profile;
  try {
    from_text(text, profile);
  } catch (const Error& error) {
    const bool expected =
        error.kind() == ErrorKind::TextUnreadable || error.kind() == ErrorKind::AmountOutOfRange;
    if (!expected) std::abort();
    return 0;
  }
  validate(profile);
  EncodedProfile again;
  from_text(to_text(profile), again);
  if (again != profile) std::abort();
  return 0;
}
