-- Prints how app_v2.users differs from the old table's rows, which come by COPY on
-- standard input: at most 20 lines, nothing when they agree under the mapping.
--
-- Two rows agree when the split of the full name gives the two names, or the
-- two names join to the full name, and all other columns are equal. The two
-- functions are the scenario's Python, in SQL.

-- str.strip(): every character for which str.isspace() holds
CREATE FUNCTION pg_temp.strip(t text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT btrim(t, E'\u0009\u000A\u000B\u000C\u000D\u001C\u001D\u001E\u001F\u0020\u0085\u00A0'
                    '\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A'
                    '\u2028\u2029\u202F\u205F\u3000')
$$;

-- {first name, last name}; str.rfind(' ') counts from the end of the reversed text
CREATE FUNCTION pg_temp.split_name(full_name text) RETURNS text[] IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN from_end = 0 THEN ARRAY[stripped, '']
                ELSE ARRAY[pg_temp.strip(left(stripped, -from_end)),
                           pg_temp.strip(right(stripped, from_end - 1))]
           END
    FROM (SELECT pg_temp.strip(full_name) AS stripped) AS a,
         LATERAL (SELECT strpos(reverse(stripped), ' ') AS from_end) AS b
$$;

CREATE FUNCTION pg_temp.join_names(first_name text, last_name text) RETURNS text
IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN first_name = '' THEN pg_temp.strip(last_name)
                WHEN last_name = '' THEN pg_temp.strip(first_name)
                ELSE pg_temp.strip(first_name) || ' ' || pg_temp.strip(last_name)
           END
$$;

CREATE TEMP TABLE old_users (
    id bigint PRIMARY KEY, email text, full_name text, bio text,
    created_at timestamptz, updated_at timestamptz
);
\copy old_users FROM pstdin

SELECT CASE WHEN n.id IS NULL THEN 'missing in new: '
            WHEN o.id IS NULL THEN 'missing in old: '
            ELSE 'different: '
       END,
       coalesce(o.id, n.id), o.email, n.email, o.full_name, n.first_name, n.last_name,
       left(o.bio, 20), left(n.bio, 20), o.created_at, n.created_at, o.updated_at, n.updated_at
FROM old_users AS o
     FULL JOIN app_v2.users AS n USING (id)
WHERE o.id IS NULL
   OR n.id IS NULL
   OR (o.email, o.bio, o.created_at, o.updated_at)
      IS DISTINCT FROM (n.email, n.bio, n.created_at, n.updated_at)
   OR NOT (pg_temp.split_name(o.full_name) = ARRAY[n.first_name, n.last_name]
           OR pg_temp.join_names(n.first_name, n.last_name) = o.full_name)
ORDER BY coalesce(o.id, n.id)
LIMIT 20;
