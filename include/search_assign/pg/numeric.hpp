// Exact conversion between PostgreSQL's numeric and the core's fixed-point money.
#pragma once

#include "search_assign/core/money.hpp"
#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "utils/numeric.h"
}

namespace search_assign::pg {

enum class AmountStatus { Ok, TooManyDecimals, OutOfRange, NotFinite };

// amount_from_numeric reads a numeric (toasted, short or plain varlena) without allocating in
// the common case. Trailing zeros beyond four decimals are fine (1.00000 is 1).
// OutOfRange: |value| > core::kMaxAmount.
AmountStatus amount_from_numeric(Datum numeric, core::Amount& amount);

// raise_amount_error raises 22003 for a status other than Ok, naming the column.
[[noreturn]] void raise_amount_error(AmountStatus status, const char* column);

// numeric_from_sum allocates in the current memory context; scale 4.
Datum numeric_from_sum(core::Sum value);

}  // namespace search_assign::pg
