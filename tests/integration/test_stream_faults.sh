#!/bin/bash
# What one row causes is found and parked, whatever it is that the target raises; what
# every row causes stops the link; and parking that fails does, too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main
create_database main app

# A transform whose reverse is never asked for, and that makes bytes of what it is given.
make_transform() {
    cat >"$T/bytes.c" <<'C'
#include <string.h>
#include "pgtandem_transform.h"

static const char *const columns[] = {"hex", NULL}, *const bytes[] = {"bytes", NULL};

static bool forward(struct pgtandem_call *call, const struct pgtandem_text *in,
                    struct pgtandem_text *out) {
    (void)call;
    bool odd = in[0].size == 3 && memcmp(in[0].data, "odd", 3) == 0;
    out[0] = odd ? (struct pgtandem_text){"a\xff\xfez", 4, false} : in[0];
    return true;
}

static bool reverse(struct pgtandem_call *call, const struct pgtandem_text *in,
                    struct pgtandem_text *out) {
    (void)call;
    out[0] = in[0];
    return true;
}

const struct pgtandem_transform pgtandem_transform = {
    .abi = PGTANDEM_TRANSFORM_ABI, .size = sizeof(struct pgtandem_transform),
    .name = "bytes", .summary = "text that is none",
    .old_columns = columns, .new_columns = bytes, .forward = forward, .reverse = reverse,
};
C
    gcc -shared -fPIC -I"$ROOT/plugin" -o "$T/bytes.so" "$T/bytes.c"
}
make_transform

