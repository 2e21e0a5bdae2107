#!/bin/bash
# Rows that the other side cannot take: parked once with their reason, or the link
# stops; corrections that survive; TRUNCATE; a transform of one's own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main
create_database main app
cp -r "$ROOT/plugin/example" "$T/example"
make -s -C "$T/example" PGTANDEM_INCLUDE="$ROOT/plugin" >"$T/make.log" 2>&1 || fail "$(cat "$T/make.log")"

make_tables() {
    run_sql main app <<'SQL'
DROP SCHEMA IF EXISTS o CASCADE;
DROP SCHEMA IF EXISTS n CASCADE;
CREATE SCHEMA o;
CREATE SCHEMA n;
CREATE TYPE n.color AS ENUM ('red', 'green');
CREATE DOMAIN n.short AS varchar(5);
CREATE TABLE o.r (id int PRIMARY KEY, size int, code text, must text, color text, email text, label text,
                  big bigint, name text NOT NULL DEFAULT 'A B', bio text);
CREATE TABLE n.r (id int PRIMARY KEY, size int CHECK (size < 100), code varchar(5), must text NOT NULL,
                  color n.color, local_part text, domain text, label n.short, big smallint,
                  first_name text NOT NULL, last_name text NOT NULL, bio text);
INSERT INTO o.r VALUES (1, 1, 'ok', 'x', 'red', 'a@b', 'l', 1), (2, 2, 'ok', 'x', 'green', NULL, NULL, 2);
SQL
}

# configure USE [MORE]: USE is how the example's transform is named.
configure() {
    pair_config "$(dsn main app)" "$(dsn main app)" "
  - old: o.r
    new: n.r
    transforms:
      - {use: $1, old: [email], new: [local_part, domain]}
      - {use: split_name, old: [name], new: [first_name, last_name]}" "${2:-}"
}

# begin [MORE]: from empty state and two rows to live.
begin() {
    ! background_running service || { service_kill && teardown; }
    make_tables
    configure split_email "${1:-}"
    PGTANDEM_PLUGIN_PATH=$T/example service_start
    wait_phase live
}

end() {
    service_stop
    teardown
}

# The old side's ways of offending, by key.
offend() {
    cat <<'SQL'
INSERT INTO o.r VALUES (10, 100, 'check', 'x', 'red', 'a@b', 'l', 1);
INSERT INTO o.r VALUES (11, 1, 'toolong', 'x', 'red', 'a@b', 'l', 1);
INSERT INTO o.r VALUES (12, 1, 'null', NULL, 'red', 'a@b', 'l', 1);
INSERT INTO o.r VALUES (13, 1, 'cast', 'x', 'blue', 'a@b', 'l', 1);
INSERT INTO o.r VALUES (14, 1, 'trans', 'x', 'red', 'no address', 'l', 1);
INSERT INTO o.r VALUES (15, 1, 'dom', 'x', 'red', 'a@b', 'longlabel', 1);
INSERT INTO o.r VALUES (16, 1, 'range', 'x', 'red', 'a@b', 'l', 70000);
SQL
}

parked_keys=$'10\t23514\n11\t22001\n12\t23502\n13\t22P02\n14\t22000\n15\t22001\n16\t22003'
parked="SELECT key->>'id', sqlstate FROM pgtandem.parked"

test_live_rows_that_cannot_be_written_are_parked_once() {
    begin
    { echo "BEGIN; UPDATE o.r SET size = 5 WHERE id = 1;"; offend; echo "UPDATE o.r SET size = 6 WHERE id = 2; COMMIT;"; } |
        run_sql main app
    wait_rows 30 main app "$parked ORDER BY 1" "$parked_keys"
    wait_rows 10 main app "SELECT id, size FROM n.r ORDER BY id" $'1\t5\n2\t6'
    assert_eq "$(status_field .forward.parked)" 7
    assert_eq "$(rows main app "SELECT link, table_name, operation, row_image->>'code', row_image->>'size' FROM pgtandem.parked WHERE key = '{\"id\": \"10\"}'")" \
        $'forward\tn.r\tinsert\tcheck\t100'
    assert_contains "$(rows main app "SELECT reason FROM pgtandem.parked WHERE key->>'id' = '10'")" r_size_check
    assert_contains "$(rows main app "SELECT diagnostics FROM pgtandem.parked WHERE key->>'id' = '14'")" "the address has no @"
    assert_eq "$(rows main app "SELECT count(*) FROM pgtandem.parked WHERE source_lsn IS NULL OR commit_time IS NULL")" 0
}

