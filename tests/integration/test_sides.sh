#!/bin/bash
# Where the two sides are: one database, two of one cluster, two clusters; and as
# whom pgtandem connects: with no more rights than docs/grants.md grants.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start east
cluster_start west

make_side() {
    create_database "$1" "$2"
    sql_file "$1" "$2" "$ROOT/sql/users_$3.sql"
}

# The old side changes even ids, the new side odd ones: conflicts are not the matter here.
change_old() {
    run_sql "$1" "$2" <<SQL
UPDATE public.users SET bio = 'old $3' WHERE id % 10 = 0;
UPDATE public.users SET full_name = 'Old Name' || id WHERE id % 14 = 0;
DELETE FROM public.users WHERE id = $3;
INSERT INTO public.users (id, email, full_name) VALUES (10000 + $3, 'old$3@x', 'Ann Old $3');
SQL
}

change_new() {
    run_sql "$1" "$2" <<SQL
UPDATE app_v2.users SET bio = 'new $3' WHERE id % 20 = 1;
UPDATE app_v2.users SET last_name = 'New' WHERE id % 22 = 11;
DELETE FROM app_v2.users WHERE id = $3 + 1;
INSERT INTO app_v2.users (id, email, first_name, last_name) VALUES (20000 + $3, 'new$3@x', 'Bob', 'New$3');
SQL
}

# go OLD_CLUSTER OLD_DATABASE NEW_CLUSTER NEW_DATABASE: through everything, with a kill.
go() {
    service_start
    wait_phase live
    wait_same_tables 20 "$@"
    change_old "$1" "$2" 30
    change_new "$3" "$4" 50
    wait_same_tables 20 "$@"
    change_old "$1" "$2" 60
    service_kill
    change_old "$1" "$2" 90
    change_new "$3" "$4" 130
    service_start
    wait_rows 30 "$3" "$4" "SELECT count(*) FROM app_v2.users WHERE id > 9999" 5
    wait_same_tables 20 "$@"
    wait_rows 30 "$1" "$2" "SELECT count(*) FROM public.users WHERE id > 9999" 5
    assert_eq "$(status_field '.forward.parked + .reverse.parked + .forward.conflicts + .reverse.conflicts')" 0
    service_stop
    teardown
    nothing_left "$1"
    nothing_left "$3"
}

nothing_left() {
    assert_eq "$(sql "$1" postgres "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_replication_origin)")" 0
}

test_two_databases_of_one_cluster() {
    make_side east one old
    seed_users east one 1000
    make_side east two new
    write_config "$(dsn east one)" "$(dsn east two)"
    go east one east two
}

test_two_clusters() {
    make_side east three old
    seed_users east three 1000
    make_side west three new
    write_config "$(dsn east three)" "$(dsn west three)"
    go east three west three
}

# sql_block N: the Nth block of SQL in the document.
sql_block() {
    awk -v n="$1" '/^```sql/ { i++; on = i == n; next } /^```/ { on = 0 } on' "$ROOT/docs/grants.md"
}

as_mover() {
    dsn "$@" | sed 's/user=postgres/user=mover/'
}

test_the_documented_rights_are_enough_in_two_clusters() {
    make_side east app old
    seed_users east app 1000
    make_side west app new
    sql_block 1 | run_sql east app
    sql_block 1 | run_sql west app
    sql_block 2 | run_sql east app
    sql_block 3 | run_sql west app
    write_config "$(as_mover east app)" "$(as_mover west app)" "backfill: {jobs: 2}"
    sql_block 4 | run_sql east app >/dev/null
    sql_block 5 | run_sql west app >/dev/null
    go east app west app
}

# A new sequence that was not moved would give away what is there already.
test_the_documented_rights_on_sequences_move_the_new_one() {
    assert_eq "$(sql east app "SELECT seqincrement FROM pg_sequence WHERE seqrelid = 'public.users_id_seq'::regclass")" 2
    [ "$(sql west app "SELECT nextval('public.users_id_seq')")" -gt 1000 ] || fail "it was not moved"
    local what
    while read -r what; do
        sql west app "TRUNCATE app_v2.users; ALTER SEQUENCE public.users_id_seq RESTART WITH 3"
        sql "${what%% *}" app "REVOKE ${what#* } FROM mover"
        assert_exit 3 pgtandem run --once
        assert_contains "$output" "hint: let the " "without $what"
        sql "${what%% *}" app "GRANT ${what#* } TO mover"
        teardown
    done <<'EOL'
east SELECT ON SEQUENCE public.users_id_seq
west SELECT ON SEQUENCE public.users_id_seq
west UPDATE ON SEQUENCE public.users_id_seq
EOL
}

