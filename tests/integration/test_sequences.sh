#!/bin/bash
# Sequences: two sides never give away one number twice, and the new side's next number
# is right, whoever inserts where and when.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start east
cluster_start west
create_database east app
create_database west app
sql east app "CREATE SCHEMA a; CREATE SCHEMA b"
sql west app "CREATE SCHEMA a; CREATE SCHEMA b"

# clean: no tables, no sequences, no roles, nothing of a migration.
clean() {
    local cluster role
    [ ! -e "$PGTANDEM_CONFIG" ] || teardown
    for cluster in east west; do
        sql $cluster app "DROP SCHEMA a CASCADE; DROP SCHEMA b CASCADE; CREATE SCHEMA a; CREATE SCHEMA b"
        for role in $(sql $cluster app "SELECT rolname FROM pg_roles WHERE rolname IN ('mover', 'clerk')"); do
            sql $cluster app "DROP OWNED BY $role; DROP ROLE $role"
        done
    done
}

# found LEVEL: what check says of sequences, and its cure.
found() {
    { pgtandem check --json || true; } 2>/dev/null |
        jq -r --arg level "$1" \
            '.[] | select(.level == $level and .check == "sequences") | "\(.message) | \(.hint)"'
}

# positions: of all sequences, to see whether anything has moved.
positions() {
    local cluster
    for cluster in east west; do
        sql $cluster app "SELECT s.*, d.last_value FROM pg_sequence s JOIN pg_class c ON c.oid = seqrelid
                          JOIN pg_sequences d ON d.sequencename = c.relname AND d.schemaname = c.relnamespace::regnamespace::text
                          WHERE d.schemaname <> 'pgtandem' ORDER BY seqrelid"
    done
}

# increment CLUSTER SEQUENCE
increment() {
    sql "$1" app "SELECT seqincrement FROM pg_sequence WHERE seqrelid = '$2'::regclass"
}

setup() {
    pgtandem setup >"$T/setup.log" 2>&1 || fail "setup: $(cat "$T/setup.log")"
}

run_once() {
    pgtandem run --once >"$T/once.log" 2>&1 || fail "run --once: $(cat "$T/once.log")"
}

# changes: how many statements the last setup ran.
changes() {
    grep -c ' sequences: ran in ' "$T/setup.log" || true
}

# insert SIDE N: N rows, with numbers from the sequence.
insert() {
    local cluster=east table=a.t
    [ "$1" = old ] || table=b.t
    [ "$1" = old ] || [ ! -e "$T/two" ] || cluster=west
    sql $cluster app "INSERT INTO $table (v) SELECT '$1' FROM generate_series(1, $2)"
}

# in_one: a fresh start, with both sides in one database.
in_one() {
    clean
    rm -f "$T/two"
    pair_config "$(dsn east app)" "$(dsn east app)" '  - {old: a.t, new: b.t}'
}

# in_two [YAML]: the same, in two clusters.
in_two() {
    clean
    touch "$T/two"
    pair_config "$(dsn east app)" "$(dsn west app)" '  - {old: a.t, new: b.t}' "${1:-}"
}

# assert_all_there N: both tables have N rows, the same ones.
assert_all_there() {
    local cluster=east
    [ ! -e "$T/two" ] || cluster=west
    assert_eq "$(sql east app 'SELECT count(*) FROM a.t')" "$1" "rows in the old table"
    assert_eq "$(rows east app 'SELECT id, v FROM a.t ORDER BY id')" \
        "$(rows $cluster app 'SELECT id, v FROM b.t ORDER BY id')" "rows"
}

# cross N: both sides insert N rows before the links carry any; all are to survive.
cross() {
    insert old "$1"
    insert new "$1"
    run_once
    insert new "$1"
    insert old "$1"
    run_once
}