test_updates_and_the_other_direction_are_parked_too() {
    sql main app "UPDATE o.r SET code = 'too long' WHERE id = 1"
    sql main app "UPDATE o.r SET size = 7 WHERE id = 2"
    sql main app "UPDATE n.r SET domain = '' WHERE id = 2; UPDATE n.r SET local_part = 'x' WHERE id = 2"
    wait_rows 30 main app "SELECT size FROM n.r WHERE id = 2" 7
    wait_rows 30 main app "SELECT link, operation, key->>'id', sqlstate FROM pgtandem.parked WHERE operation = 'update' ORDER BY id" \
        $'forward\tupdate\t1\t22001\nreverse\tupdate\t2\t22000\nreverse\tupdate\t2\t22000'
    assert_eq "$(status_field '"\(.forward.parked) \(.reverse.parked)"')" "8 2"
}

# It is written in pieces, some of which hold rows at fault.
test_a_large_transaction_with_rows_at_fault() {
    service_stop
    configure split_email "stream: {batch_rows: 10}"
    PGTANDEM_PLUGIN_PATH=$T/example service_start
    sql main app "INSERT INTO o.r SELECT i, CASE WHEN i % 100 = 0 THEN 100 ELSE i % 100 END, 'ok', 'x', 'red',
                      CASE WHEN i % 150 = 1 THEN 'none' ELSE 'a@b' END, 'l', 1 FROM generate_series(1001, 1300) i"
    wait_rows 30 main app "SELECT count(*), min(size), max(size) FROM n.r WHERE id > 1000" $'295\t1\t99'
    assert_eq "$(rows main app "SELECT key->>'id' k, sqlstate FROM pgtandem.parked WHERE (key->>'id')::int > 1000 ORDER BY k" | tr '\t\n' ': ')" \
        "1051:22000 1100:23514 1200:23514 1201:22000 1300:23514 "
    sql main app "DELETE FROM o.r WHERE id > 1000; DELETE FROM pgtandem.parked WHERE (key->>'id')::int > 1000"
    wait_rows 30 main app "SELECT count(*) FROM n.r WHERE id > 1000" 0
}

test_starting_again_parks_nothing_twice() {
    service_kill
    PGTANDEM_PLUGIN_PATH=$T/example service_start
    sql main app "INSERT INTO o.r VALUES (20, 1, 'ok', 'x', 'red', 'a@b', 'l', 1)"
    wait_rows 30 main app "SELECT count(*) FROM n.r" 3
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.parked")" 10
    end
}

test_rows_are_parked_in_the_copy_and_in_catch_up() {
    make_tables
    offend | head -n 4 | run_sql main app
    configure split_email "backfill: {jobs: 1}"
    PGTANDEM_PLUGIN_PATH=$T/example pgtandem setup >"$T/setup.log" 2>&1 || fail "$(cat "$T/setup.log")"
    # the slot is there: what follows is both in the copy and in the stream
    { offend | tail -n 3; echo "INSERT INTO o.r VALUES (20, 1, 'ok', 'x', 'red', 'a@b', 'l', 1);"; } | run_sql main app
    PGTANDEM_PLUGIN_PATH=$T/example service_start
    wait_phase live
    wait_rows 30 main app "SELECT id FROM n.r ORDER BY id" $'1\n2\n20'
    assert_eq "$(rows main app "SELECT DISTINCT key->>'id' k, sqlstate FROM pgtandem.parked ORDER BY k")" "$parked_keys"
    # before the slot: by the copy alone, and once
    assert_eq "$(rows main app "SELECT DISTINCT link, count(*) FROM pgtandem.parked WHERE (key->>'id')::int < 14 GROUP BY link")" $'copy\t4'
    end
}

