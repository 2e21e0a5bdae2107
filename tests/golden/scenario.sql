-- What messages.jsonl is a recording of. Statements outside BEGIN and COMMIT
-- are transactions of one statement. record.sh names the options of the slot:
-- origin 2 is filtered, and of the logical messages only the prefix pgtandem
-- is sent.

-- Numbers: bare, with all their digits. NaN and infinities come as null.
INSERT INTO numbers VALUES
    (9223372036854775807, 32767, 2147483647, 9223372036854775807,
     99999999999999999999999999999999999999, 3.4028235e38, 1.7976931348623157e308, 4294967295),
    (-9223372036854775808, -32768, -2147483648, -9223372036854775808,
     -0.00000000000000000001, -1e-30, 5e-324, 0),
    (3, 0, 0, 0, 123.4500, 0.1, 1e20, 1),
    (4, NULL, NULL, NULL, 1e-20, 1e10, '-0', NULL),
    (5, 1, 1, 1, 1e60, 1.5, 123456789012345680, 1),
    (6, 1, 1, 1, 'NaN', 'NaN', 'NaN', 1),
    (7, 1, 1, 1, 'Infinity', 'Infinity', 'Infinity', 1),
    (8, 1, 1, 1, '-Infinity', '-Infinity', '-Infinity', 1),
    (9, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- Text: every character below space, quotes, backslashes, line separators
INSERT INTO texts VALUES
    (1, (SELECT string_agg(chr(n), '' ORDER BY n) FROM generate_series(1, 32) n), '', '', '', ''),
    (2, chr(127) || chr(128) || chr(160) || chr(8232) || chr(8233) || chr(65279) || chr(65535),
     E'"quoted" \\back\\slash /slash', 'ab', 'name', 'x'),
    (3, E'\U0001F600 \U0001F468\u200D\U0001F469\u200D\U0001F467 \U0010FFFF', 'Jos' || chr(233),
     'é', 'Ünï', NULL),
    (4, E'not an escape: \\u0041 \\n', '{"action":"D"}', '"', '\', '"'),
    (5, NULL, NULL, NULL, NULL, NULL),
    (6, ' ' || chr(12288) || ' Johann  van der Berg ', 'null', 'true', '12', '1');

-- Other types: strings in their output format, but for boolean and bytea
INSERT INTO kinds VALUES
    (1, true, '\x00ff10', '{"a": "b\"c", "a": 1.0}', '{"k": "\\ \" é", "n": 1e2, "l": [null]}',
     '{1,NULL,-3}', '{"a b","c\"d",NULL,"",NULL}', '{"\\x00ff"}', '2024-02-29', '23:59:59.5',
     '2026-11-22 09:10:23.5', '2026-11-22 09:10:23.020492+05:30', '1 year 2 days -03:04:05.6',
     '$1,234.50', '5f0c8a6e-0000-4000-8000-00000000000a', '10.0.0.1/8', '(1.5,-2)', '[1,5)',
     '1010'),
    (2, false, '', '[]', '{}', '{}', '{}', '{}', 'infinity', '00:00', '-infinity',
     '0044-03-15 12:00:00+00 BC', '0', '0', NULL, '::1', NULL, 'empty', '0000');
INSERT INTO kinds VALUES (3);

-- Enumerations, composites, and domains: each a string in its output format
INSERT INTO made VALUES
    (1, 'fine', (1, 'a "b", c'), 5, 1.50, true, '\x00ff'),
    (2, 'so-so "quoted"', (NULL, ''), 0, 'NaN', false, '');
INSERT INTO made VALUES (3);

-- A generated column is sent like any other.
INSERT INTO people (id, first, last) VALUES (1, 'Ada', 'Lovelace'), (2, 'Cher', NULL);
UPDATE people SET last = 'King' WHERE id = 1;

-- A key that changes, and one that does not; keys of two columns
BEGIN;
UPDATE people SET id = 11 WHERE id = 1;
UPDATE people SET first = '' WHERE id = 11;
DELETE FROM people WHERE id = 11;
COMMIT;
INSERT INTO two_keys VALUES (1, 'x', 'one'), (2, 'x', NULL);
UPDATE two_keys SET b = 'y', v = 'two' WHERE a = 1;
DELETE FROM two_keys WHERE a = 2;
UPDATE two_keys SET v = v;

-- TOAST: unchanged it is absent, with the full identity its old value is there
INSERT INTO toast_key VALUES (1, 'a', repeat('big ', 600));
UPDATE toast_key SET small = 'b';
UPDATE toast_key SET big = 'small now';
INSERT INTO toast_full VALUES (1, 'a', repeat('big ', 600));
UPDATE toast_full SET small = NULL;
DELETE FROM toast_full;

-- Identity by an index
INSERT INTO by_index VALUES (1, 'c1', 'v');
UPDATE by_index SET id = 2;
UPDATE by_index SET code = 'c2';
DELETE FROM by_index;

-- No usable identity: the server refuses UPDATE and DELETE on published tables
-- only. Nothing but the insertions is sent.
INSERT INTO no_key VALUES ('a');
UPDATE no_key SET v = 'b';
DELETE FROM no_key;
INSERT INTO late_key VALUES (1, 'a');
UPDATE late_key SET v = 'b';
DELETE FROM late_key;
INSERT INTO identity_nothing VALUES (1, 'a');
UPDATE identity_nothing SET v = 'b';
DELETE FROM identity_nothing;

-- Rows without columns
INSERT INTO no_columns DEFAULT VALUES;

-- DDL is not sent: its transactions are empty, and rows look different.
INSERT INTO changing VALUES (1, 'g', 'k');
ALTER TABLE changing DROP COLUMN gone;
ALTER TABLE changing ADD COLUMN added int NOT NULL DEFAULT 7;
ALTER TABLE changing RENAME COLUMN kept TO renamed;
UPDATE changing SET renamed = 'r';

-- Partitions carry the name of the leaf; a row that moves is deleted and inserted.
INSERT INTO whole VALUES (1, 'low'), (101, 'high');
UPDATE whole SET id = 102 WHERE id = 1;
DELETE FROM whole WHERE id = 101;

-- ON CONFLICT, COPY, and a part of a transaction that is rolled back
INSERT INTO texts (id, t) VALUES (5, 'upserted') ON CONFLICT (id) DO UPDATE SET t = excluded.t;
COPY parent FROM stdin;
1
2
\.
BEGIN;
INSERT INTO parent VALUES (3);
SAVEPOINT s;
INSERT INTO parent VALUES (4);
SELECT pg_logical_emit_message(true, 'pgtandem', 'rolled back to the savepoint');
ROLLBACK TO s;
INSERT INTO child VALUES (1, 3);
COMMIT;
BEGIN;
INSERT INTO parent VALUES (5);
ROLLBACK;

-- TRUNCATE: a message for each table
TRUNCATE texts;
TRUNCATE kinds, made RESTART IDENTITY;
TRUNCATE parent CASCADE;
TRUNCATE whole;

-- Logical messages; the prefix other is not selected
SELECT pg_logical_emit_message(true, 'pgtandem', 'transactional "marker" é');
SELECT pg_logical_emit_message(false, 'pgtandem', 'not transactional');
SELECT pg_logical_emit_message(true, 'other', 'not selected');
SELECT pg_logical_emit_message(false, 'other', 'not selected');
SELECT pg_logical_emit_message(true, 'pgtandem', '');
BEGIN;
INSERT INTO no_key VALUES ('with messages');
SELECT pg_logical_emit_message(true, 'pgtandem', 'inside');
SELECT pg_logical_emit_message(false, 'pgtandem', 'ahead of its transaction');
COMMIT;
BEGIN;
SELECT pg_logical_emit_message(true, 'pgtandem', 'never sent');
SELECT pg_logical_emit_message(false, 'pgtandem', 'survives the abort');
ROLLBACK;

-- Names with everything that has to be escaped somewhere
INSERT INTO "Odd, ""schema"". \é"."Täble 'x', ""y"".z\*
second line" VALUES (1, 'v', 'a column named value', 'a column named name');
UPDATE "Odd, ""schema"". \é"."Täble 'x', ""y"".z\*
second line" SET "Id" = 2;
TRUNCATE "Odd, ""schema"". \é"."Täble 'x', ""y"".z\*
second line";

-- Origins: 1 is sent under its number; of 2 nothing is, not even B and C
SELECT pg_replication_origin_session_setup('golden_kept');
INSERT INTO no_key VALUES ('of origin 1');
SELECT pg_logical_emit_message(true, 'pgtandem', 'of origin 1');
SELECT pg_logical_emit_message(false, 'pgtandem', 'of origin 1, not transactional');
SELECT pg_replication_origin_session_reset();
SELECT pg_replication_origin_session_setup('golden_dropped');
INSERT INTO no_key VALUES ('of origin 2');
SELECT pg_logical_emit_message(true, 'pgtandem', 'of origin 2');
SELECT pg_logical_emit_message(false, 'pgtandem', 'of origin 2, not transactional');
TRUNCATE no_key;
SELECT pg_replication_origin_session_reset();

-- An empty transaction
CREATE TABLE unseen ();
DROP TABLE unseen;
