#!/bin/bash
# Rows that differ between the sides, for whatever reason, are mended when they are
# put up for recheck: from the side whose row counts, once nothing is on its way.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main autovacuum=off
create_database main one
create_database main two

run_sql main one <<'SQL'
CREATE SCHEMA o;
CREATE TABLE o.t (id int PRIMARY KEY, code text UNIQUE, full_name text NOT NULL, note text);
CREATE TABLE o.pair (a int, b text, v text, PRIMARY KEY (a, b));
INSERT INTO o.t SELECT i, 'c' || i, 'Anna ' || i, 'note ' || i FROM generate_series(1, 600) AS i;
INSERT INTO o.pair SELECT i, 'b ' || i, 'v' FROM generate_series(1, 50) AS i;
SQL
run_sql main two <<'SQL'
CREATE SCHEMA n;
CREATE TABLE n.t (id int PRIMARY KEY, code text UNIQUE, first_name text NOT NULL, last_name text NOT NULL, note text);
CREATE TABLE n.pair (v text, b text, a int, PRIMARY KEY (b, a));
SQL
pair_config "$(dsn main one)" "$(dsn main two)" "
  - old: o.t
    new: n.t
    transforms: [{use: split_name, old: [full_name], new: [first_name, last_name]}]
  - old: o.pair
    new: n.pair"

old() {
    sql main one "$1"
}

new() {
    sql main two "$1"
}

# secretly old|new STATEMENT: as if pgtandem had written it: what it changes is a copy,
# and stays where it is.
secretly() {
    "$1" "SELECT FROM pg_replication_origin_session_setup('pgtandem_users_name_split_copy_0'); $2"
}

# put_up old|new TABLE KEYS: in the database that is the link's target.
put_up() {
    local link=forward
    [ "$1" = new ] || link=reverse
    "$1" "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)
          VALUES ('users_name_split', '$link', '$2', '$3')"
}

nothing_is_up() {
    [ "$(old 'SELECT count(*) FROM pgtandem.recheck')$(new 'SELECT count(*) FROM pgtandem.recheck')" = 00 ]
}

wait_mended() {
    wait_until 30 nothing_is_up
}

old_row() {
    old "SELECT code, full_name, left(note, 40) FROM o.t WHERE id = $1"
}

new_row() {
    new "SELECT code, trim(first_name || ' ' || last_name), left(note, 40) FROM n.t WHERE id = $1"
}

# assert_row ID ROW: on both sides; "" for none.
assert_row() {
    assert_eq "$(old_row "$1")" "$2" "old row $1"
    assert_eq "$(new_row "$1")" "$2" "new row $1"
}

# Every row of both pairs of tables agrees.
assert_all_agree() {
    assert_exit 0 pgtandem verify --full
}

applied() {
    status_field '[.forward, .reverse | .applied_transactions, .applied_changes] | map(tostring) | join(" ")'
}

# lose_changes: what was written while the service is down, and not delivered, is lost.
lose_changes() {
    old "SELECT FROM pg_replication_slot_advance('pgtandem_users_name_split_forward', pg_current_wal_lsn())"
    new "SELECT FROM pg_replication_slot_advance('pgtandem_users_name_split_reverse', pg_current_wal_lsn())"
}

test_the_service_goes_live() {
    service_start
    wait_phase live
    wait_drained
    assert_all_agree
}

test_an_original_goes_over_a_copy() {
    secretly new "UPDATE n.t SET note = 'damaged', code = NULL WHERE id = 1"
    put_up new n.t '{1}'
    wait_mended
    assert_row 1 'c1|Anna 1|note 1'
    new "UPDATE n.t SET note = NULL WHERE id = 2"
    wait_drained
    assert_row 2 'c2|Anna 2|'
    secretly old "UPDATE o.t SET note = 'damaged' WHERE id = 2"
    put_up old o.t '{2}'
    wait_mended
    assert_row 2 'c2|Anna 2|'
}

