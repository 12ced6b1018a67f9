// Currencies of the companies: amounts of different ones are never added.
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

struct Currencies;

// load_currencies reads the companies by the active snapshot, between SPI_connect() and SPI_finish(), into
// `memory`.
Currencies* load_currencies(MemoryContext memory);

// currency_of gives the number of the currency of a company (text); numbers are in the order of the names.
int32 currency_of(Currencies* currencies, Datum company);
const char* currency_name(const Currencies* currencies, int32 currency);
int32 currency_count(const Currencies* currencies);

}  // namespace search_assign::pg