test_the_documented_rights_are_enough_in_one_database() {
    sql west postgres "DROP DATABASE app"
    make_side west app old
    seed_users west app 1000
    sql_file west app "$ROOT/sql/users_new.sql"
    sql_block 2 | run_sql west app
    sql_block 3 | run_sql west app
    write_config "$(as_mover west app)" "$(as_mover west app)" "backfill: {jobs: 2}"
    go west app west app
}

# Each grant is there for a reason: without it, it is said what lacks.
test_none_of_the_documented_rights_is_too_much() {
    local what
    sql west app "TRUNCATE app_v2.users"
    while read -r what; do
        sql west app "REVOKE ${what/ TO / FROM }"
        service_start --once
        local status=0
        background_wait service 30 || status=$?
        assert_eq "$status" 1 "without $what: $(last_words 3)"
        assert_contains "$(last_words 2)" "hint: "
        forget_log
        sql west app "GRANT $what"
        pgtandem teardown --all >/dev/null 2>&1 || fail "teardown"
        sql west app "TRUNCATE app_v2.users"
    done <<'EOL'
CREATE ON DATABASE app TO mover
SELECT ON public.users TO mover
SELECT ON app_v2.users TO mover
INSERT ON app_v2.users TO mover
EXECUTE ON FUNCTION pg_replication_origin_create(text) TO mover
EXECUTE ON FUNCTION pg_replication_origin_session_setup(text) TO mover
EXECUTE ON FUNCTION pg_replication_origin_session_reset() TO mover
EXECUTE ON FUNCTION pg_replication_origin_xact_setup(pg_lsn, timestamptz) TO mover
EXECUTE ON FUNCTION pg_replication_origin_progress(text, boolean) TO mover
EOL
}

test_it_makes_and_indexes_a_table_of_its_own() {
    sql west app "DROP SCHEMA app_v2 CASCADE; GRANT CREATE ON SCHEMA public TO mover"
    write_config "$(as_mover west app)" "$(as_mover west app)"
    pgtandem run --once >"$T/once.log" 2>&1 || fail "$(cat "$T/once.log")"
    assert_same_tables west app
    assert_eq "$(sql west app "SELECT count(*) FROM pg_indexes WHERE schemaname = 'app_v2'")" 5
    teardown
}

# A trigger that fires on pgtandem's writes would do its work twice.
test_triggers_stay_quiet_with_the_documented_right() {
    run_sql west app <<'SQL'
TRUNCATE app_v2.users;
CREATE TABLE public.seen (id bigint);
GRANT INSERT ON public.seen TO PUBLIC;
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.seen VALUES (NEW.id); RETURN NEW; END';
CREATE TRIGGER note BEFORE INSERT OR UPDATE ON app_v2.users FOR EACH ROW EXECUTE FUNCTION public.note();
GRANT SET ON PARAMETER session_replication_role TO mover;
GRANT SET ON PARAMETER deadlock_timeout TO mover;
SQL
    pgtandem run --once >"$T/once.log" 2>&1 || fail "$(cat "$T/once.log")"
    sql west app "UPDATE public.users SET bio = 'quiet' WHERE id < 10"
    pgtandem run --once >"$T/once.log" 2>&1 || fail "$(cat "$T/once.log")"
    assert_same_tables west app
    assert_eq "$(sql west app "SELECT count(*) FROM public.seen")" 0
    teardown
}

test_truncate_with_the_documented_right() {
    sql west app "TRUNCATE app_v2.users; GRANT TRUNCATE ON public.users, app_v2.users TO mover"
    write_config "$(as_mover west app)" "$(as_mover west app)" "backfill: {jobs: 2}
stream: {on_truncate: apply}"
    pgtandem run --once >"$T/once.log" 2>&1 || fail "$(cat "$T/once.log")"
    sql west app "TRUNCATE public.users"
    pgtandem run --once >"$T/once.log" 2>&1 || fail "$(cat "$T/once.log")"
    assert_eq "$(sql west app "SELECT count(*) FROM app_v2.users")" 0
}

run_tests "$@"