test_either_database_may_say_it() {
    secretly new "UPDATE n.t SET note = 'damaged' WHERE id IN (3, 4)"
    put_up old o.t '{3,4}'
    wait_mended
    assert_row 3 'c3|Anna 3|note 3'
    assert_row 4 'c4|Anna 4|note 4'
}

test_a_copy_that_was_lost_is_made_again() {
    secretly new "DELETE FROM n.t WHERE id = 5"
    put_up new n.t '{5}'
    wait_mended
    assert_row 5 'c5|Anna 5|note 5'
    new "INSERT INTO n.t VALUES (1001, 'n1', 'Nina', 'New', 'new')"
    wait_drained
    secretly old "DELETE FROM o.t WHERE id = 1001"
    put_up new n.t '{1001}'
    wait_mended
    assert_row 1001 'n1|Nina New|new'
}

test_a_copy_alone_is_removed() {
    secretly new "INSERT INTO n.t VALUES (1002, 'x', 'No', 'Body', '')"
    secretly old "INSERT INTO o.t VALUES (1003, 'x', 'No Body', '')"
    put_up new n.t '{1002,1003,1004}'
    wait_mended
    assert_row 1002 ''
    assert_row 1003 ''
    assert_row 1004 ''
}

test_of_two_copies_the_new_sides_goes_over() {
    secretly old "UPDATE o.t SET note = 'old copy' WHERE id = 6"
    put_up new n.t '{6}'
    wait_mended
    assert_row 6 'c6|Anna 6|note 6'
}

test_of_two_originals_the_later_goes_over() {
    service_stop
    old "UPDATE o.t SET note = 'old, earlier' WHERE id = 7"
    new "UPDATE n.t SET note = 'new, later' WHERE id = 7"
    new "UPDATE n.t SET note = 'new, earlier' WHERE id = 8"
    old "UPDATE o.t SET note = 'old, later' WHERE id = 8"
    lose_changes
    service_start
    wait_phase live
    put_up new n.t '{7,8}'
    wait_mended
    assert_row 7 'c7|Anna 7|new, later'
    assert_row 8 'c8|Anna 8|old, later'
}

test_a_correction_survives() {
    new "UPDATE n.t SET first_name = 'Johann', last_name = 'van der Berg' WHERE id = 9"
    wait_drained
    assert_eq "$(old_row 9)" 'c9|Johann van der Berg|note 9'
    old "UPDATE o.t SET note = 'later' WHERE id = 9"
    wait_drained
    secretly new "UPDATE n.t SET note = 'damaged' WHERE id = 9"
    put_up new n.t '{9}'
    wait_mended
    assert_row 9 'c9|Johann van der Berg|later'
    assert_eq "$(new 'SELECT last_name FROM n.t WHERE id = 9')" 'van der Berg'
}

# Values that are stored outside the row, and ones that quoting could spoil.
test_large_and_odd_values() {
    local large="(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 3200) AS i)"
    old "UPDATE o.t SET note = $large, code = '{\"a,b\",NULL}\\ \"' WHERE id BETWEEN 10 AND 10"
    old "UPDATE o.t SET note = $large, code = NULL WHERE id BETWEEN 11 AND 60"
    wait_drained
    secretly new "UPDATE n.t SET note = 'damaged', code = NULL WHERE id BETWEEN 10 AND 40"
    secretly new "DELETE FROM n.t WHERE id BETWEEN 41 AND 60"
    new "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)
         SELECT 'users_name_split', 'forward', 'n.t', array_agg(i::text) FROM generate_series(10, 60) AS i"
    wait_mended
    assert_eq "$(new "SELECT count(*) FROM n.t WHERE id BETWEEN 10 AND 60 AND length(note) = 102400
                      AND (code = '{\"a,b\",NULL}\\ \"') IS NOT DISTINCT FROM (CASE WHEN id = 10 THEN true END)")" 51
    assert_all_agree
}

