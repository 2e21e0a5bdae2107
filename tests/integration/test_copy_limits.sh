#!/bin/bash
# A copy keeps its manners: what it waits for, and says so, and what people ask of it
# while it runs.
. "$(dirname "$0")/lib.sh"

rows=3000
. "$ROOT/tests/integration/steering.sh"

cluster_start main
create_scenario main app "$rows"

test_there_is_nothing_to_steer_before_setup() {
    config
    assert_exit 3 pgtandem throttle --rows-per-second 5
    assert_contains "$output" "setup has not run"
    assert_exit 3 pgtandem pause
    assert_exit 2 pgtandem throttle --slot-wal 5gb
    assert_contains "$output" 'option --slot-wal wants a size such as 10GB, none or default, not "5gb"'
}

test_a_paused_copy_waits_and_goes_on() {
    config
    backfill_start
    wait_until 20 some_rows_are_done 200
    assert_exit 0 pgtandem pause
    assert_waits "pgtandem resume (paused since"
    assert_exit 0 pgtandem pause
    assert_contains "$output" "paused already"
    assert_contains "$(pgtandem status)" "waiting for pgtandem resume"
    assert_eq "$(status_field .backfill.paused)" true
    assert_exit 0 pgtandem resume
    backfill_end
    log_says "the copy goes on" || fail "nobody said that it went on"
    assert_exit 3 pgtandem pause
    assert_contains "$output" "there is no copy to pause: it is done"
    start_afresh
}

test_a_pause_and_a_limit_at_once() {
    config
    assert_exit 0 pgtandem setup
    assert_exit 0 pgtandem throttle --rows-per-second 5
    background locker "$PG_BIN/psql" -X -q -d "$(dsn main app)" -c "BEGIN; UPDATE pgtandem.control
        SET changed_at = now(); SELECT pg_sleep(2)"
    sleep 0.5
    background pauser "$PGTANDEM" pause
    sleep 0.3
    assert_exit 0 pgtandem throttle --rows-per-second 50
    background_wait pauser 10
    assert_eq "$(sql main app "SELECT paused_at IS NOT NULL, max_rows_per_second FROM pgtandem.control")" "t|50"
    start_afresh
}

# A load that nobody knows is no leave to go on; and the one process that hangs is not waited
# for for ever.
test_a_server_that_does_not_say_how_it_is_holds_the_copy() {
    local pid
    config "max_rows_per_second: 100"
    backfill_start
    wait_until 20 some_rows_are_done 100
    pid=$(sql main app "SELECT pid FROM pg_stat_activity
        WHERE application_name = 'pgtandem governor' AND query LIKE '%pg_wal_lsn_diff%'")
    kill -STOP "$pid"
    wait_until 20 log_says "the copy waits for the old database to answer, which it has not since"
    status_says_it_waits "the old database to answer" || wait_until 3 status_says_it_waits "the old database to answer"
    wait_until 20 log_says "the copy goes on"
    kill -CONT "$pid"
    assert_exit 0 pgtandem throttle --rows-per-second 100000
    backfill_end
    start_afresh
}

test_a_pause_outlives_the_process() {
    config
    backfill_start
    wait_until 20 some_rows_are_done 200
    assert_exit 0 pgtandem pause
    background_signal backfill KILL
    background_wait backfill 5 || true
    rm -f "$(background_log backfill)"
    assert_contains "$(pgtandem status)" "paused: pgtandem resume lets it go on"
    backfill_start
    assert_waits "pgtandem resume"
    background_signal backfill TERM
    backfill_end 1
    backfill_start
    assert_waits "pgtandem resume"
    assert_exit 0 pgtandem resume
    backfill_end
    start_afresh
}

test_statements_after_the_copy_wait_as_well() {
    echo "CREATE INDEX CONCURRENTLY late ON users (email)" >"$T/after.sql"
    config "max_rows_per_second: 0, after_copy: ['$T/after.sql']"
    assert_exit 0 pgtandem setup
    assert_exit 0 pgtandem pause
    sql main app "UPDATE pgtandem.migration SET backfill = 'copied', phase = 'catchup'"
    backfill_start
    wait_until 20 log_says "the statements wait for pgtandem resume"
    assert_contains "$(pgtandem status)" "paused: pgtandem resume lets it go on"
    assert_exit 0 pgtandem resume
    wait_until 20 log_says "the statements go on"
    background_wait backfill 20
    assert_eq "$(sql main app "SELECT to_regclass('app_v2.late')")" app_v2.late "the index"
    sql main app "DROP INDEX app_v2.late"
    start_afresh
}

test_limits_change_while_it_runs() {
    config "max_rows_per_second: 300"
    backfill_start
    wait_until 20 some_rows_are_done 200
    assert_exit 0 pgtandem throttle --json --rows-per-second none --replica-lag 7s --active-sessions default
    assert_eq "$(jq -c '[.in_force.max_rows_per_second, .configured.max_rows_per_second,
        .in_force.replica_lag, .configured.replica_lag, .paused]' <<<"$output")" "[0,300,7,5,false]"
    backfill_end # 300 rows a second would take 20 s; that it takes less is no test
    assert_exit 0 pgtandem throttle
    assert_contains "$output" "$(printf '%-18s %14s %14s' 'rows per second' none 300)"
    assert_exit 0 pgtandem throttle --reset --json
    assert_eq "$(jq -c .in_force <<<"$output")" "$(jq -c .configured <<<"$output")" "limits after a reset"
    start_afresh
}