test_serials_of_one_database_become_one() {
    in_one
    sql east app "CREATE TABLE a.t (id bigserial PRIMARY KEY, v text);
                  CREATE TABLE b.t (id bigserial PRIMARY KEY, v text);
                  INSERT INTO a.t (v) SELECT 'seed' FROM generate_series(1, 50)"
    assert_exit 0 pgtandem check
    assert_contains "$(found ok)" "from a.t_id_seq on the old side and from b.t_id_seq on the new one"
    assert_contains "$(found ok)" "setup will run, in the database: ALTER TABLE b.t ALTER COLUMN id SET DEFAULT nextval('a.t_id_seq');"
    setup
    assert_eq "$(changes)" 1
    assert_contains "$(cat "$T/setup.log")" "info users_name_split sequences: ran in the new database: ALTER TABLE b.t"
    assert_contains "$(found ok)" '"id" of a.t and b.t is drawn from a.t_id_seq on both sides'
    setup
    assert_eq "$(changes)" 0 "statements of the second setup"
    run_once
    cross 20
    assert_all_there 130
    assert_eq "$(sql east app "SELECT last_value, is_called FROM b.t_id_seq")" "1|f" "the new table's own sequence"
}

test_identities_of_one_database_become_one() {
    local kind
    in_one
    for kind in "ALWAYS" "BY DEFAULT"; do
        sql east app "CREATE TABLE a.t (id bigint GENERATED $kind AS IDENTITY PRIMARY KEY, v text);
                      CREATE TABLE b.t (id bigint GENERATED $kind AS IDENTITY PRIMARY KEY, v text);
                      INSERT INTO a.t (v) SELECT 'seed' FROM generate_series(1, 50)"
        assert_contains "$(found ok)" "ALTER TABLE b.t ALTER COLUMN id DROP IDENTITY IF EXISTS, ALTER COLUMN id SET DEFAULT nextval('a.t_id_seq');"
        run_once
        cross 20
        assert_all_there 130
        # when the old table goes, as the guide has it
        teardown
        sql east app "BEGIN;
                      ALTER TABLE b.t ALTER COLUMN id DROP DEFAULT;
                      ALTER TABLE b.t ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;
                      SELECT setval(pg_get_serial_sequence('b.t', 'id'), max(id)) FROM b.t;
                      COMMIT;
                      DROP TABLE a.t" >/dev/null
        insert new 20
        clean
    done
}

# Whoever inserted into an identity needed no right on its sequence.
test_who_may_insert_and_not_draw_is_told() {
    in_one
    sql east app "CREATE TABLE a.t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
                  CREATE TABLE b.t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
                  CREATE ROLE clerk; GRANT INSERT ON b.t TO clerk, PUBLIC;
                  GRANT USAGE ON SEQUENCE a.t_id_seq TO clerk"
    assert_eq "$(found warning)" 'PUBLIC may insert into b.t, but not draw from a.t_id_seq | GRANT USAGE ON SEQUENCE a.t_id_seq TO PUBLIC'
    sql east app "GRANT USAGE ON SEQUENCE a.t_id_seq TO PUBLIC"
    setup
    assert_eq "$(found warning)" ""
}

# What comes in through the partitioned table takes that one's default.
test_a_partition_draws_from_what_the_whole_draws_from() {
    clean
    pair_config "$(dsn east app)" "$(dsn east app)" '  - {old: a.one, new: b.one}'
    local schema
    for schema in a b; do
        sql east app "CREATE TABLE $schema.whole (id bigserial, part int, v text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
                      CREATE TABLE $schema.one PARTITION OF $schema.whole FOR VALUES IN (1)"
    done
    setup
    sql east app "INSERT INTO a.whole (part, v) VALUES (1, 'old'); INSERT INTO b.whole (part, v) VALUES (1, 'new');
                  INSERT INTO b.one (part, v) VALUES (1, 'new')"
    assert_eq "$(sql east app "SELECT string_agg(id::text, ' ') FROM (SELECT id FROM a.one UNION ALL SELECT id FROM b.one ORDER BY id) AS o")" "1 2 3"
}

two_serials() {
    sql east app "CREATE TABLE a.t (id ${1:-bigserial} PRIMARY KEY, v text);
                  INSERT INTO a.t (v) SELECT 'seed' FROM generate_series(1, 51)"
    sql west app "CREATE TABLE b.t (id ${1:-bigserial} PRIMARY KEY, v text)"
}