test_composite_keys_and_two_tables_at_once() {
    secretly new "DELETE FROM n.pair WHERE a IN (1, 2); UPDATE n.pair SET v = 'x' WHERE a = 3;
                  UPDATE n.t SET note = 'x' WHERE id = 61"
    put_up new n.pair '{1,"b 1",2,"b 2"}'
    # the old table's key is (a, b), the new one's (b, a)
    put_up old o.pair '{"b 3",3}'
    put_up new n.t '{61}'
    wait_mended
    assert_row 61 'c61|Anna 61|note 61'
    assert_all_agree
}

test_what_is_no_key_is_left_out() {
    put_up new n.t '{nonsense,62,99999999999999}'
    put_up new n.nothing '{1}'
    put_up new n.pair '{1,2,3}'
    put_up new n.t '{}'
    secretly new "UPDATE n.t SET note = 'x' WHERE id = 62"
    wait_mended
    assert_row 62 'c62|Anna 62|note 62'
    assert_contains "$(cat "$(service_log)")" 'a key that was put up for recheck is left out'
    assert_contains "$(cat "$(service_log)")" 'is of no table that the forward link writes to'
}

# Two rows that want each other's values, three in a ring, and a chain.
test_unique_values_that_were_exchanged() {
    secretly new "UPDATE n.t SET code = 'tmp' WHERE id = 70; UPDATE n.t SET code = 'c70' WHERE id = 71;
                  UPDATE n.t SET code = 'c71' WHERE id = 70"
    secretly new "UPDATE n.t SET code = 'tmp' WHERE id = 72; UPDATE n.t SET code = 'c72' WHERE id = 73;
                  UPDATE n.t SET code = 'c73' WHERE id = 74; UPDATE n.t SET code = 'c74' WHERE id = 72"
    secretly new "UPDATE n.t SET code = 'c75 away' WHERE id = 75; UPDATE n.t SET code = 'c75' WHERE id = 76;
                  UPDATE n.t SET code = 'c76' WHERE id = 77"
    put_up new n.t '{70,71,72,73,74,77,76,75}'
    wait_mended
    for id in 70 71 72 73 74 75 76 77; do
        assert_row $id "c$id|Anna $id|note $id"
    done
    assert_eq "$(new "SELECT count(*) FROM pgtandem.parked WHERE settled_at IS NULL")" 0 "open parked rows"
}

parked() {
    new "SELECT link, operation, sqlstate, key, settled_at IS NOT NULL FROM pgtandem.parked WHERE key = '{\"id\": \"$1\"}'"
}

is_parked() {
    [ -n "$(parked "$1")" ]
}

is_settled() {
    [[ "$(parked "$1")" == *'|t' ]]
}

test_a_blocked_unique_value_parks_and_heals() {
    # row 80 lacks its copy, whose code row 81's copy has; nobody has put up 81
    secretly new "DELETE FROM n.t WHERE id = 80; UPDATE n.t SET code = 'c80' WHERE id = 81"
    put_up new n.t '{80}'
    wait_mended
    wait_until 10 is_parked 80
    assert_eq "$(parked 80)" 'forward|mend|23505|{"id": "80"}|f'
    assert_contains "$(new "SELECT reason FROM pgtandem.parked WHERE settled_at IS NULL")" \
        'a unique value is taken by another row'
    assert_eq "$(new_row 80)" ''
    old "UPDATE o.t SET note = 'new note' WHERE id = 81"
    old "UPDATE o.t SET code = 'other' WHERE id = 81"
    wait_until 60 is_settled 80
    assert_row 80 'c80|Anna 80|note 80'
    assert_row 81 'other|Anna 81|new note'
}

# Parked one after the other, they are tried together.
test_parked_rows_that_block_each_other() {
    secretly new "UPDATE n.t SET code = 'tmp' WHERE id = 82; UPDATE n.t SET code = 'c82' WHERE id = 83;
                  UPDATE n.t SET code = 'c83' WHERE id = 82"
    put_up new n.t '{82}'
    wait_until 10 is_parked 82
    new "UPDATE pgtandem.parked SET retry_at = now() + interval '1 hour' WHERE settled_at IS NULL"
    put_up new n.t '{83}'
    wait_until 60 is_settled 82
    wait_mended
    assert_row 82 'c82|Anna 82|note 82'
    assert_row 83 'c83|Anna 83|note 83'
}

