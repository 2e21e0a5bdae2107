#!/bin/bash
# teardown: what it removes, what it leaves alone, and what it refuses.
. "$(dirname "$0")/lib.sh"

cluster_start main
cluster_start other
create_scenario main app 10
create_scenario other app
create_database other elsewhere
write_config "$(dsn main app)" "$(dsn other app)"

# A migration's objects, as setup and a running service leave them.
create_objects() {
    local migration=$1
    create_slot main app "pgtandem_${migration}_forward"
    create_slot other app "pgtandem_${migration}_reverse"
    create_origin main "pgtandem_${migration}_reverse"
    create_origin main "pgtandem_${migration}_reverse_mend"
    create_origin other "pgtandem_${migration}_forward"
    create_origin other "pgtandem_${migration}_forward_mend"
    create_origin other "pgtandem_${migration}_copy_0"
    create_origin other "pgtandem_${migration}_copy_7"
    sql_file main app "$ROOT/sql/state.sql"
    sql_file other app "$ROOT/sql/state.sql"
    sql main app "INSERT INTO pgtandem.progress (migration, link) VALUES ('$migration', 'reverse');
                  INSERT INTO pgtandem.link (migration, link, state)
                  VALUES ('$migration', 'reverse', 'stopped')"
    sql other app "INSERT INTO pgtandem.migration (name) VALUES ('$migration');
                   INSERT INTO pgtandem.chunk (migration, table_number, chunk)
                   VALUES ('$migration', 0, 0);
                   INSERT INTO pgtandem.link (migration, link, state)
                   VALUES ('$migration', 'forward', 'stopped');
                   INSERT INTO pgtandem.parked (migration, link, table_name, key, operation,
                                                sqlstate, reason)
                   VALUES ('$migration', 'copy', 'app_v2.users', '[1]', 'copy', '22001', 'long')"
}

create_slot() {
    sql "$1" "$2" "SELECT FROM pg_create_logical_replication_slot('$3', 'wal2json')"
}

create_origin() {
    sql "$1" app "SELECT FROM pg_replication_origin_create('$2')"
}

# slots_and_origins NAME: one line with all there are in the server.
slots_and_origins() {
    sql "$1" app "SELECT coalesce(string_agg(name, ' ' ORDER BY name), 'none')
                  FROM (SELECT slot_name AS name FROM pg_replication_slots
                        UNION ALL SELECT roname FROM pg_replication_origin) AS named"
}

schema_of() {
    sql "$1" app "SELECT coalesce(to_regnamespace('pgtandem')::text, 'none')"
}

assert_nothing_is_left() {
    assert_eq "$(slots_and_origins main)" none
    assert_eq "$(slots_and_origins other)" none
    assert_eq "$(schema_of main)" none
    assert_eq "$(schema_of other)" none
}

test_without_an_option_it_is_wrong_usage() {
    assert_exit 2 pgtandem teardown
    assert_contains "$output" "--forward, --reverse or --all"
}

test_with_nothing_there_it_is_content() {
    assert_exit 0 pgtandem teardown --all
    assert_contains "$output" 'not there  slot "pgtandem_users_name_split_forward" in the old database'
    assert_nothing_is_left
}

test_one_link_can_be_removed_by_itself() {
    create_objects users_name_split
    assert_exit 0 pgtandem teardown --reverse
    assert_contains "$output" 'removed    slot "pgtandem_users_name_split_reverse" in the new database'
    assert_eq "$(slots_and_origins main)" pgtandem_users_name_split_forward
    assert_eq "$(sql other app 'SELECT count(*) FROM pg_replication_slots')" 0
    assert_exit 0 pgtandem teardown --forward
    assert_eq "$(slots_and_origins main)" none
    assert_eq "$(slots_and_origins other)" \
        "pgtandem_users_name_split_copy_0 pgtandem_users_name_split_copy_7"
    assert_eq "$(schema_of other)" pgtandem "the state stays"
}

test_all_removes_everything_and_may_be_repeated() {
    assert_exit 0 pgtandem teardown --all
    assert_contains "$output" "removed    state and schema pgtandem in the new database"
    assert_nothing_is_left
    assert_exit 0 pgtandem teardown --all
    assert_eq "$(sql main app 'SELECT count(*) FROM public.users')" 10 "the application's rows"
}

test_orphans_without_any_state_are_found() {
    create_origin main pgtandem_users_name_split_copy_3
    create_slot main app pgtandem_users_name_split_reverse
    assert_exit 0 pgtandem teardown --all
    assert_contains "$output" 'removed    origin "pgtandem_users_name_split_copy_3" in the old database'
    assert_nothing_is_left
}

