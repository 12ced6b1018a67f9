// Currencies of the companies. Backend zone.
#include "search_assign/pg/company_currency.hpp"

#include "search_assign/pg/spi.hpp"

namespace search_assign::pg {

struct Company {
  const char* name;
  size_t length;
  int32 currency;
};

struct Currencies {
  uint64 company_count;
  Company* companies;
  const Company* last;  // customers of one company mostly follow each other
  int32 count;
  const char** names;
};

Currencies* load_currencies(MemoryContext memory) {
  const SpiRows rows = spi_select_active(
      "SELECT c.company, c.currency, (pg_catalog.dense_rank() OVER (ORDER BY c.currency COLLATE \"C\") - "
      "1)::integer"
      " FROM receivables.company c ORDER BY 3, 1");
  MemoryContext spi = MemoryContextSwitchTo(memory);
  auto* currencies = static_cast<Currencies*>(palloc0(sizeof(Currencies)));
  currencies->company_count = rows.count;
  currencies->companies = static_cast<Company*>(palloc(sizeof(Company) * (rows.count + 1)));
  currencies->names = static_cast<const char**>(palloc(sizeof(char*) * (rows.count + 1)));
  for (uint64 i = 0; i < rows.count; ++i) {
    Company* company = &currencies->companies[i];
    company->name = spi_text(rows, i, 1);
    company->length = strlen(company->name);
    company->currency = spi_int32(rows, i, 3);
    if (company->currency == currencies->count) currencies->names[currencies->count++] = spi_text(rows, i, 2);
  }
  currencies->last = currencies->companies;
  MemoryContextSwitchTo(spi);
  return currencies;
}

int32 currency_of(Currencies* currencies, Datum company) {
  text* value = DatumGetTextPP(company);
  const char* name = VARDATA_ANY(value);
  const size_t length = VARSIZE_ANY_EXHDR(value);
  const auto is_it = [&](const Company& c) {
    return c.length == length && memcmp(c.name, name, length) == 0;
  };
  if (currencies->company_count > 0 && is_it(*currencies->last)) return currencies->last->currency;
  for (uint64 i = 0; i < currencies->company_count; ++i)
    if (is_it(currencies->companies[i])) {
      currencies->last = &currencies->companies[i];
      return currencies->last->currency;
    }
  elog(ERROR, "company \"%s\" is missing", text_to_cstring(value));
  return 0;
}

const char* currency_name(const Currencies* currencies, int32 currency) {
  return currencies->names[currency];
}

int32 currency_count(const Currencies* currencies) { return currencies->count; }

}  // namespace search_assign::pg