# The new side's ways to refuse a row, each by the row's `way`.
make_tables() {
    run_sql main app <<'SQL'
DROP SCHEMA IF EXISTS o CASCADE;
DROP SCHEMA IF EXISTS n CASCADE;
CREATE SCHEMA o;
CREATE SCHEMA n;
CREATE FUNCTION n.is_fine(v text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF v = 'domain' THEN RAISE 'the domain refuses %', v; END IF;
    RETURN true;
END $$;
CREATE FUNCTION n.half(v text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF v = 'generated' THEN RAISE 'the column refuses %', v USING ERRCODE = '38001'; END IF;
    RETURN left(v, 1);
END $$;
CREATE DOMAIN n.fine AS text CHECK (n.is_fine(VALUE));
CREATE TABLE o.t (id int PRIMARY KEY, way text, long text, hex text);
CREATE TABLE n.t (id int PRIMARY KEY, way n.fine, long text, bytes text,
                  half text GENERATED ALWAYS AS (n.half(way)) STORED);
CREATE INDEX t_long ON n.t (long);
CREATE FUNCTION n.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE NEW.way
    WHEN 'raises' THEN RAISE 'no % here', NEW.way;
    WHEN 'serialization' THEN RAISE 'no' USING ERRCODE = '40001';
    WHEN 'cancel' THEN RAISE 'no' USING ERRCODE = '57014';
    WHEN 'connection' THEN RAISE 'no' USING ERRCODE = '08006';
    WHEN 'denied' THEN RAISE 'no' USING ERRCODE = '42501';
    WHEN 'own' THEN RAISE 'no' USING ERRCODE = 'ZZ001';
    WHEN 'lost table' THEN PERFORM * FROM n.nowhere;
    WHEN 'nothing' THEN RETURN NULL;
    ELSE NULL;
    END CASE;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON n.t FOR EACH ROW EXECUTE FUNCTION n.refuse();
ALTER TABLE n.t ENABLE ALWAYS TRIGGER refuse;
CREATE FUNCTION n.refuse_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.way = 'late' THEN RAISE 'too late' USING ERRCODE = '44000'; END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refuse_late AFTER INSERT OR UPDATE ON n.t DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION n.refuse_late();
ALTER TABLE n.t ENABLE ALWAYS TRIGGER refuse_late;
INSERT INTO o.t VALUES (1, 'fine', 'x', 'x'), (2, 'fine', 'y', 'y');
SQL
}

begin() {
    ! background_running service || { service_kill && teardown; }
    make_tables
    pair_config "$(dsn main app)" "$(dsn main app)" "
  - old: o.t
    new: n.t
    transforms:
      - {use: $T/bytes.so, old: [hex], new: [bytes]}" "${1:-}"
    service_start
    wait_phase live
    forget_log
}

ways=(domain generated raises serialization cancel connection denied own 'lost table' nothing late)

# Random text: an index row of it cannot be compressed to what a page holds.
long="(SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 300))"

offend() {
    local i=10 way
    for way in "${ways[@]}"; do
        echo "INSERT INTO o.t VALUES ($i, '$way', 'x', 'x');"
        i=$((i + 1))
    done
    echo "INSERT INTO o.t SELECT 30, 'fine', $long, 'x';"
    echo "INSERT INTO o.t VALUES (31, 'fine', 'x', 'odd');"
}

parked="SELECT count(*) FROM pgtandem.parked WHERE settled_at IS NULL"
open_keys="SELECT string_agg(key->>'id', ' ' ORDER BY (key->>'id')::int) FROM pgtandem.parked WHERE settled_at IS NULL"

test_whatever_one_row_causes_is_parked() {
    begin
    { echo "BEGIN; UPDATE o.t SET long = 'z' WHERE id = 1;"; offend
      echo "UPDATE o.t SET long = 'z' WHERE id = 2; COMMIT;"; } | run_sql main app
    wait_rows 30 main app "$open_keys" "10 11 12 13 14 15 16 17 18 19 20 30 31"
    wait_rows 10 main app "SELECT id, long FROM n.t ORDER BY id" $'1\tz\n2\tz'
    assert_eq "$(rows main app "SELECT string_agg(sqlstate, ' ' ORDER BY (key->>'id')::int) FROM pgtandem.parked")" \
        "P0001 38001 P0001 40001 57014 08006 42501 ZZ001 42P01 09000 44000 54000 22000"
}

test_the_reason_names_no_value_and_the_diagnostics_do() {
    assert_eq "$(rows main app "SELECT reason LIKE '%no raises here%', diagnostics #>> '{}' FROM pgtandem.parked WHERE key->>'id' = '12'")" \
        $'f\tno raises here'
    assert_contains "$(rows main app "SELECT reason FROM pgtandem.parked WHERE key->>'id' = '31'")" "not UTF-8"
    ! grep -q "raises here\|refuses domain" "$(service_log)" || fail "the log shows values"
}

is_streaming() {
    [ "$(status_field .forward.state)" = streaming ]
}

test_single_changes_are_parked_likewise() {
    sql main app "UPDATE o.t SET way = 'raises' WHERE id = 1"
    sql main app "UPDATE o.t SET way = 'nothing' WHERE id = 2"
    wait_rows 30 main app "SELECT count(*) FROM pgtandem.parked WHERE operation = 'update'" 2
    wait_until 10 is_streaming
    service_stop
    teardown
}

# Row by row the servers are asked a few times for each, never in a loop.
test_a_row_that_is_parked_is_asked_for_a_few_times() {
    local errors
    begin
    errors=$(grep -c "ERROR" "$(cluster_log main)")
    sql main app "INSERT INTO o.t VALUES (31, 'raises', 'x', 'odd')"
    sql main app "INSERT INTO o.t VALUES (32, 'serialization', 'x', 'x')"
    wait_rows 30 main app "$parked" 2
    errors=$(($(grep -c "ERROR" "$(cluster_log main)") - errors))
    [ $errors -lt 10 ] || fail "$errors errors for two rows"
}

test_a_row_is_parked_without_what_it_holds_if_need_be() {
    sql main app "ALTER TABLE pgtandem.parked ADD CONSTRAINT no_image CHECK (row_image->>'long' <> 'unkept') NOT VALID"
    sql main app "INSERT INTO o.t VALUES (40, 'raises', 'unkept', 'x')"
    wait_rows 30 main app "SELECT row_image IS NULL OR row_image = 'null' OR row_image = '{}' FROM pgtandem.parked WHERE key->>'id' = '40'" t
    sql main app "ALTER TABLE pgtandem.parked DROP CONSTRAINT no_image"
}

test_parking_that_fails_stops_the_link() {
    sql main app "ALTER TABLE pgtandem.parked ADD CONSTRAINT none CHECK (key->>'id' <> '41') NOT VALID"
    sql main app "INSERT INTO o.t VALUES (41, 'raises', 'x', 'x')"
    wait_service_end 1
    assert_contains "$(last_words)" "the row with (id) = (41) of o.t: it cannot be parked"
    assert_contains "$(last_words)" "raised an exception"
    sql main app "ALTER TABLE pgtandem.parked DROP CONSTRAINT none"
    service_start
    wait_rows 30 main app "SELECT sqlstate FROM pgtandem.parked WHERE key->>'id' = '41'" P0001
    service_stop
    teardown
}

test_what_every_row_causes_stops_the_link() {
    begin "conflicts: {max_parked_in_a_row: 5}"
    sql main app "INSERT INTO o.t SELECT i, 'raises', 'x', 'x' FROM generate_series(101, 103) i"
    sql main app "INSERT INTO o.t VALUES (104, 'fine', 'x', 'x')"
    sql main app "INSERT INTO o.t SELECT i, 'raises', 'x', 'x' FROM generate_series(105, 107) i"
    wait_rows 30 main app "$parked" 6
    for i in $(seq 201 210); do
        sql main app "INSERT INTO o.t VALUES ($i, 'own', 'x', 'x')"
    done
    wait_service_end 1
    assert_contains "$(last_words)" "one after the other could not be written"
    assert_contains "$(last_words)" "max_parked_in_a_row"
    assert_eq "$(rows main app "$parked AND sqlstate = 'ZZ001'")" 5
}

test_and_goes_on_when_that_is_mended() {
    sql main app "DROP TRIGGER refuse ON n.t"
    service_start
    wait_phase live
    wait_same_rows 60 main app "SELECT id, way, long FROM o.t ORDER BY id" main app "SELECT id, way, long FROM n.t ORDER BY id"
    wait_rows 60 main app "$parked" 0
}

# An ALTER is found by the look at the tables; until then it must not look like a fault of
# the statements that the link had prepared.
test_a_stale_plan_is_no_fault() {
    forget_log
    sql main app "UPDATE o.t SET hex = 'prepared' WHERE id = 1"
    wait_rows 30 main app "SELECT bytes FROM n.t WHERE id = 1" prepared
    sql main app "ALTER TABLE n.t ALTER COLUMN bytes TYPE varchar(100)"
    sql main app "UPDATE o.t SET hex = 'new' WHERE id = 1"
    wait_service_end 1
    ! grep -q 'has stopped' "$(service_log)" || fail "the link has stopped: $(last_words)"
    grep -q 'cached plan' "$(cluster_log main)" || fail "no plan was stale"
    assert_contains "$(last_words)" "was altered"
    service_start
    wait_rows 30 main app "SELECT bytes FROM n.t WHERE id = 1" new
    service_stop
}

# Tries come ever more slowly, and the log does not fill with them.
test_a_locked_row_is_tried_ever_more_slowly() {
    local tries
    service_start
    wait_phase live
    forget_log
    background locker "$PG_BIN/psql" -X -q -d "$(dsn main app)" \
        -c "BEGIN; UPDATE n.t SET long = 'locked' WHERE id = 2; SELECT pg_sleep(7); ROLLBACK"
    sql main app "UPDATE o.t SET long = 'waited' WHERE id = 2"
    wait_rows 30 main app "SELECT long FROM n.t WHERE id = 2" waited
    tries=$(grep -c 'canceling statement due to lock timeout' "$(cluster_log main)")
    [ "$tries" -lt 25 ] || fail "$tries tries in seven seconds"
    [ "$(grep -c 'has waited' "$(service_log)")" -lt 8 ] || fail "the log is full of it"
    service_stop
}

# What comes of values and looks like a fault of a statement, or like trouble that passes.
test_a_row_that_looks_like_other_trouble_is_parked() {
    service_kill
    teardown
    run_sql main app <<'SQL'
DROP SCHEMA o CASCADE; DROP SCHEMA n CASCADE; CREATE SCHEMA o; CREATE SCHEMA n;
CREATE TABLE o.t (id int PRIMARY KEY, q text, p text, way text, r text, s text);
CREATE TABLE n.t (id int PRIMARY KEY, q text, p text CHECK (p::jsonpath IS NOT NULL), way text, r text CHECK (r IS NULL OR r::regclass IS NOT NULL), s text CHECK (s IS NULL OR s::regtype IS NOT NULL),
                  v tsquery GENERATED ALWAYS AS (to_tsquery('simple', q)) STORED);
CREATE FUNCTION n.busy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.way = 'in use' THEN TRUNCATE n.t; END IF;
    IF NEW.way = 'no file' THEN PERFORM pg_read_file('no_secret'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER busy BEFORE INSERT ON n.t FOR EACH ROW EXECUTE FUNCTION n.busy();
ALTER TABLE n.t ENABLE ALWAYS TRIGGER busy;
INSERT INTO o.t VALUES (1, 'a', '$.a', 'fine'), (2, 'a secret', '$.a', 'fine');
SQL
    pair_config "$(dsn main app)" "$(dsn main app)" "  - {old: o.t, new: n.t}"
    service_start
    wait_phase live
    sql main app "INSERT INTO o.t VALUES (3, 'b secret', '$.a', 'fine')"
    sql main app "INSERT INTO o.t VALUES (4, 'a', '$.', 'fine'), (5, 'b', '$.b', 'fine')"
    sql main app "INSERT INTO o.t VALUES (6, 'a', '$.a ? (@ like_regex \"a\" flag \"x\")', 'fine')"
    sql main app "INSERT INTO o.t VALUES (7, 'a', '$.a', 'in use')"
    sql main app "INSERT INTO o.t VALUES (8, 'c', '$.c', 'fine', 'o.t')"
    sql main app "INSERT INTO o.t VALUES (9, 'd', '$.d', 'fine', 'o.no_secret')"
    sql main app "INSERT INTO o.t VALUES (10, 'e', '$.e', 'fine', NULL, 'no_secret.t')"
    sql main app "INSERT INTO o.t VALUES (11, 'f', '$.f', 'no file')"
    wait_rows 30 main app "$open_keys" "2 3 4 6 7 9 10 11"
    wait_rows 30 main app "SELECT string_agg(id::text, ' ' ORDER BY id) FROM n.t" "1 5 8"
    wait_rows 30 main app "SELECT min(tries) > 1 FROM pgtandem.parked" t
    wait_until 10 is_streaming
    ! grep -q secret "$(service_log)" || fail "the log shows values"
}

# Rows of one transaction that need each other, one that is at fault, and a swap.
test_a_row_at_fault_takes_none_of_its_transaction_along() {
    service_stop
    teardown
    local side
    sql main app "DROP SCHEMA o CASCADE; DROP SCHEMA n CASCADE"
    for side in o n; do
        run_sql main app <<SQL
CREATE SCHEMA $side;
CREATE TABLE $side.t (id int PRIMARY KEY, ref int, u int, v text);
SQL
    done
    sql main app "ALTER TABLE n.t ADD CONSTRAINT refers FOREIGN KEY (ref) REFERENCES n.t DEFERRABLE INITIALLY DEFERRED,
        ADD UNIQUE (u) DEFERRABLE INITIALLY DEFERRED, ADD CONSTRAINT good CHECK (v <> 'bad');
        INSERT INTO o.t VALUES (1, 1, 1, 'a'), (2, 2, 2, 'b')"
    pair_config "$(dsn main app)" "$(dsn main app)" "  - {old: o.t, new: n.t}" "stream: {batch_rows: 100}"
    service_start
    wait_phase live
    sql main app "BEGIN; INSERT INTO o.t VALUES (10, 11, 10, 'x'); INSERT INTO o.t VALUES (11, 10, 11, 'x');
        INSERT INTO o.t VALUES (12, 12, 12, 'bad');
        UPDATE o.t SET u = -1 WHERE id = 1; UPDATE o.t SET u = 1 WHERE id = 2; UPDATE o.t SET u = 2 WHERE id = 1; COMMIT"
    wait_rows 30 main app "$open_keys" 12
    wait_rows 30 main app "SELECT string_agg(id || ':' || u, ' ' ORDER BY id) FROM n.t" "1:2 2:1 10:10 11:11"
}

# The last change of the transaction is the one at fault, and an earlier row needs it.
test_a_row_that_needs_one_at_fault_is_parked_with_it() {
    sql main app "BEGIN; INSERT INTO o.t VALUES (21, 22, 21, 'x'); INSERT INTO o.t VALUES (22, 22, 22, 'bad'); COMMIT"
    sql main app "INSERT INTO o.t VALUES (23, 23, 23, 'x')"
    wait_rows 30 main app "$open_keys" "12 21 22"
    wait_rows 30 main app "SELECT string_agg(id::text, ' ') FROM n.t WHERE id > 20" 23
    sql main app "DELETE FROM o.t WHERE id IN (21, 22)"
    wait_rows 30 main app "$open_keys" 12
}

# A large value makes a piece of its row, and the COMMIT comes by itself.
test_a_large_row_that_a_deferred_constraint_refuses() {
    sql main app "INSERT INTO o.t VALUES (31, 9999, 31, repeat('x', 6000000)); INSERT INTO o.t VALUES (32, 32, 32, 'x')"
    wait_rows 30 main app "$open_keys" "12 31"
    wait_rows 30 main app "SELECT string_agg(id::text, ' ') FROM n.t WHERE id > 30" 32
    sql main app "DELETE FROM o.t WHERE id = 31"
    wait_rows 30 main app "$open_keys" 12
}

# In pieces, and refused only when they are committed: streamed anew, and found then.
test_a_row_that_a_deferred_constraint_refuses_in_a_large_transaction() {
    sql main app "INSERT INTO o.t SELECT i, CASE WHEN i = 1300 THEN 9999 ELSE i END, i, 'x' FROM generate_series(1001, 1499) i"
    wait_rows 60 main app "SELECT count(*) FROM n.t WHERE id > 1000" 498
    wait_rows 30 main app "$open_keys" "12 1300"
    wait_until 10 is_streaming
}

# All that waits beside the last piece of a large transaction is applied apart from it.
test_small_transactions_at_fault_behind_a_large_one() {
    service_stop
    sql main app "INSERT INTO o.t SELECT i, i, i, 'x' FROM generate_series(2001, 2450) i"
    sql main app "INSERT INTO o.t VALUES (2501, 2501, 2501, 'bad')"
    sql main app "INSERT INTO o.t VALUES (2502, 9999, 2502, 'x')"
    sql main app "INSERT INTO o.t VALUES (2503, 2503, 2503, 'x')"
    service_start
    wait_rows 30 main app "$open_keys" "12 1300 2501 2502"
    wait_rows 30 main app "SELECT count(*) FROM n.t WHERE id > 2000" 451
}

# All rows before the row that they need, and one that needs what never comes: the innocent
# are parked with it, however many they are, and come once that is mended.
test_many_that_a_deferred_constraint_refuses_stop_nothing() {
    sql main app "BEGIN; INSERT INTO o.t SELECT i, 4200, i, 'x' FROM generate_series(3001, 4199) i;
        INSERT INTO o.t VALUES (4201, 9999, 4201, 'x'), (4200, 4200, 4200, 'x'); COMMIT"
    wait_rows 60 main app "SELECT count(*) FROM n.t WHERE id = 4200" 1
    sql main app "DELETE FROM o.t WHERE id = 4201"
    wait_rows 60 main app "SELECT count(*) FROM n.t WHERE id > 3000" 1200
    wait_rows 30 main app "$open_keys" "12 1300 2501 2502"
    wait_until 10 is_streaming
}

# The batch is full in the middle of one statement's truncates.
test_truncates_of_one_statement_stay_together_in_a_large_transaction() {
    service_stop
    teardown
    local side
    sql main app "DROP SCHEMA o CASCADE; DROP SCHEMA n CASCADE"
    for side in o n; do
        run_sql main app <<SQL
CREATE SCHEMA $side;
CREATE TABLE $side.a (id int PRIMARY KEY);
CREATE TABLE $side.b (id int PRIMARY KEY, a int REFERENCES $side.a);
CREATE TABLE $side.c (id int PRIMARY KEY);
INSERT INTO $side.a VALUES (1);
INSERT INTO $side.b VALUES (1, 1);
SQL
    done
    pair_config "$(dsn main app)" "$(dsn main app)" "
  - {old: o.a, new: n.a}
  - {old: o.b, new: n.b}
  - {old: o.c, new: n.c}" "stream: {on_truncate: apply, batch_rows: 10}"
    service_start --no-backfill
    wait_phase live
    sql main app "BEGIN; INSERT INTO o.c SELECT generate_series(1, 19); TRUNCATE o.a, o.b; INSERT INTO o.a VALUES (7); COMMIT"
    wait_rows 30 main app "SELECT (SELECT count(*) FROM n.c), (SELECT string_agg(id::text, ' ') FROM n.a), (SELECT count(*) FROM n.b)" $'19\t7\t0'
}

test_a_row_at_fault_between_truncates_is_parked() {
    sql main app "ALTER TABLE n.a ADD CONSTRAINT good CHECK (id <> 13)"
    sql main app "BEGIN; TRUNCATE o.c; INSERT INTO o.a VALUES (13), (14); TRUNCATE o.c; COMMIT"
    wait_rows 30 main app "$open_keys" 13
    wait_rows 30 main app "SELECT (SELECT count(*) FROM n.c), (SELECT string_agg(id::text, ' ') FROM n.a)" $'0\t7 14'
    wait_until 10 is_streaming
    service_stop
    teardown
}

test_a_table_with_rules_is_refused() {
    sql main app "CREATE RULE r AS ON UPDATE TO n.c DO INSTEAD NOTHING"
    assert_exit 3 pgtandem check
    assert_contains "$output" "has rules for INSERT, UPDATE or DELETE"
    assert_exit 2 pgtandem setup
    assert_contains "$output" "DROP RULE"
}

run_tests "$@"