test_stop_names_key_and_sqlstate_and_goes_on_when_mended() {
    begin "conflicts: {on_row_error: stop}"
    local before
    sql main app "UPDATE o.r SET size = 50 WHERE id = 1"
    wait_rows 30 main app "SELECT size FROM n.r WHERE id = 1" 50
    before=$(sql main app "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name LIKE '%forward'")
    forget_log
    sql main app "BEGIN; UPDATE o.r SET size = 51 WHERE id = 1; INSERT INTO o.r VALUES (10, 100, 'check', 'x', 'red', 'a@b', 'l', 1);
                  UPDATE o.r SET size = 52 WHERE id = 2; COMMIT"
    sql main app "UPDATE o.r SET bio = 'after' WHERE id = 2"
    wait_service_end 1
    assert_contains "$(last_words 20)" "(10)"
    assert_contains "$(last_words 20)" "23514"
    assert_contains "$(last_words 2)" "hint: "
    assert_eq "$(sql main app "SELECT size FROM n.r WHERE id = 1")" 50 "the transaction is whole or not there"
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.parked")" 0
    assert_eq "$(sql main app "SELECT confirmed_flush_lsn < pg_current_wal_lsn() FROM pg_replication_slots WHERE slot_name LIKE '%forward'")" t \
        "nothing is acknowledged since $before"
    # again the same, until the cause is mended
    PGTANDEM_PLUGIN_PATH=$T/example service_start
    wait_service_end 1
    sql main app "ALTER TABLE n.r DROP CONSTRAINT r_size_check"
    PGTANDEM_PLUGIN_PATH=$T/example service_start
    wait_rows 30 main app "SELECT id, size, bio FROM n.r ORDER BY id" $'1\t51\t\\N\n2\t52\tafter\n10\t100\t\\N'
    end
}

test_stop_for_a_transforms_refusal() {
    begin "conflicts: {on_row_error: stop}"
    forget_log
    sql main app "INSERT INTO o.r VALUES (14, 1, 'trans', 'x', 'red', 'no address', 'l', 1)"
    wait_service_end 1
    assert_contains "$(last_words 4)" "refused the row"
    assert_exit 0 pgtandem status --values
    assert_contains "$output" "with values: the address has no @"
    assert_contains "$(last_words 4)" "(14)"
    sql main app "UPDATE o.r SET email = 'an@address' WHERE id = 14"
    PGTANDEM_PLUGIN_PATH=$T/example service_start
    wait_service_end 1 # the insert is in the log as it was
    configure split_email
    PGTANDEM_PLUGIN_PATH=$T/example service_start
    wait_until 30 parked_is 2 # the update meets no row, and is not lost either
    end
}

parked_is() {
    [ "$(sql main app "SELECT count(*) FROM pgtandem.parked")" -le "$1" ] &&
        [ "$(status_field '.forward.parked + .forward.conflicts')" -ge "$1" ]
}

