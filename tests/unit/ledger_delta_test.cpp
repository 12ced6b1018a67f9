// Unit tests of core/ledger_delta.
#include "search_assign/core/ledger_delta.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "search_assign/core/assignment.hpp"
#include "search_assign/core/error.hpp"

namespace search_assign::core {
namespace {

using Random = std::mt19937_64;
using Deltas = std::vector<Delta>;

// A position that owns its facets, as the row does.
struct Position {
  EncodedProfile profiles[kProfileFacets];
  std::vector<std::uint8_t> promises = {1};
  std::int32_t emails = 0;
  std::int32_t phones = 0;

  Position() {
    for (EncodedProfile& profile : profiles) profile.assign(empty_profile().begin(), empty_profile().end());
  }
  bool operator==(const Position&) const = default;

  void apply(Deltas deltas) {
    PositionFacets facets;
    for (std::size_t i = 0; i < kProfileFacets; ++i) facets.profiles[i] = profiles[i];
    facets.promises = promises;
    facets.contact_emails = emails;
    facets.contact_phones = phones;
    PositionBuffers out;
    apply_deltas(facets, {}, deltas, out);
    for (std::size_t i = 0; i < kProfileFacets; ++i)
      if (out.profile_changed[i]) profiles[i] = out.profiles[i];
    if (out.promises_changed) promises = out.promises;
    emails = out.contact_emails;
    phones = out.contact_phones;
  }