# Nothing is mended before a transaction has ended that was open all along.
test_an_open_transaction_delays_a_recheck() {
    background open "$PG_BIN/psql" -X -q -d "$(dsn main one)" -c \
        "BEGIN; UPDATE o.t SET note = 'at last' WHERE id = 90; SELECT pg_sleep(4); COMMIT"
    sleep 0.5
    secretly new "UPDATE n.t SET note = 'damaged' WHERE id IN (90, 91)"
    put_up new n.t '{90,91}'
    sleep 2
    assert_eq "$(new_row 91)" 'c91|Anna 91|damaged'
    wait_mended
    assert_row 90 'c90|Anna 90|at last'
    assert_row 91 'c91|Anna 91|note 91'
}

# A change that is on its way is no difference: the link brings it.
test_a_link_that_lags_delays_a_recheck() {
    local sender before
    wait_drained
    before=$(status_field .forward.applied_changes)
    sender=$(old "SELECT active_pid FROM pg_replication_slots WHERE slot_name LIKE '%_forward' AND database = 'one'")
    kill -s STOP "$sender"
    old "UPDATE o.t SET note = 'on its way' WHERE id = 92"
    put_up new n.t '{92}'
    sleep 2
    assert_eq "$(new_row 92)" 'c92|Anna 92|note 92'
    kill -s CONT "$sender"
    wait_mended
    assert_row 92 'c92|Anna 92|on its way'
    wait_drained
    assert_eq "$(status_field .forward.applied_changes)" $((before + 1)) "changes applied"
}

test_mends_do_not_come_back() {
    local before
    wait_drained
    before=$(applied)
    secretly new "UPDATE n.t SET note = 'damaged' WHERE id BETWEEN 100 AND 199"
    secretly old "DELETE FROM o.pair WHERE a BETWEEN 10 AND 20"
    new "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)
         SELECT 'users_name_split', 'forward', 'n.t', array_agg(i::text) FROM generate_series(100, 199) AS i"
    new "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)
         SELECT 'users_name_split', 'forward', 'n.pair', ARRAY[i::text, 'b ' || i] FROM generate_series(10, 20) AS i"
    wait_mended
    sleep 1
    wait_drained
    assert_eq "$(applied)" "$before" "what the links applied"
    assert_eq "$(old "SELECT count(*) FROM o.pair WHERE a BETWEEN 10 AND 20")" 0 "copies alone"
    assert_all_agree
}

test_rechecks_that_wait_for_the_service() {
    service_stop
    secretly new "UPDATE n.t SET note = 'damaged' WHERE id BETWEEN 200 AND 500"
    new "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)
         SELECT 'users_name_split', 'forward', 'n.t', ARRAY[i::text] FROM generate_series(200, 500) AS i"
    assert_exit 0 pgtandem run --once
    nothing_is_up || fail "rechecks are left"
    assert_all_agree
}

test_kills_in_the_middle_of_rounds() {
    for _ in 1 2 3 4 5 6; do
        secretly new "UPDATE n.t SET note = 'damaged', code = NULL WHERE id BETWEEN 200 AND 500"
        secretly new "DELETE FROM n.t WHERE id BETWEEN 501 AND 600"
        new "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)
             SELECT 'users_name_split', 'forward', 'n.t', array_agg(i::text) FROM generate_series(200, 600) AS i
             GROUP BY i / 50"
        service_start
        wait_phase live
        sleep 0.$((RANDOM % 6))
        service_kill
    done
    service_start
    wait_phase live
    wait_mended
    assert_all_agree
    assert_eq "$(new "SELECT count(*) FROM pgtandem.parked WHERE settled_at IS NULL")" 0 "open parked rows"
    service_stop
}

run_tests "$@"
