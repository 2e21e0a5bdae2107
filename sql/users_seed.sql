-- Fills public.users with :rows users, always the same ones:
--     psql -v rows=100000 -f sql/users_seed.sql
--
-- Names are distributed as the scenario counts them. Of each hundred rows:
--     85 "First Last", 10 "First Middle Last", 4 of one word, 1 "Complex",
-- the last of which takes turns through the odd names below. Biographies are
-- about 200 bytes; one in 20 is NULL, and one in 1000 is too long to be stored
-- in the row (TOAST), which logical decoding leaves out of an UPDATE.

WITH words AS (
    SELECT ARRAY['Anna', 'Boris', 'Chloé', 'Dmitri', 'Ella', 'Farid', 'Grace', 'Hiro', 'Ines',
                 'Jörg', 'Kofi', 'Lucía', 'Mary-Jane', 'Nils', 'Olga', 'Pedro', 'Quinn', 'Rosa',
                 'Søren', 'Tara', 'Uma', 'Viktor', 'Wei', 'Xenia', 'Yusuf', 'Zoë'] AS first_names,
           ARRAY['Ann', 'B.', 'Lee', 'Marie', 'José', 'K.', 'van', 'Q.'] AS middle_names,
           ARRAY['berg', 'dahl', 'ez', 'ford', 'holm', 'itz', 'man', 'oğlu', 'quist', 'sen',
                 'ski', 'son', 'stein', 'ton', 'vić', 'well', 'wood', '-Parker', '''Brien',
                 'ova'] AS last_name_ends,
           ARRAY['Al', 'Ber', 'Cor', 'Dun', 'Eg', 'Fal', 'Gar', 'Hal', 'Iv', 'Jan', 'Kel', 'Lin',
                 'Mor', 'Nor', 'Ol', 'Pet', 'Quen', 'Ros', 'Sund', 'Tor', 'Ul', 'Vas', 'Wat',
                 'Yar', 'Zel', 'Öst', 'Łuk', 'Šim', 'O', 'Mac'] AS last_name_heads,
           ARRAY['Madonna', '김철수', 'Prince', '이영희', 'Zendaya', '王小明',
                 'Jean-Luc'] AS single_names,
           ARRAY['',
                 '   ',
                 '  Spaced  Out  ',
                 'Dr. John Q. Public III',
                 'van der Berg, Johann',
                 E'\tTabbed  Lead\t',
                 E'\u00a0No-Break  Spaces\u00a0',
                 E'Ideographic\u3000 Space\u3000 ',
                 E' Line\nBreak  Inside ',
                 'Miles "Tails" O''Brien Prower',
                 'María del Carmen de los Ángeles',
                 E'Back\\slash  {Brace, Comma}',
                 ' 김 철수',
                 'Trailing '] AS odd_names
),
numbers AS (
    -- picks: evenly spread, and without a pattern that repeats every hundred rows
    SELECT i,
           (i % 100)::int AS percentile,
           (i * 2654435761 % 4294967296 / 65536)::int AS pick,
           (i * 2246822519 % 4294967296 / 65536)::int AS other_pick
    FROM generate_series(1, :rows::bigint) AS i
),
names AS (
    SELECT n.*,
           first_names[1 + pick % cardinality(first_names)] AS first_name,
           middle_names[1 + (pick / 32) % cardinality(middle_names)] AS middle_name,
           last_name_heads[1 + other_pick % cardinality(last_name_heads)]
               || last_name_ends[1 + other_pick / 30 % cardinality(last_name_ends)] AS last_name,
           single_names[1 + pick % cardinality(single_names)] AS single_name,
           odd_names[1 + (i / 100 % cardinality(odd_names))::int] AS odd_name
    FROM numbers AS n CROSS JOIN words
)
INSERT INTO public.users (email, full_name, bio, created_at, updated_at)
SELECT 'user' || i || '@example.com',
       CASE WHEN percentile = 0 THEN odd_name
            WHEN percentile <= 85 THEN first_name || ' ' || last_name
            WHEN percentile <= 95 THEN first_name || ' ' || middle_name || ' ' || last_name
            ELSE single_name
       END,
       CASE WHEN i % 1000 = 500 THEN (SELECT string_agg(md5(i || '/' || part), '')
                                      FROM generate_series(1, 200) AS part)
            WHEN i % 20 = 7 THEN NULL
            ELSE repeat('User ' || i || ' likes streams and tables. ', 6)
       END,
       timestamptz '2024-01-01 00:00:00+00' + i * interval '1 second',
       timestamptz '2024-01-01 00:00:00+00' + i * interval '1 second'
FROM names
ORDER BY i;

ANALYZE public.users;