  [[nodiscard]] std::string text(Facet facet) const {
    return to_text(profiles[static_cast<std::size_t>(facet)]);
  }
};

constexpr ItemFigures kInvoice = {.customer_id = 1,
                                  .amount = 1'000'000,
                                  .open_amount = 600'000,
                                  .document_date = 100,
                                  .due_date = 131,
                                  .promised_on = kNoDate,
                                  .kind = ItemKind::Invoice,
                                  .category = StatusCategory::None,
                                  .held = false};

ItemFigures with(StatusCategory category, Date promised_on = kNoDate) {
  ItemFigures item = kInvoice;
  item.category = category;
  item.promised_on = promised_on;
  return item;
}

ItemFigures with(ItemKind kind, Amount amount = 1'000'000) {
  ItemFigures item = kInvoice;
  item.kind = kind;
  item.amount = item.open_amount = amount;
  return item;
}

Deltas deltas_of(const ItemFigures& item, int sign = 1) {
  Deltas deltas;
  add_item(deltas, item, sign);
  return deltas;
}

Deltas change_of(const ItemFigures& before, const ItemFigures& after) {
  Deltas deltas;
  change_item(deltas, before, after);
  return deltas;
}

std::vector<Facet> facets_of(const Deltas& deltas) {
  std::vector<Facet> facets;
  for (const Delta& delta : deltas) facets.push_back(delta.facet);
  return facets;
}

Position position_of(const ItemFigures& item) {
  Position position;
  position.apply(deltas_of(item));
  return position;
}

std::string promised_text(const Position& position, Date as_of) {
  EncodedProfile out;
  promised(position.promises, as_of, out);
  return to_text(out);
}

TEST(LedgerDelta, an_open_item_is_a_receivable_and_a_sale) {
  EXPECT_EQ(facets_of(deltas_of(kInvoice)), (std::vector{Facet::Receivables, Facet::Sales}));
  const Position position = position_of(kInvoice);
  EXPECT_EQ(position.text(Facet::Receivables), "{2000-05-11:60.0000:0.0000:1:0}");
  EXPECT_EQ(position.text(Facet::Sales), "{2000-04-10:100.0000:0.0000:1:0}");
  EXPECT_EQ(position.text(Facet::Qualified), "{}");
}

TEST(LedgerDelta, a_closed_item_is_a_sale_only) {
  ItemFigures item = with(StatusCategory::Dispute);
  item.open_amount = 0;
  EXPECT_EQ(facets_of(deltas_of(item)), std::vector{Facet::Sales});
}

TEST(LedgerDelta, the_status_decides_over_the_qualified_facets) {
  using F = std::vector<Facet>;
  const F qualified = {Facet::Receivables, Facet::Qualified, Facet::Sales};
  EXPECT_EQ(facets_of(deltas_of(with(StatusCategory::Ongoing))), qualified);
  EXPECT_EQ(facets_of(deltas_of(with(StatusCategory::DisputeResolved))), qualified);
  EXPECT_EQ(facets_of(deltas_of(with(StatusCategory::Litigation))), qualified);
  EXPECT_EQ(facets_of(deltas_of(with(StatusCategory::Dispute))),
            (F{Facet::Receivables, Facet::Qualified, Facet::Disputed, Facet::Sales}));
  const Deltas deltas = deltas_of(with(StatusCategory::Promise, 150));
  EXPECT_EQ(facets_of(deltas), (F{Facet::Receivables, Facet::Qualified, Facet::Promises, Facet::Sales}));
  EXPECT_EQ(deltas[2].aux, 150);
}

TEST(LedgerDelta, the_kind_decides_over_sales_and_payments) {
  EXPECT_EQ(position_of(with(ItemKind::DebitNote)).text(Facet::Sales), "{2000-04-10:0.0000:100.0000:0:1}");
  EXPECT_EQ(position_of(with(ItemKind::CreditNote, -500'000)).text(Facet::Sales),
            "{2000-04-10:0.0000:-50.0000:0:1}");
  const Position payment = position_of(with(ItemKind::Payment, -500'000));
  EXPECT_EQ(payment.text(Facet::Sales), "{}");
  EXPECT_EQ(payment.text(Facet::Payments), "{2000-04-10:0.0000:0.0000:0:1}");
  EXPECT_EQ(payment.text(Facet::Receivables), "{2000-05-11:0.0000:-50.0000:0:1}");
  EXPECT_EQ(facets_of(deltas_of(with(ItemKind::Other))), std::vector{Facet::Receivables});
}

TEST(LedgerDelta, a_paid_part_is_weighted_by_its_days_late) {
  Deltas deltas;
  add_payment_part(deltas, kInvoice, {141, 30'000}, +1);
  Position position;
  position.apply(deltas);
  EXPECT_EQ(position.text(Facet::Payments), "{2000-05-21:3.0000:30.0000:1:0}");
  deltas.clear();
  add_payment_part(deltas, kInvoice, {141, 30'000}, -1);
  position.apply(deltas);
  EXPECT_EQ(position, Position());
}

TEST(LedgerDelta, only_invoices_have_paid_parts) {
  Deltas deltas;
  add_payment_part(deltas, kInvoice, {141, 0}, 1);
  for (const ItemKind kind : {ItemKind::DebitNote, ItemKind::CreditNote, ItemKind::Payment, ItemKind::Other})
    add_payment_part(deltas, with(kind), {141, 30'000}, 1);
  add_payment_part(deltas, with(ItemKind::Invoice, -5), {141, 30'000}, 1);
  add_payment_part(deltas, with(ItemKind::Invoice, 0), {141, 30'000}, 1);
  EXPECT_TRUE(deltas.empty());
}

TEST(LedgerDelta, days_late_are_clamped_where_dates_lie_too_far_apart) {
  ItemFigures item = kInvoice;
  Deltas deltas;
  item.due_date = kMinDate;
  add_payment_part(deltas, item, {kMaxDate, 1}, 1);
  EXPECT_EQ(deltas.back().aux, kMaxDate - kMinDate);  // real dates fit
  deltas.clear();
  item.due_date = std::numeric_limits<Date>::min();
  add_payment_part(deltas, item, {kMaxDate, 1}, 1);
  item.due_date = kMaxDate;
  add_payment_part(deltas, item, {std::numeric_limits<Date>::min(), std::numeric_limits<Amount>::max()}, 1);
  EXPECT_EQ(deltas[0].aux, std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(deltas[1].aux, std::numeric_limits<std::int32_t>::min());
}

TEST(LedgerDelta, a_change_leaves_out_what_it_did_not_change) {
  EXPECT_TRUE(change_of(kInvoice, kInvoice).empty());
  ItemFigures after = kInvoice;
  after.open_amount = 100'000;
  EXPECT_EQ(facets_of(change_of(kInvoice, after)), (std::vector{Facet::Receivables, Facet::Receivables}));
  EXPECT_EQ(facets_of(change_of(kInvoice, with(StatusCategory::Ongoing))), std::vector{Facet::Qualified});
  after = kInvoice;
  after.promised_on = 7;  // means nothing without the status
  EXPECT_TRUE(change_of(kInvoice, after).empty());
  after = kInvoice;
  after.customer_id = 2;
  EXPECT_EQ(change_of(kInvoice, after).size(), 4U);
  EXPECT_EQ(change_of(with(StatusCategory::Promise, 5), with(StatusCategory::Promise, 6)).size(), 2U);
  EXPECT_EQ(change_of(kInvoice, with(ItemKind::DebitNote)).size(), 4U);
}

TEST(LedgerDelta, a_change_does_not_touch_earlier_deltas) {
  Deltas deltas = deltas_of(kInvoice, +1);
  const std::size_t earlier = deltas.size();
  change_item(deltas, kInvoice, with(StatusCategory::Ongoing));
  EXPECT_EQ(deltas.size(), earlier + 1);
  EXPECT_EQ(deltas.back().facet, Facet::Qualified);
}

TEST(LedgerDelta, contacts_are_counted_and_touches_change_nothing) {
  Position position;
  position.apply({{1, 0, 0, 0, Facet::Contacts, 1, 0},
                  {1, 0, 0, 0, Facet::Touch, 1, 0},
                  {1, 0, 0, 0, Facet::Contacts, 1, 1},
                  {1, 0, 0, 0, Facet::Contacts, 1, 1}});
  EXPECT_EQ(position.emails, 1);
  EXPECT_EQ(position.phones, 2);
  position.apply({{1, 0, 0, 0, Facet::Contacts, -1, 0}});
  EXPECT_EQ(position.emails, 0);
}

TEST(LedgerDelta, only_touched_facets_are_reported_as_changed) {
  const Position position;
  PositionFacets facets;
  for (std::size_t i = 0; i < kProfileFacets; ++i) facets.profiles[i] = position.profiles[i];
  facets.promises = position.promises;
  facets.contact_emails = 4;
  PositionBuffers out;
  Deltas deltas = deltas_of(with(StatusCategory::Promise, 9));
  apply_deltas(facets, {}, deltas, out);
  EXPECT_TRUE(out.promises_changed);
  EXPECT_TRUE(out.profile_changed[static_cast<std::size_t>(Facet::Receivables)]);
  EXPECT_FALSE(out.profile_changed[static_cast<std::size_t>(Facet::Payments)]);
  apply_deltas(facets, {}, {}, out);  // the buffers are used again
  EXPECT_FALSE(out.promises_changed);
  EXPECT_TRUE(
      std::none_of(std::begin(out.profile_changed), std::end(out.profile_changed), [](bool c) { return c; }));
  EXPECT_EQ(out.contact_emails, 4);
}

TEST(LedgerDelta, promises_count_until_their_day_inclusive) {
  Position position;
  Deltas deltas = deltas_of(with(StatusCategory::Promise, 150));
  add_item(deltas, with(StatusCategory::Promise, 160), 1);
  add_item(deltas, with(StatusCategory::Promise, kNoDate), 1);
  position.apply(deltas);
  EXPECT_EQ(promised_text(position, 150), "{2000-05-11:180.0000:0.0000:3:0}");
  EXPECT_EQ(promised_text(position, 151), "{2000-05-11:120.0000:0.0000:2:0}");
  EXPECT_EQ(promised_text(position, 161), "{2000-05-11:60.0000:0.0000:1:0}");
  std::vector<Date> days = {42};
  promise_days(position.promises, days);
  EXPECT_EQ(days, (std::vector<Date>{150, 160}));
  position.apply(deltas_of(with(StatusCategory::Promise, 150), -1));
  promise_days(position.promises, days);
  EXPECT_EQ(days, std::vector<Date>{160});
}

TEST(LedgerDelta, grouping_keeps_the_deltas_of_a_customer_together) {
  Deltas deltas;
  for (const std::int64_t customer : {5, 1, 5, -3, 1}) {
    ItemFigures item = kInvoice;
    item.customer_id = customer;
    item.due_date = static_cast<Date>(deltas.size());
    add_item(deltas, item, 1);
  }
  for (int again = 0; again < 2; ++again) {
    group_by_customer(deltas);
    EXPECT_TRUE(std::is_sorted(deltas.begin(), deltas.end(),
                               [](const Delta& a, const Delta& b) { return a.customer_id < b.customer_id; }));
  }
  EXPECT_EQ(deltas.size(), 10U);
}

TEST(LedgerDelta, grouping_many_deltas_is_a_stable_sort) {
  Random random(6);
  for (const std::uint64_t span :
       {std::uint64_t{2}, std::uint64_t{300}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    Deltas deltas(9'000);
    Date number = 0;
    for (Delta& delta : deltas) {
      delta.customer_id = static_cast<std::int64_t>(random() % span) - (span == 300 ? 150 : 0);
      delta.date = number++;
    }
    Deltas expected = deltas;
    std::stable_sort(expected.begin(), expected.end(),
                     [](const Delta& a, const Delta& b) { return a.customer_id < b.customer_id; });
    group_by_customer(deltas);
    for (std::size_t i = 0; i < deltas.size(); ++i) {
      ASSERT_EQ(deltas[i].customer_id, expected[i].customer_id);
      ASSERT_EQ(deltas[i].date, expected[i].date);
    }
  }
}

ItemFigures random_item(Random& random) {
  ItemFigures item{};
  item.customer_id = 1;
  item.amount = static_cast<Amount>(random() % 5) * 10'000 - 20'000;
  if (random() % 20 == 0) item.amount = random() % 2 == 0 ? kMaxAmount : -kMaxAmount;
  item.open_amount = random() % 3 == 0 ? 0 : random() % 2 == 0 ? item.amount : item.amount / 2;
  item.document_date = static_cast<Date>(random() % 4);
  item.due_date = random() % 30 == 0 ? kMaxDate : static_cast<Date>(random() % 4);
  item.promised_on = random() % 3 == 0 ? kNoDate : static_cast<Date>(random() % 4);
  item.kind = static_cast<ItemKind>(random() % 5);
  item.category = static_cast<StatusCategory>(random() % 6);
  return item;
}

// What a transaction of random statements leaves in the change set.
Deltas random_deltas(Random& random) {
  Deltas deltas;
  for (std::uint64_t left = random() % 12; left > 0; --left) {
    const ItemFigures item = random_item(random);
    switch (random() % 4) {
      case 0:
        change_item(deltas, item, random_item(random));
        break;
      case 1:
        add_payment_part(deltas, item,
                         {static_cast<Date>(random() % 9), 1 + static_cast<Amount>(random() % 99)}, 1);
        break;
      case 2:
        deltas.push_back({1, 0, 0, 0, Facet::Contacts, 1, static_cast<std::uint8_t>(random() % 2)});
        break;
      default:
        add_item(deltas, item, 1);
    }
  }
  return deltas;
}

TEST(LedgerDelta, a_change_equals_removal_and_addition) {
  Random random(1);
  for (int round = 0; round < 10'000; ++round) {
    ItemFigures before = random_item(random);
    ItemFigures after = random() % 2 == 0 ? before : random_item(random);
    if (random() % 2 == 0) after.category = static_cast<StatusCategory>(random() % 6);
    Position start;
    start.apply(random_deltas(random));
    Position changed = start;
    changed.apply(change_of(before, after));
    Position replaced = start;
    replaced.apply(deltas_of(before, -1));
    replaced.apply(deltas_of(after, +1));
    ASSERT_EQ(changed, replaced) << round;
  }
}

TEST(LedgerDelta, inverse_deltas_give_back_the_identical_bytes) {
  Random random(2);
  for (int round = 0; round < 5'000; ++round) {
    Position position;
    position.apply(random_deltas(random));
    const Position start = position;
    Deltas deltas = random_deltas(random);
    position.apply(deltas);
    std::shuffle(deltas.begin(), deltas.end(), random);
    for (Delta& delta : deltas) delta.sign = static_cast<std::int8_t>(-delta.sign);
    position.apply(deltas);
    ASSERT_EQ(position, start) << round;
    for (const EncodedProfile& profile : position.profiles) ASSERT_NO_THROW(validate(profile));
  }
}

TEST(LedgerDelta, deltas_may_come_in_any_order_and_any_portions) {
  Random random(3);
  for (int round = 0; round < 3'000; ++round) {
    Deltas deltas = random_deltas(random);
    Position at_once;
    at_once.apply(deltas);
    std::shuffle(deltas.begin(), deltas.end(), random);
    Position one_by_one;
    for (const Delta& delta : deltas) one_by_one.apply({delta});
    ASSERT_EQ(at_once, one_by_one) << round;
  }
}

// All promises that are not broken together are the promised profile, on every day.
TEST(LedgerDelta, promised_adds_what_is_not_broken) {
  Random random(4);
  for (int round = 0; round < 1'000; ++round) {
    Position position;
    std::vector<ItemFigures> items(random() % 12);
    for (ItemFigures& item : items) {
      item = random_item(random);
      item.category = StatusCategory::Promise;
      position.apply(deltas_of(item));
    }
    for (Date as_of = -1; as_of < 6; ++as_of) {
      std::vector<ProfileEntry> entries;
      for (const ItemFigures& item : items)
        if (item.promised_on >= as_of) entries.push_back(make_entry(item.due_date, item.open_amount));
      normalize(entries);
      EncodedProfile expected;
      encode(entries, expected);
      EncodedProfile out;
      promised(position.promises, as_of, out);
      ASSERT_EQ(out, expected);
    }
  }
}

// try_promises runs everything that reads promises over bytes that may be anything.
void try_promises(const std::vector<std::uint8_t>& bytes) {
  Position position;
  position.promises = bytes;
  EncodedProfile out;
  std::vector<Date> days;
  for (int reader = 0; reader < 3; ++reader) {
    try {
      if (reader == 0) promised(bytes, 5, out);
      if (reader == 1) promise_days(bytes, days);
      if (reader == 2) position.apply(deltas_of(with(StatusCategory::Promise, 2)));
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::DataCorrupted || error.kind() == ErrorKind::AmountOutOfRange);
    }
  }
}

TEST(LedgerDelta, damaged_promises_are_refused) {
  using V = std::vector<std::uint8_t>;
  const V day5 = {0, 0, 0, 5, 0, 0, 0, 2, 1, 0};
  V twice = {1};
  for (int copy = 0; copy < 2; ++copy) twice.insert(twice.end(), day5.begin(), day5.end());
  for (const V& bytes : {V{}, V{0}, V{2}, V{1, 0}, V{1, 0, 0, 0, 5, 0, 0, 0}, V{1, 0, 0, 0, 5, 0, 0, 0, 2, 1},
                         V{1, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 1, 0}, twice}) {
    std::vector<Date> days;
    EXPECT_THROW(promise_days(bytes, days), Error) << ::testing::PrintToString(bytes);
    try_promises(bytes);
  }
}

TEST(LedgerDelta, hostile_promises_never_crash) {
  Random random(5);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> bytes;
    if (round % 2 == 0) {
      Position position;
      for (std::uint64_t left = random() % 4; left > 0; --left)
        position.apply(deltas_of(with(StatusCategory::Promise, static_cast<Date>(random() % 9))));
      bytes = position.promises;
      for (std::uint64_t hits = random() % 4; hits > 0; --hits)
        bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
      if (random() % 3 == 0) bytes.resize(random() % (bytes.size() + 1));
    } else {
      bytes.resize(random() % 40);
      for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() % 5);
      if (!bytes.empty()) bytes[0] = 1;
    }
    bytes.shrink_to_fit();
    try_promises(bytes);
  }
}

}  // namespace
TEST(LedgerDelta, DeletedCustomersGoBehindTheOthers) {
  const auto touch = [](std::int64_t customer, std::uint8_t side) {
    return Delta{customer, 0, 0, 0, Facet::Touch, 1, side};
  };
  std::vector<Delta> deltas = {
      touch(1, 0), touch(2, 0), touch(2, kTouchDeleted), touch(3, kTouchHandMade), touch(4, kTouchDeleted),
      touch(5, 0)};
  EXPECT_EQ(split_deleted_customers(deltas), 3U);
  std::vector<std::int64_t> order;
  for (const Delta& delta : deltas) order.push_back(delta.customer_id);
  EXPECT_EQ(order, (std::vector<std::int64_t>{1, 3, 5, 2, 2, 4}));
  std::vector<Delta> none = {touch(1, 0)};
  EXPECT_EQ(split_deleted_customers(none), 1U);
}

}  // namespace search_assign::core
