// Any bytes as a stored assignment and as stored promises: read or refused as damaged, and what is
// read as an assignment is written back as the same bytes (the older form: as the same assignment).
#include <cstdlib>

#include "search_assign/core/assignment.hpp"
#include "search_assign/core/error.hpp"
#include "search_assign/core/ledger_delta.hpp"

using namespace search_assign::core;

namespace {

void read_assignment(Bytes bytes) {
  Assignment assignment;
  try {
    decode_assignment(bytes, assignment);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::DataCorrupted) std::abort();
    return;
  }
  std::vector<std::uint8_t> again;
  encode_assignment({assignment.data(), assignment.size()}, again);
  if (bytes[0] == 2 && again != std::vector<std::uint8_t>(bytes.begin(), bytes.end())) std::abort();
  Assignment back;
  decode_assignment(again, back);
  if (back != assignment) std::abort();
  std::vector<MembershipChange> changes;
  differences({assignment.data(), assignment.size()}, {}, changes);
  if (changes.size() != assignment.size()) std::abort();
}

void read_promises(Bytes bytes) {
  try {
    std::vector<Date> days;
    promise_days(bytes, days);
    EncodedProfile out;
    promised(bytes, 100, out);
    PositionFacets facets;
    for (Bytes& profile : facets.profiles) profile = empty_profile();
    facets.promises = bytes;
    Delta delta{1, 10'000, 90, 120, Facet::Promises, 1, 0};
    PositionBuffers buffers;
    apply_deltas(facets, {}, {&delta, 1}, buffers);
    promised(buffers.promises, 100, out);
  } catch (const Error& error) {
    const bool expected =
        error.kind() == ErrorKind::DataCorrupted || error.kind() == ErrorKind::AmountOutOfRange;
    if (!expected) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_assignment({data, size});
  read_promises({data, size});
  return 0;
}
