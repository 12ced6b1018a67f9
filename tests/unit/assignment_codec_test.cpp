// Unit tests of the encoded form of assignments; random ones: assignment_test.cpp.
#include <gtest/gtest.h>

#include "search_assign/core/assignment.hpp"
#include "search_assign/core/error.hpp"

namespace search_assign::core {
namespace {

std::vector<std::uint8_t> encoded(const Assignment& assignment) {
  std::vector<std::uint8_t> out;
  encode_assignment({assignment.data(), assignment.size()}, out);
  return out;
}

Membership by_rule(Target target, std::int32_t id, std::int64_t rule) {
  return {target, Source::Rule, id, rule, 9'600};
}

void expect_damaged(const std::vector<std::uint8_t>& bytes) {
  Assignment out;
  try {
    decode_assignment(bytes, out);
    ADD_FAILURE() << ::testing::PrintToString(bytes);
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::DataCorrupted));
  }
}

TEST(AssignmentCodec, the_form_of_fixed_widths_is_still_read) {
  const std::vector<std::uint8_t> bytes = {1, 1, 3, 0, 0,    0,    7, 0,    0,    0,    0,   0, 0,
                                           0, 0, 0, 0, 0x25, 0x80, 4, 1,    0,    0,    1,   0, 0,
                                           0, 0, 0, 0, 0,    0,    9, 0xff, 0xff, 0xff, 0xff};
  const Assignment expected = {{Target::Scenario, Source::Default, 7, 0, 9'600},
                               {Target::Group, Source::Rule, 256, 9, -1}};
  Assignment out;
  decode_assignment(bytes, out);
  EXPECT_TRUE(out == expected);
  EXPECT_EQ(encoded(expected).size(), 14U);
}

TEST(AssignmentCodec, decoding_refuses_damage) {
  const std::vector<std::uint8_t> good = encoded({by_rule(Target::Group, 1, 2)});
  expect_damaged({});
  expect_damaged({0});
  expect_damaged({3});
  expect_damaged({1, 0});
  expect_damaged({2, 0x11});
  expect_damaged({2, 0x11, 2, 0x82, 0x00, 0});                    // not the shortest form
  expect_damaged({2, 0x11, 0x80, 0x80, 0x80, 0x80, 0x20, 0, 0});  // a number beyond 32 bits
  expect_damaged({2, 0x11, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0});  // beyond 64
  expect_damaged({good.begin(), good.end() - 1});
  for (const auto& [at, byte] :
       {std::pair<std::size_t, std::uint8_t>{1, 0x10}, {1, 0x19}, {1, 0x04}, {1, 0x44}}) {
    std::vector<std::uint8_t> bad = good;
    bad[at] = byte;
    expect_damaged(bad);
  }
  expect_damaged(encoded({by_rule(Target::Group, 2, 1), by_rule(Target::Group, 1, 2)}));   // out of order
  expect_damaged(encoded({by_rule(Target::Group, 1, 1), by_rule(Target::Group, 1, 2)}));   // twice
  expect_damaged(encoded({by_rule(Target::Option, 1, 1), by_rule(Target::Group, 2, 2)}));  // out of order
  expect_damaged(encoded({by_rule(Target::Scenario, 1, 1), by_rule(Target::Scenario, 2, 2)}));
}

// Alone and last the widest numbers have no bytes of others behind them.
TEST(AssignmentCodec, the_widest_numbers_find_room_alone_and_last) {
  const Assignment alone = {{Target::Scenario, Source::Default, INT32_MIN, INT64_MIN, kMinDate}};
  const Assignment last = {{Target::Scenario, Source::Rule, 1, 1, kMaxDate},
                           {Target::Group, Source::Rule, INT32_MAX, INT64_MIN, kMinDate}};
  for (const Assignment* held : {&alone, &last}) {
    Assignment back;
    decode_assignment(encoded(*held), back);
    EXPECT_TRUE(back == *held);
  }
}

TEST(AssignmentCodec, the_log_keeps_no_priorities) {
  const Assignment held = {by_rule(Target::Scenario, 1, 1), by_rule(Target::Alert, 2, 2),
                           by_rule(Target::Priority, 1, 1), by_rule(Target::Priority, 2, 2)};
  EXPECT_EQ(logged_part({held.data(), held.size()}).size(), 2U);
  EXPECT_EQ(logged_part({held.data(), 2}).size(), 2U);
  EXPECT_TRUE(logged_part({held.data() + 2, 2}).empty());
  EXPECT_TRUE(logged_part({}).empty());
}

}  // namespace
}  // namespace search_assign::core
