// Conversion between numeric and fixed-point money. Backend zone.
//
// Both ways go through the bytes of numeric itself (numeric_bytes.hpp): a ledger row costs
// nanoseconds instead of a detour through text. At first use their layout is checked against
// values that the server made itself, and if it differs, text is the slow, exact way.
#include "search_assign/pg/numeric.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/numeric_bytes.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace search_assign::pg {

bool numeric_layout_is_known = false;

namespace {

bool layout_is_checked = false;

// read_digits adds up base-10000 digits; weight is the power of the first one.
[[gnu::always_inline]] inline AmountStatus read_digits(const char* digits, int count, int weight,
                                                       bool negative, core::Amount& amount) noexcept {
  constexpr int kMaxWeight = 3;  // 10000^4 is above the largest amount
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;
  int power = weight;
  for (int i = 0; i < count; ++i, --power) {
    const std::uint64_t digit = load16(digits + 2 * i);
    if (power >= 0) {
      if (power > kMaxWeight && digit != 0) return AmountStatus::OutOfRange;
      whole = whole * kNumericBase + digit;
    } else if (power == -1) {
      fraction = digit;
    } else if (digit != 0) {
      return AmountStatus::TooManyDecimals;
    }
  }
  // Trailing zero digits are not stored. What lies above kMaxWeight was zero.
  for (int missing = std::min(power, kMaxWeight); missing >= 0; --missing) whole *= kNumericBase;
  constexpr std::uint64_t kMaxWhole = core::kMaxAmount / core::kAmountScale;
  if (whole > kMaxWhole || (whole == kMaxWhole && fraction != 0)) return AmountStatus::OutOfRange;
  const auto magnitude = static_cast<core::Amount>(whole * kNumericBase + fraction);
  amount = negative ? -magnitude : magnitude;
  return AmountStatus::Ok;
}

// read_numeric reads a numeric's payload of size bytes.
[[gnu::always_inline]] inline AmountStatus read_numeric(const char* bytes, int size,
                                                        core::Amount& amount) noexcept {
  const unsigned header = load16(bytes);
  switch (header & kNumericFormMask) {
    case kNumericSpecial:
      return AmountStatus::NotFinite;
    case kNumericShort: {
      int weight = static_cast<int>(header & kNumericShortWeightMask);
      if ((header & kNumericShortWeightNegative) != 0)
        weight -= static_cast<int>(kNumericShortWeightMask) + 1;
      return read_digits(bytes + 2, (size - 2) / 2, weight, (header & kNumericShortNegative) != 0, amount);
    }
    default:
      return read_digits(bytes + 4, (size - 4) / 2, static_cast<std::int16_t>(load16(bytes + 2)),
                         (header & kNumericFormMask) == kNumericLongNegative, amount);
  }
}

// read_text is the exact detour for a server whose numeric is laid out differently.
AmountStatus read_text(Datum numeric, core::Amount& amount) {
  std::string_view text = DatumGetCString(DirectFunctionCall1(numeric_out, numeric));
  if (text.find_first_not_of("0123456789.-") != text.npos) return AmountStatus::NotFinite;
  if (const std::size_t point = text.find('.'); point != text.npos) {
    while (text.back() == '0') text.remove_suffix(1);
    if (text.size() - point - 1 > core::kAmountDecimals) return AmountStatus::TooManyDecimals;
    if (text.back() == '.') text.remove_suffix(1);
  }
  core::Sum sum = 0;
  if (!core::sum_from_text(text, sum) || sum > core::kMaxAmount || sum < -core::kMaxAmount) {
    return AmountStatus::OutOfRange;
  }
  amount = static_cast<core::Amount>(sum);
  return AmountStatus::Ok;
}

Datum numeric_from_text(const char* text) {
  return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
                             Int32GetDatum(-1));
}

// write_numeric builds the short form: 39 decimal digits always fit it.
Datum write_numeric(core::Sum value) {
  __extension__ using Magnitude = unsigned __int128;
  constexpr int kMostDigits = 10;
  Magnitude magnitude = value < 0 ? ~static_cast<Magnitude>(value) + 1 : static_cast<Magnitude>(value);
  std::uint16_t digits[kMostDigits];  // lowest first
  int count = 0;
  while (magnitude >> 64 != 0) {
    digits[count++] = static_cast<std::uint16_t>(magnitude % kNumericBase);
    magnitude /= kNumericBase;
  }
  for (auto low = static_cast<std::uint64_t>(magnitude); low != 0; low /= kNumericBase) {
    digits[count++] = static_cast<std::uint16_t>(low % kNumericBase);
  }
  int skipped = 0;
  while (skipped < count && digits[skipped] == 0) ++skipped;
  const int weight = count == 0 ? 0 : count - 2;  // digits[0] is the fraction

  const Size size = VARHDRSZ + sizeof(std::uint16_t) * static_cast<Size>(1 + count - skipped);
  auto* result = static_cast<char*>(palloc(size));
  SET_VARSIZE(result, size);
  auto* at = reinterpret_cast<std::uint16_t*>(VARDATA(result));
  *at++ = static_cast<std::uint16_t>(kNumericShort | (value < 0 ? kNumericShortNegative : 0) |
                                     core::kAmountDecimals << kNumericShortScaleShift |
                                     (weight < 0 ? kNumericShortWeightNegative : 0) |
                                     (static_cast<unsigned>(weight) & kNumericShortWeightMask));
  for (int i = count; i > skipped; --i) *at++ = digits[i - 1];
  return PointerGetDatum(result);
}

