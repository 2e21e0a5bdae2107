-- The mapping of the names in SQL, in each database that is written to: what the
-- two sides are compared by. The scenario's Python is the model.
CREATE SCHEMA IF NOT EXISTS chaos;

-- str.strip(): every character for which str.isspace() holds
CREATE OR REPLACE FUNCTION chaos.strip(t text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT btrim(t, E'\u0009\u000A\u000B\u000C\u000D\u001C\u001D\u001E\u001F\u0020\u0085\u00A0'
                    '\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A'
                    '\u2028\u2029\u202F\u205F\u3000')
$$;

-- {first name, last name}; str.rfind(' ') counts from the end of the reversed text
CREATE OR REPLACE FUNCTION chaos.split_name(full_name text) RETURNS text[]
IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN from_end = 0 THEN ARRAY[stripped, '']
                ELSE ARRAY[chaos.strip(left(stripped, -from_end)),
                           chaos.strip(right(stripped, from_end - 1))]
           END
    FROM (SELECT chaos.strip(full_name) AS stripped) AS a,
         LATERAL (SELECT strpos(reverse(stripped), ' ') AS from_end) AS b
$$;

CREATE OR REPLACE FUNCTION chaos.join_names(first_name text, last_name text) RETURNS text
IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN first_name = '' THEN chaos.strip(last_name)
                WHEN last_name = '' THEN chaos.strip(first_name)
                ELSE chaos.strip(first_name) || ' ' || chaos.strip(last_name)
           END
$$;
