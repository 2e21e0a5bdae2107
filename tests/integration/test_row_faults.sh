#!/bin/bash
# Rows that the new table refuses, for whatever reason one row alone can be, or that cannot
# even be kept: in the copy, and in rechecks.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/integration/pairs.sh"

cluster_start main
create_database main one
create_database main two

fixtures=${PGTANDEM_TEST_FIXTURES:-$ROOT/build/release/tests/fixtures}

copy_config() {
    pair_config "$(dsn main one)" "$(dsn main two)" "$1" \
        "backfill: {jobs: 2, chunk_rows: 1000, chunk_time: 0, warm_up: 0, max_parked: 1}
${2:-}"
}

in_old() {
    run_sql main one
}

in_new() {
    run_sql main two
}

parked() {
    sql main two "SELECT coalesce(string_agg(format('%s %s', key ->> 'id', sqlstate), ', ' ORDER BY (key ->> 'id')::int), '')
        FROM pgtandem.parked WHERE table_name = 'public.$1'"
}

assert_the_ledger_adds_up() {
    assert_eq "$(sql main two "SELECT bool_and(rows_read = rows_written + rows_parked) FROM pgtandem.chunk")" t \
        "rows read are rows written and parked"
}

# Each table has one reason to refuse rows.
in_old <<'SQL'
    CREATE TABLE long_keys (id int PRIMARY KEY, v text);
    CREATE TABLE raised (id int PRIMARY KEY, v text);
    CREATE TABLE deferred (id int PRIMARY KEY, v text);
    CREATE TABLE generated (id int PRIMARY KEY, v int);
    CREATE TABLE domains (id int PRIMARY KEY, v text);
    CREATE TABLE left_out (id int PRIMARY KEY, v text);
    CREATE TABLE cut (id int PRIMARY KEY, v text);
    CREATE TABLE chain (id int PRIMARY KEY, next int, v text);
    INSERT INTO long_keys SELECT n, CASE WHEN n IN (7, 1500) THEN (SELECT string_agg(md5(n || '-' || i), '')
        FROM generate_series(1, 300) i) ELSE n::text END FROM generate_series(1, 2000) n;
    INSERT INTO raised SELECT n, CASE n WHEN 3 THEN 'P0001' WHEN 4 THEN '40001' WHEN 5 THEN '40P01' WHEN 6 THEN '57014'
        WHEN 7 THEN '42501' WHEN 8 THEN '38000' WHEN 9 THEN '44000' WHEN 10 THEN 'UX123' WHEN 11 THEN '08006'
        WHEN 12 THEN 'assert' WHEN 13 THEN 'no such table' WHEN 14 THEN '55P03' END FROM generate_series(1, 1200) n;
    INSERT INTO deferred SELECT n, CASE WHEN n IN (20, 999, 1001) THEN 'bad' ELSE 'good' END FROM generate_series(1, 1200) n;
    INSERT INTO generated SELECT n, n - 30 FROM generate_series(1, 1200) n;
    INSERT INTO domains SELECT n, CASE WHEN n IN (31, 1199) THEN 'bad' ELSE 'good' END FROM generate_series(1, 1200) n;
    INSERT INTO left_out SELECT n, CASE WHEN n IN (40, 41, 1200) THEN 'bad' ELSE 'good' END FROM generate_series(1, 1200) n;
    INSERT INTO cut SELECT n, CASE WHEN n IN (50, 1100) THEN 'sevenlaé' || n ELSE 'ééé' || n END FROM generate_series(1, 1200) n;
    INSERT INTO chain SELECT n, CASE WHEN n < 900 THEN n + 1 END, CASE WHEN n IN (60, 61) THEN 'too long' ELSE 'short' END
        FROM generate_series(1, 900) n;