Datum numeric_through_text(core::Sum value) {
  char text[64];
  compute([&] {
    const std::string decimal = core::sum_to_text(value);
    text[decimal.copy(text, sizeof text - 1)] = '\0';
  });
  return numeric_from_text(text);
}

struct Sample {
  const char* text;
  AmountStatus status;
  core::Amount amount;
};

// One sample for each form: short, long (a scale above 63), negative weight, trailing zeros, special.
constexpr Sample kSamples[] = {
    {"-123456789.0120", AmountStatus::Ok, -1'234'567'890'120},
    {"0.0007", AmountStatus::Ok, 7},
    {"1234.5678", AmountStatus::Ok, 12'345'678},
    {"-50000", AmountStatus::Ok, -500'000'000},
    {"900000000000000", AmountStatus::Ok, core::kMaxAmount},
    {"-20000.00000000000000000000000000000000000000000000000000000000000000000", AmountStatus::Ok,
     -200'000'000},
    {"0.00000", AmountStatus::Ok, 0},
    {"1.00001", AmountStatus::TooManyDecimals, 0},
    {"NaN", AmountStatus::NotFinite, 0},
};

bool same_bytes(Datum a, Datum b) {
  return VARSIZE_ANY(DatumGetPointer(a)) == VARSIZE_ANY(DatumGetPointer(b)) &&
         memcmp(DatumGetPointer(a), DatumGetPointer(b), VARSIZE_ANY(DatumGetPointer(a))) == 0;
}

[[gnu::noinline]] bool check_layout() {
  bool expected = true;
  for (const Sample& sample : kSamples) {
    const Datum made = numeric_from_text(sample.text);
    core::Amount amount = 0;
    const char* bytes = VARDATA_ANY(DatumGetPointer(made));
    const int size = static_cast<int>(VARSIZE_ANY_EXHDR(DatumGetPointer(made)));
    numeric_layout_is_known = true;  // for usual_amount alone: nothing raises before it is unset
    core::Amount usual = sample.amount;
    const bool agrees = !usual_amount(made, usual) || usual == sample.amount;
    numeric_layout_is_known = false;
    if (!agrees || read_numeric(bytes, size, amount) != sample.status ||
        (sample.status == AmountStatus::Ok &&
         (amount != sample.amount || !same_bytes(write_numeric(amount), numeric_through_text(amount))))) {
      expected = false;
    }
  }
  return expected;
}

bool layout_is_expected() {
  if (unlikely(!layout_is_checked)) {
    numeric_layout_is_known = check_layout();
    layout_is_checked = true;
  }
  return likely(numeric_layout_is_known);
}

}  // namespace

AmountStatus amount_from_numeric(Datum numeric, core::Amount& amount) {
  if (!layout_is_expected()) return read_text(numeric, amount);
  struct varlena* detoasted = reinterpret_cast<struct varlena*>(DatumGetPointer(numeric));
  if (unlikely(VARATT_IS_COMPRESSED(detoasted) || VARATT_IS_EXTERNAL(detoasted))) {
    detoasted = PG_DETOAST_DATUM_PACKED(numeric);
  }
  return read_numeric(VARDATA_ANY(detoasted), static_cast<int>(VARSIZE_ANY_EXHDR(detoasted)), amount);
}

void raise_amount_error(AmountStatus status, const char* column) {
  switch (status) {
    case AmountStatus::TooManyDecimals:
      ereport(ERROR,
              (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("\"%s\" has too many decimals", column),
               errdetail("Amounts have at most four decimals and are never rounded in silence."),
               errhint("Round the amount before it is passed on, for example with round(%s, 4).", column)));
      break;
    case AmountStatus::OutOfRange:
      ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("\"%s\" is out of range", column),
                      errdetail("The absolute value of an amount is at most 900000000000000."),
                      errhint("Check the unit and the currency of the amount.")));
      break;
    case AmountStatus::NotFinite:
      ereport(ERROR,
              (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("\"%s\" is not a finite number", column),
               errdetail("NaN and infinity are not amounts."),
               errhint("Use NULL or 0 where there is no amount.")));
      break;
    case AmountStatus::Ok:
      break;
  }
  elog(ERROR, "no error in amount \"%s\"", column);
  pg_unreachable();
}

Datum numeric_from_sum(core::Sum value) {
  return layout_is_expected() ? write_numeric(value) : numeric_through_text(value);
}

}  // namespace search_assign::pg