test_sequences_of_two_databases_count_beside_each_other() {
    in_two
    two_serials
    assert_exit 0 pgtandem check
    assert_contains "$(found ok)" "setup will run, in the old database: BEGIN; ALTER SEQUENCE a.t_id_seq INCREMENT BY 2 START WITH 2;"
    assert_contains "$(found ok)" "in the new database: BEGIN; ALTER SEQUENCE b.t_id_seq INCREMENT BY 2 START WITH 1;"
    setup
    assert_eq "$(changes)" 2
    assert_contains "$(found ok)" "which never give away the same number"
    assert_eq "$(sql east app "SELECT nextval('a.t_id_seq')")" 52
    assert_eq "$(sql west app "SELECT nextval('b.t_id_seq')")" 53
    local before
    before=$(positions)
    setup
    assert_eq "$(changes)" 0 "statements of the second setup"
    assert_eq "$(positions)" "$before"
    run_once
    cross 20
    assert_all_there 131
    # started over they keep their places
    sql east app "TRUNCATE a.t RESTART IDENTITY"
    sql west app "TRUNCATE b.t RESTART IDENTITY"
    assert_eq "$(sql east app "SELECT nextval('a.t_id_seq')") $(sql west app "SELECT nextval('b.t_id_seq')")" "2 1"
}

