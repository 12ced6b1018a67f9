// What a background process of the extension needs to work as a server process does for its client:
// statements run at top level, so that procedures may commit, and errors that end a transaction, not the
// process.
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// start_process sets the signals, connects to the database as the role (InvalidOid: the bootstrap superuser),
// gives the session its name in pg_stat_activity and settings under which its commands can do their work.
void start_process(Oid database, Oid role, const char* application_name);

// begin_own_sql ... end_own_sql: a transaction for SQL of the extension's own by way of SPI, with the rights
// of the extension's owner.
void begin_own_sql();
void end_own_sql();

// run_command runs statements as a client's: each in a transaction of its own, CALL may commit.
void run_command(const char* command);

// recover reports the error just caught to the server's log, ends the transaction, and returns the message in
// the current memory context. Called in PG_CATCH.
char* recover();

// pending_procedure is the OID of receivables.search_assign_pending(), and raises an error where that is not
// the module's own but something somebody has put in its place. In a transaction.
Oid pending_procedure();

// installed_extension is the OID of the extension in this database, InvalidOid where it is not installed.
Oid installed_extension();

// Locks that a session keeps until it ends.
enum class SessionLock : uint16 { Daily = 21, Restore = 22 };
void lock_for_session(SessionLock lock, bool shared);
bool try_lock_for_session(SessionLock lock, bool shared);
bool somebody_holds(SessionLock lock);

}  // namespace search_assign::pg
