#!/bin/bash
# The copy: tables with keys and names of all sorts, values that COPY escapes, and
# rows that cannot be written.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/integration/pairs.sh"

cluster_start main
create_database main one
create_database main two

fixtures=${PGTANDEM_TEST_FIXTURES:-$ROOT/build/release/tests/fixtures}

# assert_same_rows OLD NEW COLUMNS: of the two databases' tables, and that there are some.
assert_same_rows() {
    rows main one "SELECT $3 FROM $1 ORDER BY $3" >"$T/one"
    rows main two "SELECT $3 FROM $2 ORDER BY $3" >"$T/two"
    [ -s "$T/one" ] || fail "no rows in $1"
    cmp -s "$T/one" "$T/two" || fail "the rows differ: $(diff -a "$T/one" "$T/two" | head -n 10)"
}

backfill_config() {
    pair_config "$(dsn main one)" "$(dsn main two)" "$1" "backfill: {jobs: 3, chunk_rows: 100, chunk_time: 0, warm_up: 0}
${2:-}"
}

# in_both SQL: the same table on both sides, in the schema of the test's choice.
in_both() {
    run_sql main one <<<"$1"
    run_sql main two <<<"$1"
}

test_keys_of_every_sort() {
    in_both '
        CREATE EXTENSION citext;
        CREATE TABLE by_uuid (id uuid PRIMARY KEY, v text);
        CREATE TABLE by_text (id text PRIMARY KEY, v text);
        CREATE TABLE by_citext (id citext PRIMARY KEY, v text);
        CREATE TABLE by_three (a int, b text, c timestamptz, v text, PRIMARY KEY (c, b, a));
        CREATE TABLE by_bytes (id bytea PRIMARY KEY, v text);
        CREATE TABLE by_float (id float8 PRIMARY KEY CHECK (abs(id) < 1e300), v text);
        CREATE TABLE by_char (id char(8) PRIMARY KEY, v text);
        CREATE TABLE skewed (id bigint PRIMARY KEY, v text);
        CREATE TABLE empty (id int PRIMARY KEY, v text);
        CREATE TABLE "Odd ""Table"" é" (id int PRIMARY KEY, "Se lect" text, "a""b" text, "c,d" text);
        CREATE TABLE by_index (id int NOT NULL, v text);
        CREATE UNIQUE INDEX by_index_id ON by_index (id);
        ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_id;'
    run_sql main one <<'SQL'
        INSERT INTO by_uuid SELECT md5(n::text)::uuid, n FROM generate_series(1, 777) n;
        INSERT INTO by_text SELECT CASE n % 5 WHEN 0 THEN E'it''s \\ ' WHEN 1 THEN E'\t\n' WHEN 2 THEN 'É'
                                   WHEN 3 THEN '' ELSE '王"' END || CASE WHEN n < 5 THEN '' ELSE n::text END, n
            FROM generate_series(0, 777) n ON CONFLICT DO NOTHING;
        INSERT INTO by_citext SELECT CASE WHEN n % 2 = 0 THEN 'a' ELSE 'B' END || chr(65 + n % 26) || n, n
            FROM generate_series(1, 777) n;
        INSERT INTO by_three SELECT n % 7, chr(65 + n % 13), timestamptz '2024-01-01' + n % 3 * interval '1 us', n
            FROM generate_series(1, 777) n ON CONFLICT DO NOTHING;
        INSERT INTO by_three SELECT -n, '\', 'infinity', n FROM generate_series(1, 300) n;
        INSERT INTO by_bytes SELECT decode(md5(n::text), 'hex'), n FROM generate_series(1, 777) n;
        INSERT INTO by_bytes VALUES ('', 'empty'), ('\x5c', 'backslash'), ('\x00', 'zero');
        INSERT INTO by_float SELECT ln(n), n FROM generate_series(1, 777) n;
        INSERT INTO by_float VALUES (1e-300, '');
        INSERT INTO skewed SELECT 9000000000000000000 + n, n FROM generate_series(1, 990) n;
        INSERT INTO skewed SELECT -9000000000000000000 + n * 1000000000000000, n FROM generate_series(1, 10) n;
        INSERT INTO by_char SELECT 'c' || n, n FROM generate_series(1, 777) n;
        INSERT INTO "Odd ""Table"" é" SELECT n, 's' || n, NULL, E'\\' FROM generate_series(-400, 377) n;
        INSERT INTO by_index SELECT n, n FROM generate_series(1, 777) n;
SQL
    local tables="" table
    for table in by_uuid by_text by_citext by_three by_bytes by_float by_char empty skewed by_index \
        '"Odd ""Table"" é"'; do
        tables+="  - {old: 'public.$table', new: 'public.$table'}"$'\n'
    done
    backfill_config "$tables"
    assert_exit 0 pgtandem backfill
    for table in by_uuid by_text by_citext by_bytes by_float by_char skewed by_index; do
        assert_same_rows $table $table "id, v"
    done
    assert_same_rows by_three by_three "a, b, c, v"
    table='"Odd ""Table"" é"'
    assert_same_rows "$table" "$table" 'id, "Se lect", "a""b", "c,d"'
    assert_eq "$(sql main two "SELECT count(*) FROM empty")" 0 "rows of an empty table"
    assert_eq "$(sql main two "SELECT count(*) FILTER (WHERE rows_read > 100) FROM pgtandem.chunk")" 0 \
        "chunks that are too large"
    teardown
}

