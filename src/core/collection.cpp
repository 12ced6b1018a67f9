// Collectable items and the progress of an account. Core zone.
// Tests: tests/unit/collection_test.cpp.
#include "search_assign/core/collection.hpp"

#include <algorithm>
#include <limits>

#include "search_assign/core/error.hpp"

namespace search_assign::core {
namespace {

constexpr std::uint8_t kProgressVersion = 1;
constexpr std::size_t kProgressBytes = 1 + 8 * 4 + 4 * 8;

Amount clamp_amount(Sum sum) noexcept {
  constexpr Sum kMost = std::numeric_limits<Amount>::max();
  return static_cast<Amount>(std::clamp<Sum>(sum, -kMost, kMost));
}

void add_debits(Bytes profile, int sign, std::vector<ProfileEntry>& out) {
  ProfileReader reader(profile);
  for (ProfileEntry entry; reader.next(entry);) {
    if (entry.debit_items == 0 && entry.debit == 0) continue;
    out.push_back({entry.date, entry.debit * sign, 0, entry.debit_items * sign, 0});
  }
}

Sum add_receivables(Bytes profile, std::vector<ProfileEntry>& out) {
  Sum credits = 0;
  ProfileReader reader(profile);
  for (ProfileEntry entry; reader.next(entry);) {
    credits += entry.credit;
    if (entry.debit_items != 0 || entry.debit != 0)
      out.push_back({entry.date, entry.debit, 0, entry.debit_items, 0});
  }
  return credits;
}

// Open promises of an account: what they hold is not collectable; what they do not hold is deducted.
void add_promises_of(const AccountFacets& account, Date open_from, Collectable& out) {
  Date promised_on = 0;
  Bytes profile;
  for (PromiseReader reader(account.promises); reader.next(promised_on, profile);) {
    if (promised_on < open_from) continue;
    out.promise_ends = std::min(out.promise_ends, promised_on);
    add_debits(profile, +1, out.promised);
  }
  for (PromiseReader reader(account.held); reader.next(promised_on, profile);) {
    if (promised_on < open_from) continue;
    add_debits(profile, -1, out.debits);
    if (promised_on != kNoDate) add_debits(profile, -1, out.promised);
  }
}

void find_leader(Collectable& out) {
  out.has_leader = false;
  for (const ProfileEntry& entry : out.debits) {
    if (entry.debit_items <= 0) continue;
    out.has_leader = true;
    out.leader_due_date = entry.date;
    out.leader_candidates = entry.debit_items;
    return;
  }
}

// Ignored items under an open promise that does not hold them are no part of what is deducted: the profile of
// what is ignored has their amounts as credits.
void remove_ignored(Bytes profile, Collectable& out) {
  add_debits(profile, -1, out.debits);
  ProfileReader reader(profile);
  for (ProfileEntry entry; reader.next(entry);)
    if (entry.credit_items != 0)
      out.promised.push_back({entry.date, entry.credit, 0, -entry.credit_items, 0});
}

Sum due_by(const std::vector<ProfileEntry>& entries, Date day) noexcept {
  Sum sum = 0;
  for (const ProfileEntry& entry : entries) {
    if (entry.date > day) break;
    sum += entry.debit;
  }
  return sum;
}

Amount net_amount(Sum due, Sum credits, Sum promised) noexcept {
  return clamp_amount(std::max<Sum>(std::max<Sum>(due + credits, 0) - promised, 0));
}

// The days on which an item falls due, each with the amounts from then on.
void list_days(Collectable& out, Date as_of) {
  const Amount pre_due =
      out.has_leader ? collectable_amount(out, std::max(as_of, out.leader_due_date), false) : 0;
  Sum due = due_by(out.debits, as_of);
  Sum promised = due_by(out.promised, as_of);
  const auto add_day = [&](Date date) {
    const Amount amount = net_amount(due, out.credits, promised);
    out.days.push_back({date, amount, date < out.leader_due_date ? pre_due : amount});
  };
  add_day(as_of);
  auto soft = std::find_if(out.promised.begin(), out.promised.end(),
                           [as_of](const ProfileEntry& entry) { return entry.date > as_of; });
  for (const ProfileEntry& entry : out.debits) {
    if (entry.date <= as_of) continue;
    due += entry.debit;
    for (; soft != out.promised.end() && soft->date <= entry.date; ++soft) promised += soft->debit;
    add_day(entry.date);
  }
}

class ProgressWriter {
 public:
  explicit ProgressWriter(std::vector<std::uint8_t>& out) : out_(out) {}
  void put(std::int32_t value) { put_bytes(static_cast<std::uint32_t>(value), 4); }
  void put(std::int64_t value) { put_bytes(static_cast<std::uint64_t>(value), 8); }