test_other_kinds_of_numbers_count_beside_each_other() {
    local kind step
    in_two
    for kind in "serial" "bigint GENERATED ALWAYS AS IDENTITY" \
        "int GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 50)" \
        "bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY -1)" \
        "bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY -3 MINVALUE -100000000 MAXVALUE 20 START 10)" \
        "bigint GENERATED BY DEFAULT AS IDENTITY (MINVALUE -9000000000000000000 START -8000000000000000007)" \
        "bigint GENERATED BY DEFAULT AS IDENTITY (CACHE 20)"; do
        two_serials "$kind"
        run_once
        cross 20
        assert_all_there 131
        setup
        assert_eq "$(changes)" 0 "$kind: statements of a later setup"
        clean
    done
    for step in "7" "-7"; do # a numeric, and names that want quotes
        sql east app "CREATE SEQUENCE a.\"It's \\ \"\"odd\"\"\" INCREMENT BY $step;
                      CREATE TABLE a.t (\"I d\" numeric(20) PRIMARY KEY DEFAULT nextval('a.\"It''s \\ \"\"odd\"\"\"'), v text);
                      INSERT INTO a.t (v) SELECT 'seed' FROM generate_series(1, 51)"
        sql west app "CREATE SEQUENCE b.\"It's \\ \"\"odd\"\"\" INCREMENT BY $step;
                      CREATE TABLE b.t (\"I d\" numeric(20) PRIMARY KEY DEFAULT nextval('b.\"It''s \\ \"\"odd\"\"\"'), v text)"
        run_once
        cross 20
        assert_eq "$(sql east app 'SELECT count(*) FROM a.t')" 131
        assert_eq "$(rows east app 'SELECT * FROM a.t ORDER BY 1')" "$(rows west app 'SELECT * FROM b.t ORDER BY 1')"
        clean
    done
}

# take_lots CLUSTER TABLE SIGN: what an application inserts that takes each number of the
# sequence for 50: that one and those behind it, or before it.
take_lots() {
    sql "$1" app "INSERT INTO $2 (id, v) SELECT n $3 i, 'lot' FROM
                  (SELECT nextval('$2_id_seq') AS n FROM generate_series(1, 3)) AS drawn, generate_series(0, 49) AS i"
}

test_numbers_that_are_taken_in_lots_do_not_overlap() {
    local sign
    for sign in + -; do
        in_two
        sql east app "CREATE TABLE a.t (id bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 50) PRIMARY KEY, v text)"
        sql west app "CREATE TABLE b.t (id bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 50) PRIMARY KEY, v text)"
        take_lots east a.t $sign
        setup
        take_lots east a.t $sign
        run_once
        take_lots west b.t $sign
        take_lots east a.t $sign
        run_once
        assert_all_there 600
    done
}

test_odd_names_are_shared_in_one_database() {
    in_one
    local schema
    for schema in a b; do
        sql east app "CREATE SEQUENCE $schema.\"It's \\ \"\"odd\"\"\";
                      CREATE TABLE $schema.t (\"I \"\"d\" bigint PRIMARY KEY DEFAULT nextval('$schema.\"It''s \\ \"\"odd\"\"\"'), v text)"
    done
    setup
    assert_contains "$(found ok)" "on both sides"
}

# A session that has taken numbers in store gives away none of them afterwards.
test_numbers_in_store_are_not_given_away_later() {
    in_two
    sql east app "CREATE SEQUENCE a.s CACHE 50; CREATE TABLE a.t (id bigint PRIMARY KEY DEFAULT nextval('a.s'), v text)"
    sql west app "CREATE TABLE b.t (id bigserial PRIMARY KEY, v text)"
    mkfifo "$T/fifo"
    background holder bash -c "exec '$PG_BIN/psql' -X -A -t -q -d '$(dsn east app)' <'$T/fifo'"
    exec 9>"$T/fifo"
    echo "INSERT INTO a.t (v) VALUES ('1'), ('2'), ('3');" >&9
    wait_rows_of_old 3
    setup
    echo "INSERT INTO a.t (v) VALUES ('4'), ('5'), ('6');" >&9
    wait_rows_of_old 6
    assert_eq "$(sql east app "SELECT string_agg(id::text, ' ' ORDER BY id) FROM a.t")" "1 2 3 52 54 56"
    assert_eq "$(sql west app "SELECT nextval('b.t_id_seq')")" 53
    exec 9>&-
    background_wait holder 10
    rm "$T/fifo"
}

wait_rows_of_old() {
    wait_until 10 rows_of_old_are "$1"
}

rows_of_old_are() {
    [ "$(sql east app 'SELECT count(*) FROM a.t')" = "$1" ]
}

# After a crash a sequence goes on some numbers later, in the same steps.
test_a_crash_keeps_them_apart() {
    in_two
    cluster_restart east fsync=on
    two_serials
    setup
    insert old 5
    cluster_crash east
    cluster_start east
    insert old 5
    insert new 40
    assert_eq "$(sql east app "SELECT count(*) FILTER (WHERE id % 2 = 1) FROM a.t WHERE v = 'old'")" 0
    assert_eq "$(sql west app "SELECT count(*) FILTER (WHERE id % 2 = 0) FROM b.t")" 0
    sql west app "TRUNCATE b.t"
    run_once
    assert_contains "$(found ok)" "which never give away the same number"
}

test_it_waits_for_transactions_that_have_drawn() {
    in_two "limits: {lock_timeout: 100ms}"
    two_serials
    # one that the slot need not wait for: it has written nothing yet
    background holder "$PG_BIN/psql" -X -d "$(dsn east app)" \
        -c "BEGIN; SELECT nextval('a.t_id_seq'), pg_sleep(60)"
    wait_until 20 somebody_draws
    background service "$PGTANDEM" setup
    wait_until 20 service_says "open still: process $(sql east app "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()") (psql, user "
    service_says "canceling statement due to lock timeout" || fail "$(cat "$(service_log)")"
    insert old 1 # nobody is kept from drawing
    assert_eq "$(increment east a.t_id_seq)" 1
    sql east app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" >/dev/null
    background_wait service 30
    # at once, and then at growing intervals
    [ "$(grep -c 'trying again' "$(service_log)")" -le 6 ] || fail "too many words: $(service_log)"
    assert_contains "$(found ok)" "which never give away the same number"
}

somebody_draws() {
    [ "$(sql east app "SELECT count(*) FROM pg_locks WHERE relation = 'a.t_id_seq'::regclass")" = 1 ]
}

service_says() {
    grep -qF "$1" "$(service_log)"
}

test_killed_between_the_two_it_goes_on_with_the_second() {
    in_two "limits: {lock_timeout: 100ms}"
    two_serials
    background holder "$PG_BIN/psql" -X -d "$(dsn west app)" \
        -c "BEGIN; SELECT nextval('b.t_id_seq'), pg_sleep(60)"
    wait_until 20 old_sequence_can_be_told_from_new
    : >"$(service_log)"
    background service "$PGTANDEM" setup
    wait_until 20 service_says "trying again"
    background_signal service KILL
    background_wait service 10 || true
    assert_eq "$(increment east a.t_id_seq)" 2
    assert_eq "$(increment west b.t_id_seq)" 1
    insert old 3 # by two already
    sql west app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" >/dev/null
    setup
    assert_eq "$(changes)" 1
    assert_eq "$(increment east a.t_id_seq)" 2
    run_once
    cross 20
    assert_all_there 134
}

old_sequence_can_be_told_from_new() {
    [ "$(sql west app "SELECT count(*) FROM pg_locks WHERE relation = 'b.t_id_seq'::regclass")" = 1 ]
}

test_what_is_near_its_end_is_refused() {
    in_two
    two_serials serial
    sql east app "SELECT setval('a.t_id_seq', 2147483640); INSERT INTO a.t (v) VALUES ('last')" >/dev/null
    assert_exit 3 pgtandem check
    assert_contains "$(found error)" "in which too few numbers are left for both sides | make room: let both columns be bigint"
    assert_exit 3 pgtandem run
    assert_contains "$output" "too few numbers are left"
    assert_eq "$(increment east a.t_id_seq)" 1 "nothing is changed"
    # a new column that holds more does not help: its numbers go to the old one
    sql west app "ALTER TABLE b.t ALTER id TYPE bigint; ALTER SEQUENCE b.t_id_seq AS bigint"
    assert_contains "$(found error)" "too few numbers are left"
    sql east app "ALTER TABLE a.t ALTER id TYPE bigint; ALTER SEQUENCE a.t_id_seq AS bigint"
    run_once
    cross 20
    assert_all_there 132
}

test_what_starts_over_is_refused() {
    in_two
    two_serials
    sql east app "ALTER SEQUENCE a.t_id_seq CYCLE"
    assert_exit 3 pgtandem check
    assert_contains "$(found error)" "starts over (CYCLE) nothing keeps them apart | take CYCLE from them"
}

# cure DATABASE: what check has for the owner of the sequence there.
cure() {
    found error | sed -n "s/.* | let the owner run, .*in the $1 database: \(BEGIN; [^;]*; [^;]*; COMMIT;\).*/\1/p"
}

as_mover() {
    dsn "$@" | sed 's/user=postgres/user=mover/'
}

make_mover() {
    local cluster
    for cluster in east west; do
        sql $cluster app "CREATE ROLE mover LOGIN REPLICATION; GRANT CREATE ON DATABASE app TO mover;
                          GRANT USAGE ON SCHEMA a, b TO mover;
                          ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO mover"
        sql $cluster app "SELECT format('GRANT EXECUTE ON FUNCTION %s TO mover;', oid::regprocedure) FROM pg_proc
                          WHERE proname LIKE 'pg_replication_origin%'" | psql_in $cluster app -f -
    done
}

test_the_owner_does_what_the_role_may_not() {
    in_two
    make_mover
    two_serials
    pair_config "$(as_mover east app)" "$(as_mover west app)" '  - {old: a.t, new: b.t}'
    assert_exit 3 pgtandem check
    assert_contains "$(found error)" "in the old database: GRANT SELECT ON SEQUENCE a.t_id_seq TO the role; in the new database: GRANT SELECT, UPDATE ON SEQUENCE b.t_id_seq TO the role"
    sql east app "GRANT SELECT ON SEQUENCE a.t_id_seq TO mover"
    sql west app "GRANT SELECT, UPDATE ON SEQUENCE b.t_id_seq TO mover"
    assert_exit 3 pgtandem check
    local old_cure new_cure
    old_cure=$(cure old)
    new_cure=$(cure new)
    setup # goes on
    assert_contains "$(cat "$T/setup.log")" "warning users_name_split sequences: cure: let the owner run, in the old database: $old_cure and in the new database: $new_cure"
    assert_eq "$(changes)" 0
    assert_exit 3 pgtandem run
    assert_contains "$output" "hint: let the owner run, in the old database: $old_cure"
    assert_eq "$(status_field .phase)" catchup
    # in any order, and however late
    insert old 100
    sql west app "$new_cure" >/dev/null
    insert old 33
    sql east app "$old_cure" >/dev/null
    assert_exit 0 pgtandem check
    run_once
    assert_contains "$(cat "$T/once.log")" "ran in the new database: SELECT setval('b.t_id_seq'"
    cross 20
    assert_all_there 264
}

# Nothing but a row in its way keeps a new sequence from going live where it is.
test_a_sequence_that_may_not_be_moved_is_refused_only_for_a_row_in_its_way() {
    in_two
    make_mover
    two_serials
    sql east app "GRANT SELECT ON SEQUENCE a.t_id_seq TO mover; ALTER SEQUENCE a.t_id_seq INCREMENT BY 2 RESTART WITH 102"
    sql west app "GRANT SELECT ON SEQUENCE b.t_id_seq TO mover; ALTER SEQUENCE b.t_id_seq INCREMENT BY 2 RESTART WITH 41"
    pair_config "$(as_mover east app)" "$(as_mover west app)" '  - {old: a.t, new: b.t}'
    assert_exit 3 pgtandem check
    assert_contains "$(found error)" "b.t_id_seq will give away numbers that rows have already | let the owner run, in the new database: SELECT setval('b.t_id_seq', 103, false) FROM b.t_id_seq WHERE last_value < 103;"
    assert_exit 3 pgtandem run
    sql west app "SELECT setval('b.t_id_seq', 53, false)" >/dev/null # less than that will do
    insert old 10
    assert_exit 0 pgtandem check
    assert_contains "$(found ok)" "b.t_id_seq stands before numbers that are there"
    run_once
    cross 20
    assert_all_there 141
}

test_left_alone_nothing_is_changed_and_nothing_refused() {
    in_two "sequences: leave"
    two_serials
    local before
    before=$(positions)
    assert_exit 0 pgtandem check
    assert_contains "$(found warning)" "which give away the same numbers | let the owner run, in the old database: BEGIN; ALTER SEQUENCE"
    run_once
    assert_contains "$(cat "$T/once.log")" "warning users_name_split sequences: \"id\" of a.t and b.t"
    assert_eq "$(positions)" "$before"
}

test_where_the_new_side_alone_draws_it_goes_on_behind_the_rows() {
    in_two
    sql east app "CREATE TABLE a.t (id int PRIMARY KEY, v text); INSERT INTO a.t SELECT i * 10, 'seed' FROM generate_series(1, 51) i"
    sql west app "CREATE TABLE b.t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)"
    assert_contains "$(found ok)" "is drawn from b.t_id_seq on the new side alone: what inserts into a.t has to bring numbers"
    pgtandem backfill >"$T/once.log" 2>&1 || fail "$(cat "$T/once.log")"
    assert_eq "$(sql west app "SELECT nextval('b.t_id_seq')")" 511
    sql east app "INSERT INTO a.t VALUES (900, 'more')"
    run_once
    insert new 10
    run_once
    assert_all_there 62
    # and where the old one alone draws, that is no matter
    clean
    sql east app "CREATE TABLE a.t (id serial PRIMARY KEY, v text)"
    sql west app "CREATE TABLE b.t (id int PRIMARY KEY, v text)"
    assert_contains "$(found ok)" "is drawn from a.t_id_seq on the old side alone: what inserts into b.t has to bring numbers"
}

test_columns_that_are_not_unique_are_only_told_of() {
    in_two
    sql east app "CREATE TABLE a.t (id int PRIMARY KEY, n serial, w text DEFAULT 'w' || nextval('a.t_n_seq'), v text)"
    sql west app "CREATE TABLE b.t (id int PRIMARY KEY, n serial, w text DEFAULT 'w' || nextval('b.t_n_seq'), v text)"
    assert_exit 0 pgtandem check
    assert_contains "$(found warning)" '"n" of a.t and b.t is drawn from a.t_n_seq on the old side and from b.t_n_seq on the new one, which give away the same numbers; no unique index minds'
    setup
    assert_eq "$(changes)" 0
    # until one of them is, on either side
    sql west app "CREATE UNIQUE INDEX ON b.t (n)"
    assert_contains "$(found ok)" 'setup will run'
    sql east app "CREATE UNIQUE INDEX ON a.t (w)"
    assert_contains "$(found warning)" '"w" of a.t and b.t has a default of which nextval() is only a part'
    setup
    assert_eq "$(changes)" 2
}

# Tables that share a sequence on one side, whichever, are told apart from it all.
test_tables_that_share_a_sequence() {
    clean
    pair_config "$(dsn east app)" "$(dsn west app)" '  - {old: a.t, new: b.t}
  - {old: a.u, new: b.u}'
    sql east app "CREATE TABLE a.t (id bigserial PRIMARY KEY, v text); CREATE TABLE a.u (id bigserial PRIMARY KEY, v text);
                  INSERT INTO a.u (v) SELECT '' FROM generate_series(1, 7)"
    sql west app "CREATE SEQUENCE b.s; CREATE TABLE b.t (id bigint PRIMARY KEY DEFAULT nextval('b.s'), v text);
                  CREATE TABLE b.u (id bigint PRIMARY KEY DEFAULT nextval('b.s'), v text)"
    setup
    assert_eq "$(changes)" 3
    assert_eq "$(found ok | grep -c 'never give away')" 2
    setup
    assert_eq "$(changes)" 0
}

test_what_was_changed_can_be_put_back() {
    in_two
    two_serials
    run_once
    insert new 20
    insert old 3
    run_once
    assert_exit 0 pgtandem teardown --all
    assert_contains "$output" "note       sequence a.t_id_seq in the old database counts by 2; to put it back, run there: BEGIN; ALTER SEQUENCE a.t_id_seq INCREMENT BY 1;"
    sql west app "$(sed -n 's/^note .* in the new database .*run there: //p' <<<"$output")" >/dev/null
    sql east app "$(sed -n 's/^note .* in the old database .*run there: //p' <<<"$output")" >/dev/null
    assert_exit 0 pgtandem teardown --all
    case $output in *note*) fail "still told of: $output" ;; esac
    insert old 50
    insert new 50 # none that the other side's numbers are in the way of
}

# ---- under load ----

test_nobody_gets_a_number_twice_while_both_sides_insert() {
    create_database east load
    sql_file east load "$ROOT/sql/users_old.sql"
    seed_users east load 2000
    create_database west load
    clean
    write_config "$(dsn east load)" "$(dsn west load)" "
backfill:
  chunk_rows: 200
  max_rows_per_second: 1000
  after_copy: ['$ROOT/sql/users_new_indexes.sql']"
    echo "INSERT INTO public.users (email, full_name) VALUES (gen_random_uuid(), 'Old Side');" >"$T/old_inserts.sql"
    echo "INSERT INTO app_v2.users (email, first_name, last_name) VALUES (gen_random_uuid(), 'New', 'Side');" >"$T/new_inserts.sql"
    load_start east load "$T/old_inserts.sql" 300 15
    sleep 1
    service_start
    wait_phase live
    load_start west load "$T/new_inserts.sql" 300 6
    load_wait "$T/new_inserts.sql"
    load_wait "$T/old_inserts.sql"
    wait_drained
    wait_same_tables 20 east load west load
    service_stop
    local old new
    old=$(inserted old)
    new=$(inserted new)
    echo "# inserts: $old on the old side, $new on the new"
    assert_eq "$(sql east load "SELECT count(*) FROM public.users")" $((2000 + old + new)) "rows"
    assert_eq "$(status_field '[.forward, .reverse | .conflicts, .parked] | add')" 0
}

# inserted SIDE: how many pgbench says it has
inserted() {
    sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$(background_log "load-$1_inserts")"
}

run_tests "$@"