test_other_migrations_keep_what_is_theirs() {
    create_objects users_name_split
    create_objects users_name_split_forward
    create_slot other elsewhere somebody_elses
    assert_exit 0 pgtandem teardown --all
    assert_eq "$(slots_and_origins main)" \
        "$(printf 'pgtandem_users_name_split_forward_%s ' forward reverse)pgtandem_users_name_split_forward_reverse_mend"
    assert_eq "$(sql other app 'SELECT name FROM pgtandem.migration')" users_name_split_forward
    assert_eq "$(sql other app 'SELECT count(*) FROM pgtandem.chunk')" 1
    assert_eq "$(sql main app 'SELECT migration FROM pgtandem.progress')" users_name_split_forward
    write_config "$(dsn main app)" "$(dsn other app)" "migration: users_name_split_forward"
    assert_exit 0 pgtandem teardown --all
    assert_eq "$(slots_and_origins other)" somebody_elses
    sql other elsewhere "SELECT FROM pg_drop_replication_slot('somebody_elses')"
    assert_nothing_is_left
    write_config "$(dsn main app)" "$(dsn other app)"
}

test_what_others_put_into_the_schema_stays() {
    create_objects users_name_split
    sql main app "CREATE TABLE pgtandem.ours (id int)"
    assert_exit 0 pgtandem teardown --all
    assert_eq "$(sql main app "SELECT to_regclass('pgtandem.ours')")" pgtandem.ours
    assert_eq "$(sql main app 'SELECT count(*) FROM pgtandem.link')" 0
    sql main app "DROP SCHEMA pgtandem CASCADE"
}

test_a_running_service_is_not_pulled_down() {
    create_objects users_name_split
    background session "$PG_BIN/psql" -X -d "$(dsn other app)" \
        -c "SELECT pg_advisory_lock($(lock_key)), pg_sleep(60)"
    wait_until 10 lock_is_held
    assert_exit 1 pgtandem teardown --all
    assert_contains "$output" "another pgtandem is at work"
    assert_contains "$output" "hint: stop it first"
    sql other app "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'" >/dev/null
    wait_until 10 lock_is_free
    assert_exit 0 pgtandem teardown --all
    assert_nothing_is_left
}

# FNV-1a of "pgtandem/" and the migration's name, halved: what a service locks.
lock_key() {
    local name=pgtandem/users_name_split hash=-3750763034362895579 i
    for ((i = 0; i < ${#name}; i++)); do
        hash=$(((hash ^ $(printf '%d' "'${name:i:1}")) * 1099511628211))
    done
    echo $(((hash >> 1) & 0x7fffffffffffffff))
}

lock_is_held() {
    [ "$(sql other app "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 1 ]
}

lock_is_free() {
    [ "$(sql other app "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 0 ]
}

test_a_slot_whose_client_is_still_ending_is_waited_for() {
    create_objects users_name_split
    background receiver "$PG_BIN/pg_recvlogical" -d "$(dsn main app)" \
        --slot=pgtandem_users_name_split_forward --start --no-loop -f /dev/null
    wait_until 10 slot_is_active
    background teardown "$PGTANDEM" teardown --all
    sleep 1
    background_running teardown || fail "it did not wait"
    background_signal receiver KILL
    background_wait receiver 10 || true
    background_wait teardown 10
    assert_nothing_is_left
}

slot_is_active() {
    [ "$(sql main app "SELECT active FROM pg_replication_slots")" = t ]
}

test_one_side_is_cleaned_when_the_other_is_away() {
    create_objects users_name_split
    cluster_stop other
    assert_exit 1 pgtandem teardown --all
    assert_contains "$output" "cannot connect to the new database"
    assert_contains "$output" 'left       slot "pgtandem_users_name_split_reverse" in the new database'
    assert_contains "$output" 'left       state in the new database'
    assert_contains "$output" 'removed    slot "pgtandem_users_name_split_forward" in the old database'
    assert_eq "$(slots_and_origins main)" none
    assert_eq "$(schema_of main)" none
    cluster_start other
    assert_exit 0 pgtandem teardown --all
    assert_nothing_is_left
}

test_both_sides_in_one_database_have_one_state() {
    write_config "$(dsn main app)" "$(dsn main app)"
    sql_file main app "$ROOT/sql/state.sql"
    sql main app "INSERT INTO pgtandem.migration (name) VALUES ('users_name_split')"
    assert_exit 0 pgtandem teardown --all
    assert_eq "$(grep -c state <<<"$output")" 1
    assert_nothing_is_left
}

run_tests "$@"