test_every_character_survives() {
    in_both 'CREATE TABLE texts (id int PRIMARY KEY, name text, plain text, parts text[])'
    run_sql main two <<<'ALTER TABLE texts RENAME name TO first;
        ALTER TABLE texts ALTER first SET NOT NULL, ADD last text NOT NULL'
    run_sql main one <<'SQL'
        INSERT INTO texts SELECT n, chr(n) || ' x' || chr(n) || 'y', chr(n) || 'a' || chr(n), ARRAY[chr(n), '\', '"']
            FROM generate_series(1, 400) n;
        INSERT INTO texts VALUES (1000, NULL, NULL, NULL), (1001, '', '', '{}'), (1002, '\N', '\N', '{"\\N",NULL}'),
            (1003, E'\\. \\.', E'\\.', '{""}'), (1004, E'a\\b \\\\c', E'\r\n', '{"a,b"}'),
            (1005, '👩‍👩‍👧 王小明', '👩‍👩‍👧', '{👩‍👩‍👧}'), (1006, 'one', 'two', NULL);
SQL
    backfill_config "  - old: public.texts
    new: public.texts
    transforms: [{use: split_name, old: [name], new: [first, last]}]"
    assert_exit 0 pgtandem backfill
    assert_same_rows texts texts "id, plain, parts"
    # between the words, only white space at the ends is lost: the reference is of SQL
    rows main one "SELECT id, coalesce(CASE WHEN name LIKE '% %' THEN regexp_replace(name, ' [^ ]*\$', '')
                                            ELSE name END, ''),
                          coalesce(CASE WHEN name LIKE '% %' THEN regexp_replace(name, '^.* ', '') ELSE '' END, '')
                     FROM texts WHERE id > 32 AND id NOT IN (133, 160) AND coalesce(name, '') !~ '^\\s|\\s\$' ORDER BY id" >"$T/one"
    rows main two "SELECT id, first, last FROM texts WHERE id > 32 AND id NOT IN (133, 160) ORDER BY id" >"$T/two"
    cmp -s "$T/one" "$T/two" || fail "the names differ: $(diff -a "$T/one" "$T/two" | head -n 10)"
    teardown
}

test_generated_and_identity_columns() {
    run_sql main one <<<"CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price numeric,
            twice numeric);
        INSERT INTO items (price, twice) SELECT n, 2 * n FROM generate_series(1, 250) n"
    run_sql main two <<<"CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price numeric,
            twice numeric GENERATED ALWAYS AS (price * 2) STORED)"
    backfill_config "  - {old: public.items, new: public.items}"
    assert_exit 0 pgtandem backfill
    assert_same_rows items items "id, price, twice"
    teardown
}

# ---- rows that cannot be written ----

make_bad_rows() {
    run_sql main one <<'SQL'
        CREATE TABLE people (id int PRIMARY KEY, code text, email text, age int);
        INSERT INTO people SELECT n, 'c' || n, 'e' || n || '@x.org', n % 90 FROM generate_series(1, 2500) n;
        UPDATE people SET code = 'too long a code' WHERE id IN (1, 700, 701, 702, 2500);
        UPDATE people SET age = -1 WHERE id IN (2, 1500);
        UPDATE people SET code = 'c5' WHERE id = 6;
        UPDATE people SET email = 'nobody' WHERE id IN (40, 41, 1999);
SQL
    run_sql main two <<'SQL'
        CREATE TABLE people (id int PRIMARY KEY, code varchar(8), local_part text, domain text,
                             age int CHECK (age >= 0),
                             CONSTRAINT codes UNIQUE (code) DEFERRABLE INITIALLY DEFERRED);
SQL
}

people="  - old: public.people
    new: public.people
    transforms: [{use: $fixtures/plugin_split_email.so, old: [email], new: [local_part, domain]}]"

make_bad_rows

test_a_bad_row_stops_the_copy_if_it_is_to() {
    backfill_config "$people" "conflicts: {on_row_error: stop}"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "of public.people: it cannot be copied to public.people: "
    assert_contains "$output" "the row with (id) = ("
    assert_contains "$output" "conflicts.on_row_error"
    assert_eq "$(sql main two "SELECT count(*) FROM pgtandem.parked")" 0 "parked rows"
}

