// Module entry: magic block, settings and callbacks; nothing else.
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/configuration.hpp"
#include "search_assign/pg/ledger_item.hpp"
#include "search_assign/pg/prelude.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/statistics.hpp"

extern "C" {
PG_MODULE_MAGIC;
extern PGDLLEXPORT void _PG_init(void);
}

extern "C" void _PG_init(void) {
  search_assign::pg::register_statistics();
  search_assign::pg::define_settings();
  search_assign::pg::register_change_set_callbacks();
  search_assign::pg::register_configuration_callbacks();
  search_assign::pg::register_status_callbacks();
}
