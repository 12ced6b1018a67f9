// Ledger deltas and their addition to a position. Core zone.
// Tests: tests/unit/ledger_delta_test.cpp.
#include "search_assign/core/ledger_delta.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <new>
#include <utility>

#include "search_assign/core/assignment.hpp"
#include "search_assign/core/error.hpp"

namespace search_assign::core {
namespace {

constexpr std::uint8_t kPromisesVersion = 1;

Delta make_delta(const ItemFigures& item, Facet facet, Date date, Amount amount, int sign) {
  return {item.customer_id, amount, date, 0, facet, static_cast<std::int8_t>(sign), 0};
}

// The profile entry that a delta of a profile facet stands for.
ProfileEntry entry_of(const Delta& delta) {
  ProfileEntry entry;
  entry.date = delta.date;
  switch (delta.facet) {
    case Facet::Sales: {
      Sum& sum = delta.side == 0 ? entry.debit : entry.credit;
      std::int64_t& items = delta.side == 0 ? entry.debit_items : entry.credit_items;
      sum = Sum{delta.amount} * delta.sign;
      items = delta.sign;
      return entry;
    }
    case Facet::Payments:
      if (delta.side == 1) {
        entry.credit_items = delta.sign;
        return entry;
      }
      entry.debit = Sum{delta.amount} * delta.sign;
      entry.credit = entry.debit * delta.aux;
      entry.debit_items = delta.sign;
      return entry;
    default:
      return make_entry(delta.date, delta.amount, delta.sign);
  }
}

using DatedProfiles = std::map<Date, EncodedProfile>;

void put_u32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint32_t take_u32(Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | std::uint32_t{bytes[at + 3]};
}

[[noreturn]] void damaged() { throw Error(ErrorKind::DataCorrupted, "stored promises cannot be read"); }

void write_promises(const DatedProfiles& profiles, std::vector<std::uint8_t>& out) {
  out.assign(1, kPromisesVersion);
  for (const auto& [date, profile] : profiles) {
    if (is_empty(profile)) continue;
    put_u32(out, static_cast<std::uint32_t>(date));
    put_u32(out, static_cast<std::uint32_t>(profile.size()));
    out.insert(out.end(), profile.begin(), profile.end());
  }
}

EncodedProfile& profile_on(DatedProfiles& profiles, Date date) {
  EncodedProfile& profile = profiles[date];
  if (profile.empty()) profile.assign(empty_profile().begin(), empty_profile().end());
  return profile;
}

void collect_promises(Bytes promises, DatedProfiles& profiles, std::vector<ProfileEntry>& scratch) {
  Date date = 0;
  Bytes added;
  for (PromiseReader promise(promises); promise.next(date, added);) {
    scratch.clear();
    ProfileReader reader(added);
    for (ProfileEntry entry; reader.next(entry);) scratch.push_back(entry);
    EncodedProfile& profile = profile_on(profiles, date);
    merge(profile, scratch, 1, profile);
  }
}

// Adds deltas and what is queued to the promises, or to what is held, of a position; false where nothing is
// added.
bool apply_promises(Bytes PositionFacets::*facet, const PositionFacets& stored,
                    std::span<const PositionFacets> queued, std::span<Delta> deltas,
                    std::vector<ProfileEntry>& scratch, std::vector<std::uint8_t>& out) {
  const auto says_something = [facet](const PositionFacets& row) { return !(row.*facet).empty(); };
  if (deltas.empty() && std::none_of(queued.begin(), queued.end(), says_something)) return false;
  DatedProfiles profiles;
  Date promised_on = 0;
  Bytes profile;
  for (PromiseReader reader(stored.*facet); reader.next(promised_on, profile);)
    profiles[promised_on].assign(profile.begin(), profile.end());
  for (const PositionFacets& row : queued)
    if (says_something(row)) collect_promises(row.*facet, profiles, scratch);
  std::sort(deltas.begin(), deltas.end(), [](const Delta& a, const Delta& b) { return a.aux < b.aux; });
  for (std::size_t first = 0; first < deltas.size();) {
    const Date date = deltas[first].aux;
    scratch.clear();
    for (; first < deltas.size() && deltas[first].aux == date; ++first)
      scratch.push_back(entry_of(deltas[first]));
    normalize(scratch);
    EncodedProfile& changed = profile_on(profiles, date);
    merge(changed, scratch, 1, changed);
  }
  write_promises(profiles, out);
  return true;
}

// The customer's deltas of one facet; they lie sorted by facet.
std::span<Delta> part_of(std::span<Delta> deltas, Facet facet) {
  const auto before = [](const Delta& delta, Facet other) { return delta.facet < other; };
  const auto first = std::lower_bound(deltas.begin(), deltas.end(), facet, before);
  auto last = first;
  while (last != deltas.end() && last->facet == facet) ++last;
  return {first, last};
}

void apply_profile(std::size_t index, const PositionFacets& facets, std::span<const PositionFacets> queued,
                   std::span<const Delta> deltas, PositionBuffers& out) {
  out.entries.clear();
  for (const Delta& delta : deltas) out.entries.push_back(entry_of(delta));
  for (const PositionFacets& row : queued) {
    if (row.profiles[index].empty()) continue;
    ProfileReader reader(row.profiles[index]);
    for (ProfileEntry entry; reader.next(entry);) out.entries.push_back(entry);
  }
  out.profile_changed[index] = !out.entries.empty();
  if (!out.profile_changed[index]) return;
  normalize(out.entries);
  merge(facets.profiles[index], out.entries, 1, out.profiles[index]);
}

}  // namespace

PromiseReader::PromiseReader(Bytes promises)
    : promises_(promises), before_(std::numeric_limits<std::int64_t>::min()) {
  if (promises.empty() || promises[0] != kPromisesVersion) damaged();
}

bool PromiseReader::next(Date& promised_on, Bytes& profile) {
  if (at_ >= promises_.size()) return false;
  if (promises_.size() - at_ < 8) damaged();
  promised_on = static_cast<Date>(take_u32(promises_, at_));
  const std::size_t length = take_u32(promises_, at_ + 4);
  at_ += 8;
  if (promises_.size() - at_ < length || promised_on <= before_) damaged();
  before_ = promised_on;
  profile = promises_.subspan(at_, length);
  at_ += length;
  return true;
}

void add_item(std::vector<Delta>& deltas, const ItemFigures& item, int sign) {
  if (item.open_amount != 0) {
    deltas.push_back(make_delta(item, Facet::Receivables, item.due_date, item.open_amount, sign));
    if (item.category != StatusCategory::None)
      deltas.push_back(make_delta(item, Facet::Qualified, item.due_date, item.open_amount, sign));
    if (item.category == StatusCategory::Dispute)
      deltas.push_back(make_delta(item, Facet::Disputed, item.due_date, item.open_amount, sign));
    if (item.category == StatusCategory::Promise) {
      deltas.push_back(make_delta(item, Facet::Promises, item.due_date, item.open_amount, sign));
      deltas.back().aux = item.promised_on;
    }
    if (item.held && item.open_amount > 0) {
      deltas.push_back(make_delta(item, Facet::Held, item.due_date, item.open_amount, sign));
      if (item.category != StatusCategory::Promise)
        deltas.back().aux = kNoDate;
      else
        deltas.back().aux = item.promised_on == kNoDate ? kUndatedPromise : item.promised_on;
    }
  }
  if (item.kind == ItemKind::Invoice || item.kind == ItemKind::DebitNote ||
      item.kind == ItemKind::CreditNote) {
    deltas.push_back(make_delta(item, Facet::Sales, item.document_date, item.amount, sign));
    deltas.back().side = item.kind == ItemKind::Invoice ? 0 : 1;
  } else if (item.kind == ItemKind::Payment) {
    deltas.push_back(make_delta(item, Facet::Payments, item.document_date, 0, sign));
    deltas.back().side = 1;
  }
}

void change_item(std::vector<Delta>& deltas, const ItemFigures& before, const ItemFigures& after) {
  if (before == after) return;
  const std::size_t first = deltas.size();
  add_item(deltas, before, -1);
  const std::size_t middle = deltas.size();
  add_item(deltas, after, +1);
  for (std::size_t old = middle; old-- > first;) {
    const auto cancels = [&](const Delta& delta) {
      const Delta& gone = deltas[old];
      return delta.customer_id == gone.customer_id && delta.facet == gone.facet && delta.date == gone.date &&
             delta.aux == gone.aux && delta.amount == gone.amount && delta.side == gone.side &&
             delta.sign == -gone.sign;
    };
    const auto twin =
        std::find_if(deltas.begin() + static_cast<std::ptrdiff_t>(old) + 1, deltas.end(), cancels);
    if (twin == deltas.end()) continue;
    deltas.erase(twin);
    deltas.erase(deltas.begin() + static_cast<std::ptrdiff_t>(old));
  }
}

void add_payment_part(std::vector<Delta>& deltas, const ItemFigures& item, DatedAmount part, int sign) {
  if (item.kind != ItemKind::Invoice || item.amount <= 0 || part.amount == 0) return;
  deltas.push_back(make_delta(item, Facet::Payments, part.on, part.amount, sign));
  // Dates may lie millions of years apart; days late need not be exact there.
  const std::int64_t days_late = std::int64_t{part.on} - item.due_date;
  deltas.back().aux = static_cast<std::int32_t>(std::clamp<std::int64_t>(days_late, INT32_MIN, INT32_MAX));
}

PositionFacets empty_facets() {
  static constexpr std::uint8_t kNoPromises[] = {kPromisesVersion};
  PositionFacets facets;
  for (Bytes& profile : facets.profiles) profile = empty_profile();
  facets.promises = kNoPromises;
  facets.held = kNoPromises;
  return facets;
}

void apply_deltas(const PositionFacets& facets, std::span<const PositionFacets> queued,
                  std::span<Delta> deltas, PositionBuffers& out) {
  std::sort(deltas.begin(), deltas.end(), [](const Delta& a, const Delta& b) { return a.facet < b.facet; });
  for (std::size_t i = 0; i < kProfileFacets; ++i)
    apply_profile(i, facets, queued, part_of(deltas, static_cast<Facet>(i)), out);
  out.promises_changed = apply_promises(&PositionFacets::promises, facets, queued,
                                        part_of(deltas, Facet::Promises), out.entries, out.promises);
  out.held_changed = apply_promises(&PositionFacets::held, facets, queued, part_of(deltas, Facet::Held),
                                    out.entries, out.held);
  out.contact_emails = facets.contact_emails;
  out.contact_phones = facets.contact_phones;
  for (const PositionFacets& row : queued) {
    out.contact_emails += row.contact_emails;
    out.contact_phones += row.contact_phones;
  }
  for (const Delta& delta : part_of(deltas, Facet::Contacts))
    (delta.side == 0 ? out.contact_emails : out.contact_phones) += delta.sign;
}

void add_promises(Bytes a, Bytes b, std::vector<std::uint8_t>& out) {
  DatedProfiles profiles;
  std::vector<ProfileEntry> scratch;
  collect_promises(a, profiles, scratch);
  collect_promises(b, profiles, scratch);
  write_promises(profiles, out);
}

void promised(Bytes promises, Date open_from, EncodedProfile& out) {
  std::vector<ProfileEntry> entries;  // of all dates together: one by one would be quadratic
  Date date = 0;
  Bytes profile;
  for (PromiseReader promise(promises); promise.next(date, profile);) {
    if (date < open_from) continue;
    ProfileReader reader(profile);
    for (ProfileEntry entry; reader.next(entry);) entries.push_back(entry);
  }
  normalize(entries);
  encode(entries, out);
}

void promise_days(Bytes promises, std::vector<Date>& days) {
  days.clear();
  Date date = 0;
  Bytes profile;
  for (PromiseReader promise(promises); promise.next(date, profile);)
    if (date != kNoDate) days.push_back(date);
}

namespace {

constexpr std::size_t kRadixFrom = 4096;  // fewer deltas are sorted by comparison
constexpr unsigned kRadixBits = 8;

// One pass of a radix sort by eight bits of customer_id - smallest.
void radix_pass(std::span<const Delta> from, std::span<Delta> to, std::int64_t smallest, unsigned shift) {
  const auto digit = [&](const Delta& delta) {
    const auto key = static_cast<std::uint64_t>(delta.customer_id) - static_cast<std::uint64_t>(smallest);
    return static_cast<std::size_t>((key >> shift) & ((1U << kRadixBits) - 1));
  };
  std::size_t place[1U << kRadixBits] = {};
  for (const Delta& delta : from) ++place[digit(delta)];
  std::size_t sum = 0;
  for (std::size_t& count : place) sum += std::exchange(count, sum);
  for (const Delta& delta : from) to[place[digit(delta)]++] = delta;
}

}  // namespace

void group_by_customer(std::span<Delta> deltas) {
  const auto by_customer = [](const Delta& a, const Delta& b) { return a.customer_id < b.customer_id; };
  if (std::is_sorted(deltas.begin(), deltas.end(), by_customer)) return;
  if (deltas.size() < kRadixFrom) {
    std::sort(deltas.begin(), deltas.end(), by_customer);
    return;
  }
  const auto [least, most] = std::minmax_element(deltas.begin(), deltas.end(), by_customer);
  const std::int64_t smallest = least->customer_id;
  const auto range = static_cast<std::uint64_t>(most->customer_id) - static_cast<std::uint64_t>(smallest);
  std::vector<Delta> buffer;
  try {
    buffer.resize(deltas.size());
  } catch (const std::bad_alloc&) {  // the order among a customer's deltas does not matter
    std::sort(deltas.begin(), deltas.end(), by_customer);
    return;
  }
  std::span<Delta> from = deltas;
  std::span<Delta> to = buffer;
  for (unsigned shift = 0; shift < 64 && (range >> shift) != 0; shift += kRadixBits) {
    radix_pass(from, to, smallest, shift);
    std::swap(from, to);
  }
  if (from.data() != deltas.data()) std::copy(from.begin(), from.end(), deltas.begin());
}

std::size_t split_deleted_customers(std::span<Delta> deltas) {
  std::vector<std::int64_t> deleted;  // ascending, as the deltas are
  for (const Delta& delta : deltas)
    if (delta.facet == Facet::Touch && delta.side == kTouchDeleted) deleted.push_back(delta.customer_id);
  if (deleted.empty()) return deltas.size();
  const auto others = std::stable_partition(deltas.begin(), deltas.end(), [&](const Delta& delta) {
    return !std::binary_search(deleted.begin(), deleted.end(), delta.customer_id);
  });
  return static_cast<std::size_t>(others - deltas.begin());
}

}  // namespace search_assign::core
