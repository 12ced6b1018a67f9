// Unit tests of explain_action in core/scenario: the same decision, with its reasons.
#include <gtest/gtest.h>

#include "scenario_case.hpp"

namespace search_assign::core {
namespace {

// The date of the step is the latest of its terms, moved as the rows after it say; they alone decide.
void expect_reasons(const std::vector<Consideration>& reasons, const NextStep& next) {
  Date date = kNoDate;
  int steps = 0;
  for (const Consideration& c : reasons) {
    if (!c.decides) continue;
    if (c.what == Considered::Step || c.what == Considered::RepeatedStep) {
      ++steps;
    } else if (c.date != kNoDate) {
      if (c.what == Considered::WorkingDay || c.what == Considered::AmountReached) {
        EXPECT_EQ(c.from, date);
      }
      date = c.date;
    }
  }
  EXPECT_EQ(steps, next.step_no == 0 ? 0 : 1);
  if (next.step_no != 0) {
    EXPECT_EQ(date, next.action_on);
  }
  for (const Consideration& c : reasons) {
    if (c.what >= Considered::DueDate && c.what <= Considered::Repeat && c.step_no == next.step_no &&
        c.day == reasons.back().day) {
      EXPECT_EQ(c.date, c.from + c.days);
      EXPECT_LE(c.date, next.action_on);
    }
  }
}

TEST(ExplainAction, the_explanation_decides_alike_and_its_reasons_add_up) {
  Random random(7);
  int explained = 0;
  for (int round = 0; round < 3'000; ++round) {
    Case c = random_case(random);
    use_calendar(c, random);
    c.progress = random_progress(c, random);
    const std::vector<CollectableDay> days = random_days(random);
    const Date as_of = kDue - 60 + below(random, 200);
    std::vector<Consideration> reasons;
    const NextStep next = explain_action(c.whole(), kDue, c.progress, days, as_of, reasons);
    ASSERT_EQ(next, c.action(days, as_of)) << "round " << round;
    expect_reasons(reasons, next);
    explained += next.step_no != 0 ? 1 : 0;
    ASSERT_FALSE(::testing::Test::HasFailure()) << "round " << round;
  }
  EXPECT_GT(explained, 1'000);
}

TEST(ExplainAction, tells_steps_passed_over_and_the_term_that_counts) {
  Case c;
  c.steps[1].min_amount = 1'000;
  c.steps[2].min_days_after_previous = 20;
  c.done(1, kDue + 15);
  std::vector<Consideration> reasons;
  const std::vector<CollectableDay> days = {{kDue, 500, 500}};
  EXPECT_EQ(explain_action(c.whole(), kDue, c.progress, days, kDue + 16, reasons), step(3, kDue + 35));
  ASSERT_EQ(reasons.size(), 5U);
  EXPECT_EQ(reasons[0].what, Considered::Amounts);
  EXPECT_EQ(reasons[1].what, Considered::StepBelowMinimum);
  EXPECT_EQ(reasons[1].limit, 1'000);
  EXPECT_EQ(reasons[2].what, Considered::DueDate);
  EXPECT_FALSE(reasons[2].decides);
  EXPECT_EQ(reasons[3].what, Considered::AfterPrevious);
  EXPECT_TRUE(reasons[3].decides);
  EXPECT_EQ(reasons[4].what, Considered::Step);
}

}  // namespace
}  // namespace search_assign::core
