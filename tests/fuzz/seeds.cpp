// Writes the first inputs of the core's fuzzers, made by the core itself: FOLDER/<fuzzer>/seed-<n>.
//
//   fuzz_seeds FOLDER
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "search_assign/core/aging_schedule.hpp"
#include "search_assign/core/assignment.hpp"
#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/core/maturity_profile.hpp"

using namespace search_assign::core;

namespace {

using Seed = std::string;

Seed text_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }
Seed big_endian(std::uint64_t value, int bytes) {
  Seed out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}
// As Parts::part() of fuzz.hpp reads it.
Seed part(const Seed& bytes) { return big_endian(bytes.size(), 2) + bytes; }

const std::vector<Seed>& profile_texts() {
  static const std::vector<Seed> texts = {
      "{}",
      "{2026-01-31:100.0000:0.0000:1:0}",
      "{2026-01-31:0.0001:-0.0001:1:1,2026-02-01:0.0000:-17.5000:0:1}",
      "{-4713-11-24:1.0000:0.0000:1:0,5874897-12-31:0.0000:-1.0000:0:1}",
      "{2026-01-31:-100.0000:3.0000:-2:-1}",
      "{2020-02-29:17014118346046923173168730371588410.5727:0.0000:9223372036854775807:0}",
  };
  return texts;
}

std::vector<Seed> profiles() {
  std::vector<Seed> out;
  EncodedProfile profile;
  for (const Seed& text : profile_texts()) {
    from_text(text, profile);
    out.push_back(text_of(profile));
  }
  std::vector<ProfileEntry> entries;
  for (int day = 0; day < 40; ++day)
    entries.push_back(make_entry(9'000 + day * (day % 5 + 1) * 7, (day % 3 - 1) * 123'456'700LL + day, 1));
  normalize(entries);
  encode(entries, profile);
  out.push_back(text_of(profile));
  return out;
}

std::vector<Seed> pairs() {
  std::vector<Seed> out;
  const std::vector<Seed> all = profiles();
  for (const Seed& a : all)
    for (const Seed& b : all) out.push_back(big_endian(9'500, 4) + big_endian(30, 4) + part(a) + b);
  return out;
}

std::vector<Seed> schedules() {
  std::vector<Seed> out;
  for (const char* text : {"30,60,90", "1", " 1 , 2,3,4,+5 ", "2147483646", "0", "-1", "60,30", "1.5",
                           "99999999999999999999", "1,,2", "1.2345,2,-3,4.5,-170141183460469231731"}) {
    out.emplace_back(text);
    AgingSchedule schedule;
    try {
      schedule_from_text(text, schedule);
    } catch (const Error&) {
      continue;  // a seed of the refused kind
    }
    std::uint8_t bytes[kMaxScheduleBytes];
    out.push_back(text_of({bytes, encode_schedule(schedule, bytes)}));
  }
  return out;
}

PositionBuffers some_position() {
  PositionFacets facets;
  for (Bytes& profile : facets.profiles) profile = empty_profile();
  static constexpr std::uint8_t kNoPromises[] = {1};
  facets.promises = kNoPromises;
  std::vector<Delta> deltas;
  for (int n = 0; n < 30; ++n) {
    const Date date = 9'500 + n * 11;
    const auto facet = static_cast<Facet>(n % 6);
    const Date aux = facet == Facet::Promises ? (n % 4 == 1 ? kNoDate : date + 20) : n;
    deltas.push_back({1, 1'000'000LL + n * 777, date, aux, facet, 1, static_cast<std::uint8_t>(n % 2)});
  }
  PositionBuffers out;
  apply_deltas(facets, {}, deltas, out);
  return out;
}

std::vector<Seed> positions() {
  const PositionBuffers position = some_position();
  Seed full;
  Seed empty;
  for (const EncodedProfile& profile : position.profiles) {
    full += part(text_of(profile));
    empty += part("");
  }
  full += part(text_of(position.promises)) + big_endian(2, 2) + big_endian(1, 2);
  empty += part("\x01") + big_endian(0, 4);
  Seed deltas;
  for (unsigned n = 0; n < 24; ++n)
    deltas +=
        big_endian((n % 8) | (n % 3 == 0 ? 0x100U : 0U) | (n % 2 << 9) | (n % 5 == 0 ? 0x400U : 0U), 2) +
        big_endian(1'000'000 + n * 777, 8) + big_endian(2'461'045 + n * 11, 4) +
        big_endian(2'461'065 + n * 11, 4);
  return {full, empty, full + deltas, empty + deltas};
}

std::vector<Seed> assignments() {
  const std::vector<Membership> all = {{Target::Scenario, Source::Rule, 3, 7, 9'500},
                                       {Target::CollectionPortfolio, Source::Default, 1, 0, 9'501},
                                       {Target::RiskPortfolio, Source::Manual, 2, 0, 9'502},
                                       {Target::Group, Source::Rule, 1, 8, 9'503},
                                       {Target::Group, Source::Manual, 5, 0, 9'504},
                                       {Target::Option, Source::Rule, 1, 9, 9'505},
                                       {Target::Colleague, Source::Rule, 4, 10, 9'506},
                                       {Target::Alert, Source::Rule, 2, 2, 9'507},
                                       {Target::Priority, Source::Rule, 2, 2, 9'508}};
  std::vector<Seed> out;
  std::vector<std::uint8_t> bytes;
  for (std::size_t count = 0; count <= all.size(); ++count) {
    encode_assignment({all.data(), count}, bytes);
    out.push_back(text_of(bytes));
  }
  out.push_back(text_of(some_position().promises));
  return out;
}

std::vector<Seed> money_texts() {
  std::vector<Seed> out = {
      "0",          "-0.0001",    "+12.5",       "170141183460469231731687303715884105.7279",
      ".5",         "5.",         "1e5",         "2026-01-31",
      "2024-02-29", "2023-02-29", "-4713-11-24", "5874897-12-31",
      "2026-1-1"};
  out.push_back(big_endian(~0ULL, 8) + big_endian(0, 8) + big_endian(9'500, 4));
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::map<std::string, std::vector<Seed>> seeds = {
      {"profile_text_fuzz", profile_texts()}, {"profile_binary_fuzz", profiles()},
      {"profile_pair_fuzz", pairs()},         {"schedule_fuzz", schedules()},
      {"position_fuzz", positions()},         {"assignment_binary_fuzz", assignments()},
      {"money_text_fuzz", money_texts()}};
  for (const auto& [fuzzer, inputs] : seeds) {
    const std::filesystem::path folder = std::filesystem::path(arguments[1]) / fuzzer;
    std::filesystem::create_directories(folder);
    for (std::size_t n = 0; n < inputs.size(); ++n)
      std::ofstream(folder / ("seed-" + std::to_string(n)), std::ios::binary) << inputs[n];
  }
  return 0;
}
