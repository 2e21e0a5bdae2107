-- What is amiss in the schema pgtandem, in words, with the cure; the worst first.
--
-- Whoever may create schemas can make one of this name before pgtandem does, and have
-- code run by the role that writes there. So everything in it must belong to the role
-- that asks, to one that it is a member of, or to a superuser. pg_has_role() would not
-- do: it says of a superuser that he is a member of every role.
--
-- $1 is sql/state.sql, which says what the tables are called.
WITH RECURSIVE mine (oid) AS (
    SELECT oid FROM pg_roles WHERE rolname = current_user
    UNION
    SELECT m.roleid FROM pg_auth_members m JOIN mine ON mine.oid = m.member
),
trusted (oid) AS (
    SELECT oid FROM mine UNION SELECT oid FROM pg_roles WHERE rolsuper
),
wanted (name) AS (
    SELECT m[1] FROM regexp_matches($1, 'CREATE TABLE IF NOT EXISTS pgtandem\.(\w+)', 'g') AS m
),
place AS (
    SELECT * FROM pg_namespace WHERE nspname = 'pgtandem'
),
relation AS (
    SELECT c.*, 'pgtandem.' || quote_ident(c.relname) AS label,
           c.relkind NOT IN ('i', 'I', 'S', 'c')
           AND c.relname IN (SELECT name FROM wanted) AS is_ours,
           CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table'
                WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence'
                WHEN 'c' THEN 'type' ELSE 'index' END AS kind
      FROM pg_class c JOIN place ON place.oid = c.relnamespace
),
-- Parts of our tables that can call functions: each with its table.
part (classid, objid, owner_table) AS (
    SELECT 'pg_class'::regclass, oid, label FROM relation WHERE is_ours
    UNION ALL
    SELECT 'pg_class'::regclass, i.indexrelid, r.label
      FROM relation r JOIN pg_index i ON i.indrelid = r.oid WHERE r.is_ours
    UNION ALL
    SELECT 'pg_attrdef'::regclass, d.oid, r.label
      FROM relation r JOIN pg_attrdef d ON d.adrelid = r.oid WHERE r.is_ours
    UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid, r.label
      FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid WHERE r.is_ours
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, s.oid, r.label
      FROM relation r JOIN pg_statistic_ext s ON s.stxrelid = r.oid WHERE r.is_ours
),
-- What our tables evaluate, as the server keeps it: there, and not in the text of it, each
-- function and operator has its number, whatever it is called and however it is quoted.
-- (A trigger's WHEN is not here: every trigger is refused.)
expression (tree, owner_table) AS (
    SELECT d.adbin::text, r.label
      FROM relation r JOIN pg_attrdef d ON d.adrelid = r.oid WHERE r.is_ours
    UNION ALL
    SELECT c.conbin::text, r.label
      FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid WHERE r.is_ours
    UNION ALL
    SELECT concat(i.indexprs::text, i.indpred::text), r.label
      FROM relation r JOIN pg_index i ON i.indrelid = r.oid WHERE r.is_ours
    UNION ALL
    SELECT s.stxexprs::text, r.label
      FROM relation r JOIN pg_statistic_ext s ON s.stxrelid = r.oid WHERE r.is_ours
),
called (function, owner_table) AS (
    SELECT CASE m[1] WHEN 'funcid' THEN m[2]::oid
           ELSE (SELECT oprcode FROM pg_operator WHERE oid = m[2]::oid) END, owner_table
      FROM expression, regexp_matches(tree, ':(funcid|opno) (\d+)', 'g') AS m
),
-- Rights that others than the trusted have: PUBLIC is role 0.
granted (object, privilege, grantee, label) AS (
    SELECT r.label, a.privilege_type, a.grantee,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
      FROM (SELECT 'schema pgtandem' AS label, nspacl AS acl, nspowner AS owner FROM place
            UNION ALL
            SELECT label, relacl, relowner FROM relation WHERE is_ours) AS r,
           aclexplode(r.acl) AS a
     WHERE a.grantee <> r.owner AND a.grantee NOT IN (SELECT oid FROM trusted)
),
fault (rank, message, hint) AS (
    (SELECT 1, format('the schema pgtandem is an application''s own: the %s %s is in it, and none '
                      'of the tables in which pgtandem keeps its state', kind, label),
            'pgtandem needs the schema of this name for itself: rename this one '
            '(ALTER SCHEMA pgtandem RENAME TO ...)'
       FROM (SELECT kind, label, relkind IN ('i', 'I') AS is_index FROM relation
             UNION ALL
             SELECT 'function', p.oid::regprocedure::text, false
               FROM pg_proc p JOIN place ON place.oid = p.pronamespace) AS stranger
      WHERE NOT EXISTS (SELECT FROM relation r
                          JOIN pg_attribute a ON a.attrelid = r.oid
                         WHERE r.is_ours
                           AND a.attname = CASE r.relname WHEN 'migration' THEN 'backfill'
                                           ELSE 'migration' END)
      ORDER BY is_index, label LIMIT 1)
    UNION ALL
    SELECT 2, format('the %s %s belongs to "%s", which is neither the role "%s", nor one that it is a '
                     'member of, nor a superuser, and could have it run any code',
                     kind, label, pg_get_userbyid(owner), current_user),
           -- never to take it over: what was put into it would come along
           CASE WHEN is_needed
                THEN 'make sure of what it is and who made it, then DROP SCHEMA pgtandem CASCADE: '
                     'setup makes it anew'
                ELSE format('make sure of what it is and who made it, then DROP %s %s',
                            upper(replace(kind, 'partitioned ', '')), label) END
      FROM (SELECT 'schema' AS kind, 'pgtandem' AS label, nspowner AS owner, true AS is_needed
              FROM place
            UNION ALL
            SELECT kind, label, relowner, is_ours FROM relation
             WHERE relkind NOT IN ('i', 'I') AND NOT (relkind = 'S' AND EXISTS (
                       -- one that belongs to a column has the table's owner
                       SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass
                          AND objid = relation.oid AND deptype IN ('a', 'i')))) AS owned
     WHERE owner NOT IN (SELECT oid FROM trusted)
    UNION ALL
    SELECT 3, format('%s is not an ordinary table, as pgtandem makes it, but %s', label,
                     CASE WHEN relkind <> 'r' THEN 'a ' || kind
                          WHEN relpersistence <> 'p' THEN 'an unlogged one'
                          ELSE 'one that inherits, or is inherited from' END),
           'find out who made it so; drop it, or run teardown --all, and begin again'
      FROM relation
     WHERE is_ours AND (relkind <> 'r' OR relpersistence <> 'p' OR EXISTS (
               SELECT FROM pg_inherits WHERE relation.oid IN (inhrelid, inhparent)))
    UNION ALL
    SELECT 4, format('%s has the trigger %I, which would run as the role "%s"', label, tgname,
                     current_user),
           format('find out who made it, then DROP TRIGGER %I ON %s', tgname, label)
      FROM relation JOIN pg_trigger t ON t.tgrelid = relation.oid
     WHERE is_ours AND NOT t.tgisinternal
    UNION ALL
    SELECT 5, format('%s has the rule %I, which would run as the role "%s"', label, rulename,
                     current_user),
           format('find out who made it, then DROP RULE %I ON %s', rulename, label)
      FROM relation JOIN pg_rewrite w ON w.ev_class = relation.oid
     WHERE is_ours
    UNION ALL
    SELECT 6, format('%s has row level security, or a policy for it', label),
           format('find out who made it so, then ALTER TABLE %s DISABLE ROW LEVEL SECURITY, and '
                  'drop its policies', label)
      FROM relation
     WHERE is_ours AND (relrowsecurity OR relforcerowsecurity OR EXISTS (
               SELECT FROM pg_policy WHERE polrelid = relation.oid))
    UNION ALL
    -- what comes with the server is pinned, and no dependency on it is recorded
    SELECT 7, format('%s calls the %s %s, which is not PostgreSQL''s, and would run as the role '
                     '"%s"', owner_table, what.type, what.identity, current_user),
           'find out who made it so; drop the default, constraint, index, statistics or column '
           'that calls it'
      FROM part JOIN pg_depend d ON d.classid = part.classid AND d.objid = part.objid
           CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) AS what
     WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass,
                            'pg_opclass'::regclass, 'pg_opfamily'::regclass)
    UNION ALL
    -- PostgreSQL has functions that run any statement they are given: query_to_xml()
    SELECT 8, format('%s calls the function %s, which pgtandem''s own tables do not, and which would '
                     'run as the role "%s"', owner_table, function::regprocedure, current_user),
           'find out who made it so; drop the default, constraint, index, statistics or column '
           'that calls it'
      FROM called
     WHERE function NOT IN ('clock_timestamp()'::regprocedure, 'int8(int4)'::regprocedure,
                            'float8(int4)'::regprocedure, 'texteq(text, text)'::regprocedure)
    UNION ALL
    SELECT 9, format('%s is referred to by a foreign key of %s, which belongs to "%s"', label,
                     c.conrelid::regclass, pg_get_userbyid(other.relowner)),
           format('find out who made it, then ALTER TABLE %s DROP CONSTRAINT %I',
                  c.conrelid::regclass, c.conname)
      FROM relation JOIN pg_constraint c ON c.confrelid = relation.oid AND c.contype = 'f'
           JOIN pg_class other ON other.oid = c.conrelid
     WHERE is_ours AND other.relowner NOT IN (SELECT oid FROM trusted)
    UNION ALL
    SELECT 10, format('%s may create objects in the %s', label, object),
           format('REVOKE CREATE ON SCHEMA pgtandem FROM %s', label)
      FROM granted WHERE privilege = 'CREATE'
    UNION ALL
    SELECT 11, format('%s may put a trigger on %s or refer to it, and so have code run as the '
                      'role "%s"', label, object, current_user),
           format('REVOKE TRIGGER, REFERENCES ON ALL TABLES IN SCHEMA pgtandem FROM %s', label)
      FROM granted WHERE privilege IN ('TRIGGER', 'REFERENCES')
)
SELECT message, hint FROM fault ORDER BY rank, message LIMIT 1;
