// Collectable items and the progress of an account.
#include "search_assign/core/collection.hpp"

#include <gtest/gtest.h>

#include <random>

#include "search_assign/core/error.hpp"

namespace search_assign::core {
namespace {

constexpr Date kToday = 9000;

struct Item {
  Date due;
  Amount amount;
  bool held = false;
  bool promised = false;
  Date promised_on = kNoDate;
};

// The stored facets of an account with these items, made by the deltas a ledger would bring.
struct Account {
  PositionBuffers buffers;
  AccountFacets facets;
};

void make_account(const std::vector<Item>& items, Account& account) {
  std::vector<Delta> deltas;
  for (const Item& item : items)
    add_item(deltas,
             {1, item.amount, item.amount, item.due, item.due, item.promised ? item.promised_on : kNoDate,
              ItemKind::Invoice, item.promised ? StatusCategory::Promise : StatusCategory::None, item.held},
             +1);
  const PositionFacets nothing = empty_facets();
  apply_deltas(nothing, {}, deltas, account.buffers);
  account.facets = {
      account.buffers.profile_changed[0] ? Bytes(account.buffers.profiles[0]) : nothing.profiles[0],
      account.buffers.promises_changed ? Bytes(account.buffers.promises) : nothing.promises,
      account.buffers.held_changed ? Bytes(account.buffers.held) : nothing.held,
      {}};
}

// The plain reading of domain.md, item by item.
bool is_collectable(const Item& item, Date open_from) {
  if (item.amount <= 0) return false;
  if (!item.held) return true;
  return item.promised && item.promised_on != kNoDate && item.promised_on < open_from;
}
bool under_promise(const Item& item, Date open_from) {
  return item.promised && item.promised_on >= open_from;  // without a date: without end
}
Amount expected_amount(const std::vector<Item>& items, Date open_from, Date day) {
  Amount due = 0;
  Amount credits = 0;
  Amount promised = 0;
  for (const Item& item : items) {
    if (item.amount < 0) credits += item.amount;
    if (!is_collectable(item, open_from) || item.due > day) continue;
    due += item.amount;
    if (under_promise(item, open_from)) promised += item.amount;
  }
  return std::max<Amount>(std::max<Amount>(due + credits, 0) - promised, 0);
}

Collectable collectable_of(const std::vector<Item>& items, Date open_from = kToday, Date as_of = kToday) {
  Account account;
  make_account(items, account);
  Collectable out;
  collectable({&account.facets, 1}, open_from, as_of, out);
  return out;
}

TEST(Collectable, nothing_without_items) {
  const Collectable out = collectable_of({});
  EXPECT_FALSE(out.has_leader);
  EXPECT_EQ(out.promise_ends, kNoDate);
  ASSERT_EQ(out.days.size(), 1U);
  EXPECT_EQ(out.days[0].date, kToday);
  EXPECT_EQ(out.days[0].amount, 0);
}

TEST(Collectable, leader_is_the_oldest_that_nothing_holds) {
  const Collectable out =
      collectable_of({{kToday - 50, 100, true}, {kToday - 30, 200}, {kToday - 30, 70}, {kToday + 5, 400}});
  EXPECT_TRUE(out.has_leader);
  EXPECT_EQ(out.leader_due_date, kToday - 30);
  EXPECT_EQ(out.leader_candidates, 2);
  EXPECT_EQ(out.days[0].amount, 270);
  ASSERT_EQ(out.days.size(), 2U);
  EXPECT_EQ(out.days[1].date, kToday + 5);
  EXPECT_EQ(out.days[1].amount, 670);
}

TEST(Collectable, credits_are_netted_and_never_make_it_negative) {
  EXPECT_EQ(collectable_of({{kToday - 3, 100}, {kToday - 1, -30}}).days[0].amount, 70);
  EXPECT_EQ(collectable_of({{kToday - 3, 100}, {kToday + 9, -300}}).days[0].amount, 0);
}

TEST(Collectable, an_open_promise_holds_or_is_deducted) {
  const std::vector<Item> held = {{kToday - 9, 100, true, true, kToday + 2}, {kToday - 4, 50}};
  EXPECT_EQ(collectable_of(held).leader_due_date, kToday - 4);
  EXPECT_EQ(collectable_of(held).promise_ends, kToday + 2);
  EXPECT_EQ(collectable_of(held).days[0].amount, 50);
  const Collectable broken = collectable_of(held, kToday + 3, kToday + 3);
  EXPECT_EQ(broken.leader_due_date, kToday - 9);
  EXPECT_EQ(broken.days[0].amount, 150);
  const std::vector<Item> deducted = {{kToday - 9, 100, false, true, kToday + 2}, {kToday - 4, 50}};
  EXPECT_EQ(collectable_of(deducted).leader_due_date, kToday - 9);
  EXPECT_EQ(collectable_of(deducted).days[0].amount, 50);
  EXPECT_EQ(collectable_of(deducted, kToday + 3, kToday + 3).days[0].amount, 150);
}

TEST(Collectable, a_promise_without_a_date_holds_for_ever) {
  const Collectable out = collectable_of({{kToday - 9, 100, true, true, kNoDate}}, kToday + 4000);
  EXPECT_FALSE(out.has_leader);
  EXPECT_EQ(out.promise_ends, kNoDate);
}

TEST(Collectable, pre_due_counts_up_to_the_leader) {
  const Collectable out = collectable_of({{kToday + 7, 100}, {kToday + 9, 50}});
  EXPECT_EQ(out.days[0].amount, 0);
  EXPECT_EQ(out.days[0].pre_due_amount, 100);
  EXPECT_EQ(collectable_amount(out, kToday, true), 100);
  EXPECT_EQ(collectable_amount(out, kToday, false), 0);
  EXPECT_EQ(collectable_amount(out, kToday + 9, true), 150);
}

TEST(Collectable, accounts_add_up_and_small_items_are_ignored) {
  Account one;
  Account other;
  make_account({{kToday - 5, 100}, {kToday - 20, 3}}, one);
  make_account({{kToday - 8, 40}, {kToday - 1, -10}}, other);
  EncodedProfile small;
  encode(std::vector<ProfileEntry>{make_entry(kToday - 20, 3)}, small);
  one.facets.ignored = small;
  const AccountFacets accounts[] = {one.facets, other.facets};
  Collectable out;
  collectable(accounts, kToday, kToday, out);
  EXPECT_EQ(out.leader_due_date, kToday - 8);
  EXPECT_EQ(out.days[0].amount, 130);
}

TEST(Collectable, random_accounts_agree_with_the_plain_reading) {
  std::mt19937 random(4711);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 3000; ++round) {
    std::vector<Item> items;
    for (int i = below(9); i > 0; --i) {
      Item item = {kToday - 30 + below(60), (below(400) - 80) * 100};
      if (item.amount == 0) item.amount = 1;
      item.promised = below(4) == 0;
      item.held = below(3) == 0;
      if (item.promised && below(5) != 0) item.promised_on = kToday - 6 + below(15);
      items.push_back(item);
    }
    const Date open_from = kToday - below(4);
    const Collectable out = collectable_of(items, open_from);
    const Item* leader = nullptr;
    for (const Item& item : items)
      if (is_collectable(item, open_from) && (leader == nullptr || item.due < leader->due)) leader = &item;
    ASSERT_EQ(out.has_leader, leader != nullptr);
    if (leader != nullptr) {
      ASSERT_EQ(out.leader_due_date, leader->due);
    }
    for (Date day = kToday; day < kToday + 40; ++day) {
      ASSERT_EQ(collectable_amount(out, day, false), expected_amount(items, open_from, day));
      const auto* known = &out.days[0];
      for (const CollectableDay& entry : out.days)
        if (entry.date <= day) known = &entry;
      ASSERT_EQ(known->amount, expected_amount(items, open_from, day));
      if (leader != nullptr) {
        ASSERT_EQ(known->pre_due_amount, expected_amount(items, open_from, std::max(day, leader->due)));
      }
    }
  }
}

// ---- progress ----

TEST(CollectionProgress, stored_and_read_again) {
  CollectionProgress progress;
  std::vector<std::uint8_t> stored;
  encode_progress(progress, stored);
  EXPECT_EQ(stored.size(), 1U);
  EXPECT_EQ(decode_progress(stored), progress);
  progress.scenario_id = 7;
  progress.step = 3;
  progress.step_on = kToday;
  progress.leader_customer_id = -5;
  progress.leader_item_id = std::numeric_limits<std::int64_t>::max();
  progress.last_contact_on = kToday - 1;
  progress.redated_on = kToday + 4;
  encode_progress(progress, stored);
  EXPECT_EQ(decode_progress(stored), progress);
}

TEST(CollectionProgress, damage_is_refused) {
  CollectionProgress progress;
  progress.step = 1;
  std::vector<std::uint8_t> stored;
  encode_progress(progress, stored);
  stored.pop_back();
  EXPECT_THROW(decode_progress(stored), Error);
  EXPECT_THROW(decode_progress({}), Error);
  stored.assign(1, 9);
  EXPECT_THROW(decode_progress(stored), Error);
}

TEST(CollectionProgress, what_a_scenario_takes_over) {
  Scenario scenario = {2, 0, 0, LateEntry::First, NewLeader::Restart, 0, nullptr, {}};
  CollectionProgress done;
  EXPECT_FALSE(scenario_progress(scenario, done, false).entered);
  done.scenario_id = 1;
  done.step = 4;
  done.step_on = kToday - 3;
  done.last_contact_on = kToday - 2;
  const Progress other_scenario = scenario_progress(scenario, done, true);
  EXPECT_FALSE(other_scenario.entered);
  EXPECT_EQ(other_scenario.last_action_on, kToday - 3);
  EXPECT_EQ(other_scenario.last_contact_on, kToday - 2);
  done.scenario_id = 2;
  EXPECT_EQ(scenario_progress(scenario, done, true).last_step, 4);
  EXPECT_EQ(scenario_progress(scenario, done, false).last_step, 0);
  EXPECT_TRUE(scenario_progress(scenario, done, false).entered);
  scenario.on_new_leader = NewLeader::Inherit;
  EXPECT_EQ(scenario_progress(scenario, done, false).last_step, 4);
  scenario.on_new_leader = NewLeader::ByAge;
  EXPECT_TRUE(scenario_progress(scenario, done, true).entered);
  EXPECT_EQ(scenario.on_late_entry, LateEntry::First);
  EXPECT_FALSE(scenario_progress(scenario, done, false).entered);
  EXPECT_EQ(scenario.on_late_entry, LateEntry::ByAge);
}

}  // namespace
}  // namespace search_assign::core
