#!/usr/bin/env bash
# Every object of the extension has a comment: the schema, and in it each table, view, sequence of its own, column of a
# view, function, procedure, aggregate, operator, type and cast.
set -euo pipefail
psql -XqAt -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION search_assign'
missing=$(psql -XqAt -v ON_ERROR_STOP=1 <<'END'
WITH member AS (
  SELECT d.classid, d.objid
  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
  WHERE d.deptype = 'e' AND e.extname = 'search_assign'
)
SELECT pg_describe_object(classid, objid, 0)
FROM member
WHERE obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) IS NULL
  -- what a table, view or column brings along, and array types
  AND NOT EXISTS (SELECT FROM pg_type t WHERE classid = 'pg_type'::regclass AND t.oid = objid AND (t.typelem <> 0 OR t.typrelid <> 0)
                  AND (t.typcategory = 'A' OR t.typtype = 'c'))
  AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = member.classid AND i.objid = member.objid AND i.deptype IN ('i', 'a')
                  AND i.classid = 'pg_class'::regclass)
  AND classid NOT IN ('pg_opfamily'::regclass)
UNION ALL
SELECT format('column %s.%s', c.oid::regclass, a.attname)
FROM member
JOIN pg_class c ON classid = 'pg_class'::regclass AND c.oid = objid AND c.relkind IN ('v', 'm')
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE col_description(c.oid, a.attnum) IS NULL
ORDER BY 1;
END
)
[ -z "$missing" ] || { printf 'without a comment:\n%s\n' "$missing"; exit 1; }
