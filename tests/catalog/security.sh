#!/usr/bin/env bash
# Rights as installed: nothing of the extension can be changed by just anyone, functions with the owner's rights are for
# nobody who was not granted them and pin their search_path, and the schema takes no objects of others.
set -euo pipefail
psql -XqAt -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION search_assign'
found=$(psql -XqAt -v ON_ERROR_STOP=1 <<'END'
SELECT 'everyone may create objects in schema ' || nspname
FROM pg_namespace, aclexplode(nspacl) a WHERE nspname = 'receivables' AND a.grantee = 0 AND a.privilege_type = 'CREATE'
UNION ALL
SELECT format('everyone may %s %s', a.privilege_type, c.oid::regclass)
FROM pg_class c, aclexplode(relacl) a
WHERE relnamespace = 'receivables'::regnamespace AND a.grantee = 0 AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
UNION ALL
SELECT 'SECURITY DEFINER, and everyone may call it: ' || p.oid::regprocedure
FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) a
WHERE pronamespace = 'receivables'::regnamespace AND prosecdef AND prorettype <> 'trigger'::regtype AND a.grantee = 0
UNION ALL
SELECT 'SECURITY DEFINER without its own search_path: ' || oid::regprocedure
FROM pg_proc
WHERE pronamespace = 'receivables'::regnamespace AND prosecdef
  AND NOT EXISTS (SELECT FROM unnest(proconfig) c WHERE c LIKE 'search_path=%pg_temp')
ORDER BY 1;
END
)
[ -z "$found" ] || { echo "$found"; exit 1; }