test_active_sessions_are_given_way() {
    local i
    config "" "active_sessions: 2"
    for i in 1 2 3; do
        background "session-$i" "$PG_BIN/psql" -X -q -d "$(dsn main app)" -c "SELECT pg_sleep(60)"
    done
    backfill_start
    assert_waits "3 active sessions (limit 2)"
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'" >"$T/ended"
    backfill_end
    start_afresh
}

test_a_query_of_ones_own_may_hold_it() {
    sql main app "CREATE TABLE IF NOT EXISTS brake (pressure numeric); DELETE FROM brake; INSERT INTO brake VALUES (0.5)"
    config "" "query: {sql: 'SELECT pressure FROM public.brake', max: 0.8}"
    backfill_start
    wait_until 20 some_rows_are_done 200
    sql main app "UPDATE brake SET pressure = 0.9"
    assert_waits "0.9, the result of limits.query (limit 0.8)"
    assert_exit 0 pgtandem throttle --query-max 1
    backfill_end
    start_afresh
    # no number is nothing to be waited for
    sql main app "DELETE FROM brake"
    backfill_start
    backfill_end
    start_afresh
}

test_a_query_that_hangs_holds_it() {
    config "max_rows_per_second: 300" "query: {sql: 'SELECT count(*) FROM public.brake', max: 0}"
    backfill_start
    wait_until 20 some_rows_are_done 200
    background locker "$PG_BIN/psql" -X -q -d "$(dsn main app)" -c "BEGIN; LOCK TABLE brake; SELECT pg_sleep(60)"
    assert_waits "which has not answered in time"
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE brake%'
        AND pid <> pg_backend_pid()" >"$T/ended"
    backfill_end
    start_afresh
}

test_a_query_that_is_none_is_refused() {
    config "" "query: {sql: 'SELECT nonsense', max: 1}"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "limits.query cannot be asked of the old database"
    config "" "query: {sql: 'SELECT 1, 2', max: 1}"
    assert_exit 2 pgtandem backfill
    assert_contains "$output" "its result is not one number"
    start_afresh
}

# write_log MEGABYTES: of somebody else's.
write_log() {
    sql main app "SELECT count(pg_logical_emit_message(false, 'elsewhere', repeat('x', 1024 * 1024)))
        FROM generate_series(1, $1)" >"$T/written"
}

# Both sides are one server: what the copy writes is kept for the slot.
test_log_that_the_slot_keeps_holds_it() {
    config "" "slot_wal: 2MB"
    backfill_start
    wait_until 20 some_rows_are_done 200
    write_log 3
    assert_waits "MB of log that the slot keeps (limit 2 MB)"
    assert_exit 0 pgtandem throttle --slot-wal none
    backfill_end
    start_afresh
}

test_so_does_what_the_server_keeps_for_it() {
    cluster_reload main max_slot_wal_keep_size=64MB
    config "" "slot_wal: 1GB"
    backfill_start
    wait_until 20 some_rows_are_done 200
    write_log 58
    assert_waits "MB of log that the slot keeps (limit 58 MB)"
    cluster_reload main max_slot_wal_keep_size=-1
    backfill_end
    start_afresh
}

start_standby() {
    local folder
    folder=$(cluster_folder standby)
    as_server mkdir "$folder"
    free_port >"$T/clusters/standby.port"
    as_server "$PG_BIN/pg_basebackup" --dbname="$(dsn main postgres) application_name=standby1" --checkpoint=fast \
        --write-recovery-conf --pgdata="$folder/data" >"$T/basebackup.log" 2>&1 ||
        fail "pg_basebackup: $(cat "$T/basebackup.log")"
    cluster_start standby port="$(cat "$T/clusters/standby.port")"
}

test_a_standby_that_falls_behind_holds_it() {
    start_standby
    config "" "replica_lag: 1s"
    backfill_start
    wait_until 20 some_rows_are_done 200
    sql standby app "SELECT pg_wal_replay_pause()"
    assert_waits "replica lag of .* s on standby1 (limit 1 s)"
    sql standby app "SELECT pg_wal_replay_resume()"
    backfill_end
    cluster_stop standby
    start_afresh
}

run_tests "$@"