 private:
  void put_bytes(std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  std::vector<std::uint8_t>& out_;
};

class ProgressReader {
 public:
  explicit ProgressReader(Bytes bytes) : bytes_(bytes) {}
  void take(std::int32_t& value) { value = static_cast<std::int32_t>(take_bytes(4)); }
  void take(std::int64_t& value) { value = static_cast<std::int64_t>(take_bytes(8)); }

 private:
  std::uint64_t take_bytes(std::size_t count) {
    std::uint64_t value = 0;
    for (; count > 0; --count) value = value << 8 | bytes_[at_++];
    return value;
  }
  Bytes bytes_;
  std::size_t at_ = 1;
};

// The fields in the order in which they are stored.
template <class Coder, class Stored, class Field>
void each_field(Coder& coder, Stored& stored, Field field) {
  field(coder, stored.scenario_id);
  field(coder, stored.step);
  field(coder, stored.step_on);
  field(coder, stored.leader_customer_id);
  field(coder, stored.leader_item_id);
  field(coder, stored.last_action_on);
  field(coder, stored.last_contact_on);
  field(coder, stored.redated_scenario_id);
  field(coder, stored.redated_step);
  field(coder, stored.redated_leader_customer_id);
  field(coder, stored.redated_leader_item_id);
  field(coder, stored.redated_on);
}

}  // namespace

Amount collectable_amount(const Collectable& collectable, Date day, bool pre_due) noexcept {
  if (pre_due && collectable.has_leader) day = std::max(day, collectable.leader_due_date);
  return net_amount(due_by(collectable.debits, day), collectable.credits, due_by(collectable.promised, day));
}

void find_collectable(std::span<const AccountFacets> accounts, Date open_from, Collectable& out) {
  out.debits.clear();
  out.promised.clear();
  out.days.clear();
  out.promise_ends = kNoDate;
  Sum credits = 0;
  for (const AccountFacets& account : accounts) {
    credits += add_receivables(account.receivables, out.debits);
    add_promises_of(account, open_from, out);
    if (!account.ignored.empty()) remove_ignored(account.ignored, out);
  }
  out.credits = clamp_amount(credits);
  normalize(out.debits);
  normalize(out.promised);
  find_leader(out);
}

void collectable(std::span<const AccountFacets> accounts, Date open_from, Date as_of, Collectable& out) {
  find_collectable(accounts, open_from, out);
  list_days(out, as_of);
}

void encode_progress(const CollectionProgress& progress, std::vector<std::uint8_t>& out) {
  out.assign(1, kProgressVersion);
  if (progress == CollectionProgress{}) return;
  ProgressWriter writer(out);
  each_field(writer, progress, [](ProgressWriter& to, auto value) { to.put(value); });
}

CollectionProgress decode_progress(Bytes encoded) {
  if (encoded.empty() || encoded[0] != kProgressVersion ||
      (encoded.size() != 1 && encoded.size() != kProgressBytes))
    throw Error(ErrorKind::DataCorrupted, "stored collection progress cannot be read");
  CollectionProgress progress;
  if (encoded.size() == 1) return progress;
  ProgressReader reader(encoded);
  each_field(reader, progress, [](ProgressReader& from, auto& value) { from.take(value); });
  return progress;
}

Progress scenario_progress(Scenario& scenario, const CollectionProgress& progress, bool same_leader,
                           Takeover* takeover) {
  Progress taken;
  taken.entered = progress.scenario_id == scenario.scenario_id && progress.scenario_id != 0;
  taken.last_step = progress.step;
  taken.last_action_on = progress.step_on;
  taken.last_contact_on = progress.last_contact_on;
  Takeover found = progress.scenario_id == 0 ? Takeover::Entry : Takeover::OtherScenario;
  if (taken.entered && same_leader) {
    found = Takeover::SameLeader;
  } else if (taken.entered) {
    switch (scenario.on_new_leader) {
      case NewLeader::Restart:
        found = Takeover::Restarted;
        taken.last_step = 0;
        break;
      case NewLeader::Inherit:
        found = Takeover::Inherited;
        break;
      case NewLeader::ByAge:
        found = Takeover::EntersByAge;
        taken.entered = false;
        scenario.on_late_entry = LateEntry::ByAge;
        break;
    }
  }
  if (takeover != nullptr) *takeover = found;
  return taken;
}

}  // namespace search_assign::core