SQL
in_new <<'SQL'
    CREATE TABLE long_keys (id int PRIMARY KEY, v text);
    CREATE INDEX ON long_keys (v);

    CREATE TABLE raised (id int PRIMARY KEY, v text);
    CREATE FUNCTION raise_it() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF new.v = 'assert' THEN ASSERT false, 'no';
            ELSIF new.v = 'no such table' THEN PERFORM FROM public.nothing_here;
            ELSIF new.v IS NOT NULL THEN RAISE 'a value that is not wanted: %', new.v USING ERRCODE = new.v;
            END IF;
            RETURN new;
        END $$;
    CREATE TRIGGER t BEFORE INSERT OR UPDATE ON raised FOR EACH ROW EXECUTE FUNCTION raise_it();
    ALTER TABLE raised ENABLE ALWAYS TRIGGER t;

    CREATE TABLE deferred (id int PRIMARY KEY, v text);
    CREATE FUNCTION raise_bad() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN IF new.v = 'bad' THEN RAISE 'bad'; END IF; RETURN NULL; END$$;
    CREATE CONSTRAINT TRIGGER t AFTER INSERT OR UPDATE ON deferred DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION raise_bad();
    ALTER TABLE deferred ENABLE ALWAYS TRIGGER t;

    CREATE FUNCTION invert(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $$BEGIN IF x = 570 THEN RAISE 'not 570' USING ERRCODE = '57P01'; END IF; RETURN 1000 / x; END$$;
    CREATE TABLE generated (id int PRIMARY KEY, v int, w int GENERATED ALWAYS AS (public.invert(v)) STORED);

    CREATE FUNCTION is_good(x text) RETURNS bool LANGUAGE plpgsql AS
        $$BEGIN IF x = 'bad' THEN RAISE 'bad' USING ERRCODE = '53200'; END IF; RETURN true; END$$;
    CREATE DOMAIN good_text AS text CHECK (is_good(value));
    CREATE TABLE domains (id int PRIMARY KEY, v good_text);

    CREATE TABLE left_out (id int PRIMARY KEY, v text);
    CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN IF new.v = 'bad' THEN RETURN NULL; END IF; RETURN new; END$$;
    CREATE TRIGGER t BEFORE INSERT OR UPDATE ON left_out FOR EACH ROW EXECUTE FUNCTION leave_out();
    ALTER TABLE left_out ENABLE ALWAYS TRIGGER t;

    CREATE TABLE cut (id int PRIMARY KEY, v text);

    -- each row needs the next one, which comes after it
    CREATE TABLE chain (id int PRIMARY KEY, next int, v varchar(5),
        CONSTRAINT codes UNIQUE (next) DEFERRABLE INITIALLY DEFERRED,
        FOREIGN KEY (next) REFERENCES chain DEFERRABLE INITIALLY DEFERRED);
SQL

pair() {
    echo "  - {old: public.$1, new: public.$1}"
}

test_a_row_is_parked_whatever_refuses_it() {
    copy_config "$(pair long_keys; pair raised; pair deferred; pair generated; pair domains; pair left_out)
  - old: public.cut
    new: public.cut
    transforms: [{use: $fixtures/plugin_cut_bytes.so, old: [v], new: [v]}]"
    assert_exit 0 timeout 50 "$PGTANDEM" backfill
    assert_eq "$(parked long_keys)" "7 54000, 1500 54000" "an index row that is too large"
    assert_eq "$(parked raised)" "3 P0001, 4 40001, 5 40P01, 6 57014, 7 42501, 8 38000, 9 44000, 10 UX123, 11 08006, 12 P0004, 13 42P01, 14 55P03" \
        "what a trigger raises"
    assert_eq "$(parked deferred)" "20 P0001, 999 P0001, 1001 P0001" "a constraint trigger that waits for COMMIT"
    assert_eq "$(parked generated)" "30 22012, 600 57P01" "a generated column"
    assert_eq "$(parked domains)" "31 53200, 1199 53200" "a domain"
    assert_eq "$(parked left_out)" "40 09000, 41 09000, 1200 09000" "rows that a trigger leaves out"
    assert_eq "$(parked cut)" "50 22000, 1100 22000" "a transform's output that is not UTF-8"
    assert_the_ledger_adds_up
    assert_eq "$(sql main two "SELECT (SELECT count(*) FROM long_keys), (SELECT count(*) FROM raised),
        (SELECT count(*) FROM deferred), (SELECT count(*) FROM generated), (SELECT count(*) FROM domains),
        (SELECT count(*) FROM left_out), (SELECT count(*) FROM cut)")" "1998|1188|1197|1198|1198|1197|1198" "rows copied"
    assert_contains "$(sql main two "SELECT reason FROM pgtandem.parked WHERE sqlstate = '09000' LIMIT 1")" "left it out"
    case $output in
    *"not wanted"*) fail "the log shows values: $output" ;;
    esac
    teardown
    sql main two "TRUNCATE long_keys, raised, deferred, generated, domains, left_out, cut"
}

# Rows that need each other are not at fault because one of them is.
test_rows_that_need_later_ones_are_copied() {
    copy_config "$(pair chain)"
    sql main one "UPDATE chain SET next = NULL WHERE next IN (60, 61)"
    assert_exit 0 timeout 50 "$PGTANDEM" backfill
    assert_eq "$(parked chain)" "60 22001, 61 22001" "parked rows"
    assert_the_ledger_adds_up
    teardown
    sql main two "TRUNCATE chain"
}

