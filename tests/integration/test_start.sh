#!/bin/bash
# A service starts when its servers are there: it waits for them, and for whatever else
# passes, and says so; commands that are to end end at once. What is wrong with the
# configuration is a person's matter, and waits for nothing.
. "$(dirname "$0")/lib.sh"

make_side() {
    cluster_start "$1" listen_addresses=127.0.0.1
    create_database "$1" app
    sql_file "$1" app "$ROOT/sql/users_$2.sql"
}

make_side east old
seed_users east app 2000
make_side west new
write_config "$(dsn east app)" "$(dsn west app)"

log_says() {
    grep -q "$@" "$(service_log)"
}

# Not a word more than at growing intervals.
words_of() {
    grep -c "$1" "$(service_log)" || true
}

begin_afresh() {
    pgtandem teardown --all >"$T/teardown.log" 2>&1 || fail "teardown: $(cat "$T/teardown.log")"
    sql west app "TRUNCATE app_v2.users"
    : >"$(service_log)"
}

# waits_for SIDE: a service is started while that side's server is down.
waits_for() {
    cluster_stop "$1"
    : >"$(service_log)"
    service_start
    wait_until 10 log_says 'trying again until it succeeds'
    sleep 1.5
    background_running service || fail "it has ended: $(cat "$(service_log)")"
    [ "$(words_of 'trying again until it succeeds')" -le 2 ] || fail "too many words: $(cat "$(service_log)")"
}

test_a_service_waits_for_the_old_server() {
    waits_for east
    assert_contains "$(cat "$(service_log)")" "cannot connect to the old database"
    cluster_start east
    wait_phase live
    log_says 'going on' || fail "its going on is not said"
    service_stop
}

test_a_service_waits_for_the_new_server() {
    waits_for west
    assert_contains "$(cat "$(service_log)")" "cannot connect to the new database"
    assert_exit 1 timeout 10 "$PGTANDEM" setup
    assert_exit 1 timeout 10 "$PGTANDEM" run --once
    cluster_start west
    wait_phase live
    service_stop
}

test_sigterm_ends_a_service_that_waits() {
    waits_for west
    service_stop
    cluster_start west
}

test_a_backfill_waits_too() {
    begin_afresh
    cluster_stop west
    background backfill "$PGTANDEM" backfill
    sleep 1
    background_running backfill || fail "it has ended: $(cat "$(background_log backfill)")"
    cluster_start west
    background_wait backfill 30 || fail "it failed: $(cat "$(background_log backfill)")"
    assert_same_tables east app west app
}

test_a_server_without_room_for_connections_is_waited_for() {
    local i
    cluster_restart west max_connections=12
    : >"$(service_log)"
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        background "room$i" "$PG_BIN/psql" -X -q -d "$(dsn west app)" -c 'SELECT pg_sleep(60)'
    done
    wait_until 10 no_room
    service_start
    wait_until 10 log_says 'SQLSTATE 53300'
    sleep 0.5
    background_running service || fail "it has ended: $(cat "$(service_log)")"
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do background_signal "room$i" KILL; done
    cluster_restart west max_connections=100
    wait_phase live
    service_stop
}

no_room() {
    ! sql west app "SELECT 1" >/dev/null 2>&1
}

# ---- a person's matter, in whatever language the server speaks

ends_at_once() {
    assert_exit 1 timeout 10 "$PGTANDEM" run
    assert_contains "$output" "hint: $1"
}

test_an_unknown_database_ends_it() {
    write_config "$(dsn east nowhere)" "$(dsn west app)"
    ends_at_once "check the database name"
}

test_an_unknown_role_ends_it() {
    write_config "$(dsn east app)" "$(dsn west app | sed 's/user=.*/user=nobody_here/')"
    ends_at_once "check pg_hba.conf"
}

test_a_wrong_password_ends_it() {
    local hba
    hba=$(cluster_folder east)/data/pg_hba.conf
    sql east app "SET password_encryption = 'scram-sha-256'; CREATE ROLE mover LOGIN SUPERUSER PASSWORD 'right'"
    as_server cp "$hba" "$hba.kept"
    as_server sed -i '1i host all mover 127.0.0.1/32 scram-sha-256' "$hba"
    sql east app "SELECT FROM pg_reload_conf()"
    write_config "host=127.0.0.1 port=$(cat "$T/clusters/east.port") dbname=app user=mover password=wrong" "$(dsn west app)"
    ends_at_once "check the password"
    as_server cp "$hba.kept" "$hba"
    sql east app "SELECT FROM pg_reload_conf(); DROP ROLE mover"
    write_config "$(dsn east app)" "$(dsn west app)"
}

# ---- in the middle of a start

# Killed at short intervals, a start gets nowhere; at longer ones it gets to ever later steps.
test_no_session_that_is_cut_off_ends_a_start() {
    local pause
    for pause in 0.01 0.08; do
        start_killing 1.5 "$pause" .
    done
}

# These sessions are the first steps' own.
test_a_step_that_loses_its_session_is_repeated() {
    local part
    for part in control 'proof|slot' 'reporter|copy'; do
        start_killing 0.7 0 "$part"
    done
}

# start_killing SECONDS PAUSE PART: a service is started, and for so long every session
# of that part of it is killed, again and again.
start_killing() {
    local side pids=()
    begin_afresh
    service_start
    for side in east west; do
        sql "$side" app "
            DO \$\$
            DECLARE until timestamptz = clock_timestamp() + interval '$1 s';
            BEGIN
                WHILE clock_timestamp() < until LOOP
                    PERFORM pg_stat_clear_snapshot();
                    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE application_name ~ '^pgtandem.*($3)';
                    PERFORM pg_sleep(0.005 + 0.03 * random() * sign($2) + $2);
                END LOOP;
            END \$\$" &
        pids+=($!)
    done
    wait "${pids[@]}"
    sql east app "UPDATE public.users SET bio = 'meanwhile $*' WHERE id % 7 = 0"
    wait_phase live 60
    wait_drained 30
    assert_same_tables east app west app
    service_stop
}

run_tests "$@"
