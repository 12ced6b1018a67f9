-- search_assign: credit & collections inside the database.
\echo Use "CREATE EXTENSION search_assign" to load this file. \quit

-- A schema that exists already is somebody else's: plain CREATE refuses it, and as it is made
-- here it is a member of the extension and goes with it.
CREATE SCHEMA receivables;
COMMENT ON SCHEMA receivables IS 'Credit & collections (extension search_assign): ledger, searches, assignment, views.';