test_what_every_row_causes_stops_the_copy() {
    sql main two "CREATE FUNCTION refuse_all() RETURNS trigger LANGUAGE plpgsql AS
        \$\$BEGIN IF new.id > 10 THEN RAISE 'no'; END IF; RETURN new; END\$\$;
        CREATE TRIGGER u BEFORE INSERT ON domains FOR EACH ROW EXECUTE FUNCTION refuse_all();
        ALTER TABLE domains ENABLE ALWAYS TRIGGER u"
    copy_config "$(pair domains)" "conflicts: {max_parked_in_a_row: 100}"
    assert_exit 1 timeout 50 "$PGTANDEM" backfill
    assert_contains "$output" "100 rows one after the other could not be copied to public.domains"
    assert_contains "$output" "conflicts.max_parked_in_a_row"
    assert_eq "$(sql main two "SELECT count(*) FROM pgtandem.parked")" 0 "parked rows of a chunk that is not committed"
    sql main two "DROP TRIGGER u ON domains"
    assert_exit 0 timeout 50 "$PGTANDEM" backfill
    assert_eq "$(parked domains)" "31 53200, 1199 53200"
    teardown
    sql main two "TRUNCATE domains"
}

test_a_row_that_cannot_be_kept_is_parked_without_it() {
    copy_config "$(pair long_keys)"
    assert_exit 0 pgtandem setup
    sql main two "ALTER TABLE pgtandem.parked ADD CONSTRAINT small CHECK (row_image IS NULL)"
    assert_exit 0 timeout 50 "$PGTANDEM" backfill
    assert_eq "$(sql main two "SELECT key, sqlstate, row_image IS NULL FROM pgtandem.parked ORDER BY id")" \
        '{"id": "7"}|54000|t
{"id": "1500"}|54000|t' "parked rows"
    assert_the_ledger_adds_up
    teardown
    sql main two "TRUNCATE long_keys"
}

test_a_row_that_cannot_be_parked_stops_the_copy() {
    copy_config "$(pair long_keys)"
    assert_exit 0 pgtandem setup
    sql main two "ALTER TABLE pgtandem.parked ADD CONSTRAINT no_more CHECK (false)"
    assert_exit 1 timeout 50 "$PGTANDEM" backfill
    assert_contains "$output" "of public.long_keys: it cannot be parked: a row violates a check constraint"
    assert_contains "$output" "was to be parked because of: a row exceeds a limit of the server"
    assert_contains "$output" "pgtandem.parked"
    sql main two "ALTER TABLE pgtandem.parked DROP CONSTRAINT no_more"
    assert_exit 0 timeout 50 "$PGTANDEM" backfill
    assert_eq "$(parked long_keys)" "7 54000, 1500 54000"
    teardown
    sql main two "TRUNCATE long_keys"
}

# ---- rechecks ----

# A row that the new table does not have, and of which nothing is on record.
forget_a_parked_row() {
    copy_config "$(pair long_keys)"
    service_start
    wait_phase live
    service_stop
    sql main two "DELETE FROM pgtandem.parked WHERE key ->> 'id' = '7'"
}

test_a_mend_that_cannot_be_kept_is_parked_without_its_row() {
    forget_a_parked_row
    sql main two "ALTER TABLE pgtandem.parked ADD CONSTRAINT small CHECK (row_image IS NULL) NOT VALID"
    pgtandem verify --full --repair >"$T/verify.log" 2>&1 || true
    assert_eq "$(sql main two "SELECT key, operation, sqlstate, row_image IS NULL FROM pgtandem.parked
        WHERE key ->> 'id' = '7'")" '{"id": "7"}|mend|54000|t' "what is parked: $(cat "$T/verify.log")"
    sql main two "ALTER TABLE pgtandem.parked DROP CONSTRAINT small"
}

test_a_mend_that_cannot_be_parked_says_so() {
    sql main two "DELETE FROM pgtandem.parked WHERE key ->> 'id' = '7';
        ALTER TABLE pgtandem.parked ADD CONSTRAINT no_more CHECK (false) NOT VALID"
    assert_exit 1 timeout 30 "$PGTANDEM" verify --full --repair
    assert_contains "$output" "cannot park a row in the new database"
    assert_contains "$output" "the row was to be parked because of"
    sql main two "ALTER TABLE pgtandem.parked DROP CONSTRAINT no_more"
    pgtandem verify --full --repair >"$T/verify.log" 2>&1 || true
    assert_eq "$(parked long_keys)" "7 54000, 1500 54000"
}

# ---- the stream ----