test_too_many_bad_rows_stop_the_copy() {
    pair_config "$(dsn main one)" "$(dsn main two)" "$people" "backfill: {max_parked: 0.001}"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "11 of about 2500 rows cannot be copied, more than backfill.max_parked allows (0.001)"
    assert_contains "$output" "begin again"
    start_over
}

test_bad_rows_are_parked_and_all_others_copied() {
    backfill_config "$people"
    assert_exit 0 pgtandem backfill
    assert_contains "$output" "11 rows of the copy are parked"
    assert_eq "$(sql main two "SELECT count(*), count(*) FILTER (WHERE id IN (1, 700, 701, 702, 2500, 2, 1500, 6,
        40, 41, 1999)) FROM people")" "2489|0" "rows copied"
    assert_eq "$(sql main two "SELECT sum(rows_read), sum(rows_written), sum(rows_parked) FROM pgtandem.chunk")" \
        "2500|2489|11" "what the ledger says"
    assert_eq "$(sql main two "SELECT parked FROM pgtandem.progress WHERE link = 'forward'")" 11
    assert_eq "$(sql main two "SELECT string_agg(sqlstate || ' ' || n, ', ' ORDER BY sqlstate) FROM
        (SELECT sqlstate, count(*) AS n FROM pgtandem.parked WHERE link = 'copy' AND operation = 'copy'
            AND table_name = 'public.people' GROUP BY sqlstate) AS s")" \
        "22000 3, 22001 5, 23505 1, 23514 2" "reasons"
}

test_a_parked_row_says_why_and_what() {
    assert_eq "$(sql main two "SELECT key, row_image, reason, diagnostics FROM pgtandem.parked WHERE key = '{\"id\": \"700\"}'")" \
        '{"id": "700"}|{"id": "700", "age": "70", "code": "too long a code", "domain": "x.org", "local_part": "e700"}|a value is too long for its column|"value too long for type character varying(8)"'
    assert_eq "$(sql main two "SELECT row_image IS NULL, reason, diagnostics FROM pgtandem.parked
        WHERE key = '{\"id\": \"40\"}'")" 't|transform "split_email" refused the row|"the address has no @"'
    assert_contains "$(sql main two "SELECT constraint_name, diagnostics FROM pgtandem.parked WHERE sqlstate = '23505'")" "(code)=(c5)"
}

test_the_log_shows_no_values_of_bad_rows() {
    start_over
    assert_exit 0 pgtandem backfill
    case $output in
    *"too long a code"* | *c5* | *nobody*) fail "the log shows values: $output" ;;
    esac
}

start_over() {
    teardown
    sql main two "TRUNCATE people"
}

# A whole chunk of rows that are refused, and blocks that are half bad.
test_many_bad_rows() {
    start_over
    sql main one "UPDATE people SET age = -1 WHERE id BETWEEN 300 AND 1300 OR id % 3 = 0"
    pair_config "$(dsn main one)" "$(dsn main two)" "$people" "backfill: {jobs: 2, chunk_rows: 2000, max_parked: 1}
conflicts: {max_parked_in_a_row: 0}"
    assert_exit 0 pgtandem backfill
    assert_eq "$(sql main two "SELECT sum(rows_read) = 2500 AND sum(rows_written) = (SELECT count(*) FROM people)
        AND sum(rows_parked) = (SELECT count(*) FROM pgtandem.parked) FROM pgtandem.chunk")" t "sums of the ledger"
    assert_eq "$(sql main two "SELECT count(*) FROM people WHERE id BETWEEN 300 AND 1300 OR id % 3 = 0")" 0
    start_over
}

test_a_killed_copy_parks_no_row_twice() {
    pair_config "$(dsn main one)" "$(dsn main two)" "$people" \
        "backfill: {jobs: 2, chunk_rows: 100, chunk_time: 0, warm_up: 0, max_rows_per_second: 2000, max_parked: 1}
conflicts: {max_parked_in_a_row: 0}"
    for _ in 1 2 3 4; do
        background backfill "$PGTANDEM" backfill
        sleep 0.$((20 + RANDOM % 40))
        background_signal backfill KILL
        background_wait backfill 5 || true
    done
    assert_exit 0 pgtandem backfill
    assert_eq "$(sql main two "SELECT count(*) = count(DISTINCT key) AND
        count(*) = (SELECT sum(rows_parked) FROM pgtandem.chunk) AND
        count(*) = (SELECT parked FROM pgtandem.progress WHERE link = 'forward') FROM pgtandem.parked")" t \
        "rows parked once"
    assert_eq "$(sql main two "SELECT count(*) FROM people")" \
        "$(sql main two "SELECT 2500 - count(*) FROM pgtandem.parked")" "rows copied"
    start_over
}

run_tests "$@"