test_corrections_survive_changes_of_other_columns() {
    begin
    sql main app "UPDATE o.r SET name = 'Johann van der Berg' WHERE id = 1; UPDATE o.r SET name = '  Ada   King ' WHERE id = 2"
    wait_rows 30 main app "SELECT first_name, last_name FROM n.r ORDER BY id" $'Johann van der\tBerg\nAda\tKing'
    sql main app "UPDATE n.r SET first_name = 'Johann', last_name = 'van der Berg' WHERE id = 1"
    wait_until 10 drained
    sql main app "UPDATE o.r SET bio = 'from old' WHERE id = 1"
    wait_rows 30 main app "SELECT first_name, last_name, bio FROM n.r WHERE id = 1" $'Johann\tvan der Berg\tfrom old'
    sql main app "UPDATE n.r SET bio = 'from new'"
    wait_rows 30 main app "SELECT name, bio FROM o.r ORDER BY id" $'Johann van der Berg\tfrom new\n  Ada   King \tfrom new'
    # in one batch with other changes, and with a change of the key
    sql main app "BEGIN; UPDATE o.r SET id = 101 WHERE id = 1; UPDATE o.r SET bio = 'moved' WHERE id = 101; COMMIT"
    wait_rows 30 main app "SELECT first_name, last_name, bio FROM n.r WHERE id = 101" $'Johann\tvan der Berg\tmoved'
    # a change of the name itself does undo it
    sql main app "UPDATE o.r SET name = 'Jo Berg' WHERE id = 101"
    wait_rows 30 main app "SELECT first_name, last_name FROM n.r WHERE id = 101" $'Jo\tBerg'
    assert_eq "$(status_field '.forward.conflicts + .reverse.conflicts + .forward.parked + .reverse.parked')" 0
}

drained() {
    [ "$(status_field '[.forward, .reverse | .lag_bytes] == [0, 0]')" = true ]
}

test_truncate_stops_the_link() {
    forget_log
    sql main app "TRUNCATE o.r"
    wait_service_end 1
    assert_contains "$(last_words 3)" "o.r was truncated"
    assert_contains "$(last_words 1)" "on_truncate"
    assert_eq "$(sql main app "SELECT count(*) FROM n.r")" 2
}

test_truncate_is_applied_when_it_is_wanted() {
    configure split_email "stream: {on_truncate: apply}"
    PGTANDEM_PLUGIN_PATH=$T/example service_start
    wait_rows 30 main app "SELECT count(*) FROM n.r" 0
    sql main app "INSERT INTO o.r VALUES (1, 1, 'ok', 'x', 'red', 'a@b', 'l', 1); TRUNCATE o.r;
                  INSERT INTO o.r VALUES (2, 2, 'ok', 'x', 'red', 'a@b', 'l', 1)"
    wait_rows 30 main app "SELECT id FROM n.r" 2
    sql main app "BEGIN; INSERT INTO n.r VALUES (3, 1, 'ok', 'x', 'red', 'a', 'b', 'l', 1, 'f', 'l'); TRUNCATE n.r;
                  INSERT INTO n.r VALUES (4, 1, 'ok', 'x', 'red', 'a', 'b', 'l', 1, 'f', 'l'); COMMIT"
    wait_rows 30 main app "SELECT id FROM o.r" 4
    end
}

test_a_transform_by_path_and_by_name() {
    make_tables
    configure "$T/example/split_email.so"
    pgtandem run --once >"$T/once.log" 2>&1 || fail "$(cat "$T/once.log")"
    assert_eq "$(rows main app "SELECT local_part, domain FROM n.r WHERE id = 1")" $'a\tb'
    configure example/split_email.so # from the configuration's folder
    sql main app "UPDATE o.r SET email = 'c@d' WHERE id = 1"
    pgtandem run --once >"$T/once.log" 2>&1 || fail "$(cat "$T/once.log")"
    assert_eq "$(rows main app "SELECT local_part, domain FROM n.r WHERE id = 1")" $'c\td'
    configure split_email
    assert_exit 2 pgtandem run --once
    assert_contains "$output" split_email
    assert_contains "$output" PGTANDEM_PLUGIN_PATH
    sql main app "UPDATE n.r SET domain = 'e' WHERE id = 1"
    PGTANDEM_PLUGIN_PATH=/nowhere:$T/example pgtandem run --once >"$T/once.log" 2>&1 || fail "$(cat "$T/once.log")"
    assert_eq "$(rows main app "SELECT email FROM o.r WHERE id = 1")" 'c@e'
}

run_tests "$@"