# A row of more than a gigabyte takes long; a type whose values cannot be printed for a
# while is as bad for the decoder, which prints them as they were then, for ever.
test_a_change_that_cannot_be_decoded_stops_the_link_and_its_cure_loses_nothing() {
    local cure
    teardown
    in_old <<<"CREATE TYPE mood AS ENUM ('well', 'ill');
        CREATE TABLE moods (id int PRIMARY KEY, v text, mood mood);
        INSERT INTO moods SELECT n, n, 'well' FROM generate_series(1, 100) n"
    in_new <<<"CREATE TYPE mood AS ENUM ('well', 'ill');
        CREATE TABLE moods (id int PRIMARY KEY, v text, mood mood)"
    copy_config "$(pair moods)"
    service_start
    wait_phase live
    sql main one "UPDATE pg_type SET typoutput = 'shell_out' WHERE typname = 'mood'"
    sql main one "BEGIN; INSERT INTO moods VALUES (200, 'before', NULL); DELETE FROM moods WHERE id = 5;
        UPDATE moods SET id = 1006 WHERE id = 6; INSERT INTO moods VALUES (201, 'at fault', 'ill');
        INSERT INTO moods VALUES (202, 'after', NULL); COMMIT"
    sql main one "UPDATE pg_type SET typoutput = 'enum_out' WHERE typname = 'mood'"
    sql main one "INSERT INTO moods VALUES (203, 'later', 'well')"
    wait_service_end 1 20
    assert_contains "$(last_words 9)" "the server cannot decode a change of the transaction"
    cure=$(grep -o "SELECT pg_replication_slot_advance('[^']*', '[^']*')" "$(service_log)" | tail -n 1)
    [ -n "$cure" ] || fail "no cure: $(last_words)"
    sql main one "$cure" >"$T/advanced"
    service_start
    wait_phase live
    wait_rows 20 main two "SELECT v FROM moods WHERE id = 203" later
    assert_exit 0 timeout 60 "$PGTANDEM" verify --full --repair
    wait_same_rows 20 main one "SELECT * FROM moods ORDER BY id" main two "SELECT * FROM moods ORDER BY id"
    assert_eq "$(sql main two "SELECT count(*) FROM moods")" 103
    service_stop
    teardown
}

# Values of several megabytes are not copied on their way, but handed on: what becomes of them?
test_large_values_arrive_as_they_are() {
    local columns="id, md5(v), md5(b), md5(w), length(v), length(b)"
    in_old <<<"CREATE TABLE large (id int PRIMARY KEY, v text, b bytea, w varchar)"
    in_new <<<"CREATE TABLE large (id int PRIMARY KEY, v text, b bytea, w varchar)"
    in_old <<'SQL'
        CREATE FUNCTION some_text(n int) RETURNS text LANGUAGE sql AS
            $$ SELECT string_agg(md5(i::text) || E'"\n\\\té', '') FROM generate_series(n, n + 120000) i $$;
        INSERT INTO large SELECT n, some_text(n), convert_to(some_text(n), 'UTF8'), 'w' FROM generate_series(1, 2) n
SQL
    copy_config "$(pair large)"
    service_start
    wait_phase live
    in_old <<'SQL'
        BEGIN;
        INSERT INTO large VALUES (10, 'small', 'small', 'w');
        INSERT INTO large VALUES (11, some_text(11), convert_to(some_text(12), 'UTF8'), some_text(13));
        UPDATE large SET w = 'x' WHERE id = 1;
        INSERT INTO large VALUES (12, NULL, convert_to(some_text(14), 'UTF8'), 'w');
        INSERT INTO large VALUES (13, some_text(15), NULL, 'w');
        UPDATE large SET v = some_text(16) WHERE id IN (2, 10);
        DELETE FROM large WHERE id = 13;
        COMMIT;
        INSERT INTO large VALUES (14, some_text(17), 'b', some_text(17));
        UPDATE large SET b = convert_to(some_text(18), 'UTF8') WHERE id = 14
SQL
    wait_same_rows 60 main one "SELECT $columns FROM large ORDER BY id" main two "SELECT $columns FROM large ORDER BY id"
    wait_drained
    assert_eq "$(sql main two "SELECT count(*) FROM large")" 6
    in_new <<<"UPDATE large SET v = v || 'y', b = b || 'y' WHERE id = 11"
    wait_same_rows 60 main one "SELECT $columns FROM large ORDER BY id" main two "SELECT $columns FROM large ORDER BY id"
    assert_eq "$(sql main two "SELECT count(*) FROM pgtandem.parked")" 0
    service_stop
    teardown
}

run_tests "$@"
