// Ledger deltas: what a row's appearance (+1) or disappearance (-1) means for the position
// of its customer, and how a customer's deltas are added to the position's profiles.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "search_assign/core/item_payment.hpp"
#include "search_assign/core/maturity_profile.hpp"
#include "search_assign/core/money.hpp"

namespace search_assign::core {

// The profiles of a position, in the order of position_profile_count.
enum class Facet : std::uint8_t {
  Receivables,
  Qualified,
  Disputed,
  Sales,
  Payments,
  Promises,
  Held,
  Contacts,
  Touch
};
inline constexpr std::size_t kProfileFacets = 5;  // Receivables .. Payments are maturity profiles

enum class ItemKind : std::uint8_t { Invoice, DebitNote, CreditNote, Payment, Other };
enum class StatusCategory : std::uint8_t { None, Ongoing, Promise, Dispute, DisputeResolved, Litigation };

// One change of one facet of one customer's position.
struct Delta {
  std::int64_t customer_id;
  Amount amount;     // signed, of the item; 0 for contacts and touches
  Date date;         // due date, document date or date of payment
  std::int32_t aux;  // Promises, Held: promised date (kNoDate = none); Payments: days late
  Facet facet;
  std::int8_t sign;   // +1 appears, -1 disappears
  std::uint8_t side;  // Sales: 0 invoice, 1 note; Payments: 0 part, 1 payment item; Contacts: 0 e-mail, 1
                      // phone; Touch: what of kTouch... was touched
};
inline constexpr std::uint8_t kTouchHandMade = 1;  // hand-made assignments changed
inline constexpr std::uint8_t kTouchDeleted = 2;   // the customer was deleted
inline constexpr std::uint8_t kTouchProgress = 3;  // collection actions, or who is collected through whom

// What a position needs to know of an item; amounts in the currency of the customer's company.
struct ItemFigures {
  std::int64_t customer_id;
  Amount amount;
  Amount open_amount;
  Date document_date;
  Date due_date;
  Date promised_on;  // kNoDate = none
  ItemKind kind;
  StatusCategory category;  // None = no status
  bool held;                // kept out of the scenario by its status or a specific action
  friend bool operator==(const ItemFigures&, const ItemFigures&) = default;
};

// Date under which a promise without a date is held, apart from what other statuses hold without end.
inline constexpr Date kUndatedPromise = kNoDate - 1;

// add_item appends the deltas of an item without its payments.
void add_item(std::vector<Delta>& deltas, const ItemFigures& item, int sign);
// change_item appends what an item's change means, leaving out what it did not change.
void change_item(std::vector<Delta>& deltas, const ItemFigures& before, const ItemFigures& after);
// add_payment_part appends one paid part (already converted) of an invoice; other kinds have none.
void add_payment_part(std::vector<Delta>& deltas, const ItemFigures& item, DatedAmount part, int sign);

// The stored form of a position's facets.
struct PositionFacets {
  Bytes profiles[kProfileFacets];
  Bytes promises;
  Bytes held;  // open debits kept out of the scenario, like promises by the date that ends it
  std::int32_t contact_emails = 0;
  std::int32_t contact_phones = 0;
};

// Where the changed facets go; buffers are reused from customer to customer.
struct PositionBuffers {
  EncodedProfile profiles[kProfileFacets];
  bool profile_changed[kProfileFacets] = {};
  std::vector<std::uint8_t> promises;
  bool promises_changed = false;
  std::vector<std::uint8_t> held;
  bool held_changed = false;
  std::int32_t contact_emails = 0;
  std::int32_t contact_phones = 0;
  std::vector<ProfileEntry> entries;  // scratch
};

// empty_facets are those of a customer without any item.
PositionFacets empty_facets();

// apply_deltas adds one customer's deltas, and what is queued for it, to its facets. In a queued row an empty
// span stands for a facet that does not change.
void apply_deltas(const PositionFacets& facets, std::span<const PositionFacets> queued,
                  std::span<Delta> deltas, PositionBuffers& out);

// PromiseReader walks stored promises by promised date, ascending. Throws Error(DataCorrupted) on damage.
class PromiseReader {
 public:
  explicit PromiseReader(Bytes promises);
  bool next(Date& promised_on, Bytes& profile);  // false at the end

 private:
  Bytes promises_;
  std::size_t at_ = 1;
  std::int64_t before_;
};

// Promises: a version byte, then by promised date, ascending, the date (4 bytes), a profile's length (4)
// and the profile. promised gives the profile of what is promised and not broken: promised for
// open_from or later, or for no date.
void promised(Bytes promises, Date open_from, EncodedProfile& out);
void add_promises(Bytes a, Bytes b, std::vector<std::uint8_t>& out);
void promise_days(Bytes promises, std::vector<Date>& days);  // promised dates, kNoDate left out

// split_deleted_customers moves the deltas of deleted customers behind those of the others, keeping them
// grouped, and returns the number of the others' deltas: a deleted customer's memberships end at once.
std::size_t split_deleted_customers(std::span<Delta> deltas);

// group_by_customer sorts deltas so that each customer's lie together, customers ascending.
void group_by_customer(std::span<Delta> deltas);

}  // namespace search_assign::core
