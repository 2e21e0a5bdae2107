#!/bin/bash
# A copy keeps its manners: what it waits for and says so, what people ask of it
# while it runs, and what it does not hold back.
. "$(dirname "$0")/lib.sh"

rows=6000
cluster_start main
create_scenario main app $rows

# config [BACKFILL] [LIMITS]: slow enough to be steered.
config() {
    write_config "$(dsn main app)" "$(dsn main app)" "
backfill: {jobs: 2, chunk_rows: 100, chunk_time: 0, warm_up: 0, ${1:-max_rows_per_second: 2000}}
limits: {lock_timeout: 500ms, ${2:-}}"
}

start_afresh() {
    pgtandem teardown --all >"$T/teardown.log" 2>&1 || fail "teardown: $(cat "$T/teardown.log")"
    sql main app "TRUNCATE app_v2.users"
    rm -f "$(background_log backfill)"
}

backfill_start() {
    background backfill "$PGTANDEM" backfill
}

backfill_end() {
    local status=0
    background_wait backfill 60 || status=$?
    assert_eq $status "${1:-0}" "exit status of $(tail -n 20 "$(background_log backfill)")"
    [ "${1:-0}" != 0 ] || assert_complete
}

assert_complete() {
    assert_same_tables main app
    assert_eq "$(sql main app "SELECT bool_and(done_at IS NOT NULL AND rows_read = rows_written + rows_parked),
        sum(rows_written) FROM pgtandem.chunk")" "t|$rows" "what the ledger says"
}

log_says() {
    grep -q "$1" "$(background_log backfill)"
}

rows_done() {
    sql main app "SELECT coalesce(sum(rows_read), 0) FROM pgtandem.chunk WHERE done_at IS NOT NULL" 2>/dev/null ||
        echo 0
}

some_rows_are_done() {
    [ "$(rows_done)" -ge "$1" ]
}

# assert_waits TEXT: in the log and in status, and nothing moves.
assert_waits() {
    local before
    wait_until 20 log_says "the copy waits for .*$1"
    wait_until 20 status_says_it_waits "$1"
    sleep 1 # chunks that are under way are finished
    before=$(rows_done)
    sleep 1
    assert_eq "$(rows_done)" "$before" "rows that were copied while it waits"
    [ "$before" -lt $rows ] || fail "the copy was over before it could wait"
}

status_says_it_waits() {
    status_field .backfill.waiting_for | grep -q "$1"
}

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
    config "max_rows_per_second: 500" "query: {sql: 'SELECT count(*) FROM public.brake', max: 0}"
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

# Both sides are one server: what the copy writes is kept for the slot.
test_log_that_the_slot_keeps_holds_it() {
    config "max_rows_per_second: 4000" "slot_wal: 1MB"
    backfill_start
    assert_waits "MB of log that the slot keeps (limit 1 MB)"
    assert_exit 0 pgtandem throttle --slot-wal none
    backfill_end
    start_afresh
}

test_so_does_what_the_server_keeps_for_it() {
    cluster_reload main max_slot_wal_keep_size=64MB
    config "max_rows_per_second: 1000" "slot_wal: 1GB"
    backfill_start
    wait_until 20 some_rows_are_done 200
    sql main app "SELECT count(pg_logical_emit_message(false, 'elsewhere', repeat('x', 1024 * 1024)))
        FROM generate_series(1, 58)" >"$T/written"
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

# ---- what it does not hold back ----

# make_dead_row: after the copy has begun. Can it be removed?
make_dead_row() {
    sql main app "DROP TABLE IF EXISTS churn; CREATE TABLE churn (v int); INSERT INTO churn VALUES (1)"
    sql main app "DELETE FROM churn"
}

dead_rows_after_vacuum() {
    psql_in main app -c "SET client_min_messages = info" -c "VACUUM (VERBOSE) churn" 2>&1 |
        sed -nE 's/.* ([0-9]+) are dead but not yet removable.*/\1/p'
}

# Those of the chunks that were under way are waited out.
vacuum_is_not_held_back() {
    [ "$(dead_rows_after_vacuum)" = 0 ]
}

test_one_snapshot_holds_vacuum_back() {
    config "max_rows_per_second: 1000"
    backfill_start
    wait_until 20 some_rows_are_done 200
    make_dead_row
    sleep 2
    [ "$(dead_rows_after_vacuum)" -gt 0 ] || fail "a snapshot that lasts does not keep dead rows?"
    backfill_end
    assert_eq "$(sql main app "SELECT count(DISTINCT snapshot) FROM pgtandem.chunk")" 1 "snapshots"
    start_afresh
}

test_snapshots_of_chunks_do_not() {
    config "snapshot: chunked, max_rows_per_second: 500"
    backfill_start
    wait_until 20 some_rows_are_done 200
    make_dead_row
    wait_until 10 vacuum_is_not_held_back
    assert_exit 0 pgtandem pause
    assert_waits "pgtandem resume"
    assert_eq "$(sql main app "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgtandem copy%'
        AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)")" 0 "transactions while it pauses"
    assert_exit 0 pgtandem resume
    backfill_end
    [ "$(sql main app "SELECT count(DISTINCT snapshot) FROM pgtandem.chunk")" -gt 1 ] || fail "one snapshot only"
    start_afresh
}

test_chunked_rows_change_move_and_vanish_meanwhile() {
    config "snapshot: chunked, max_rows_per_second: 1500"
    backfill_start
    wait_until 20 some_rows_are_done 200
    for _ in $(seq 6); do
        sql main app "
            UPDATE public.users SET full_name = 'Renamed Again' || id WHERE id % 7 = 0;
            UPDATE public.users SET full_name = full_name || ' T' WHERE length(bio) > 2000;
            UPDATE public.users SET id = id + 100000, email = 'moved' || id WHERE id = (SELECT min(id) FROM public.users);
            UPDATE public.users SET id = -id WHERE id = (SELECT max(id) FROM public.users WHERE id < $rows);
            DELETE FROM public.users WHERE id = (SELECT max(id) FROM public.users WHERE id < $rows);
            INSERT INTO public.users (email, full_name) SELECT 'new' || random(), 'New One' FROM generate_series(1, 50)"
        sleep 0.3
    done
    background_signal backfill KILL
    background_wait backfill 5 || true
    sql main app "DELETE FROM public.users WHERE id % 11 = 0"
    assert_exit 0 pgtandem backfill
    assert_same_tables main app
    assert_eq "$(sql main app "SELECT bool_and(done_at IS NOT NULL AND rows_read = rows_written + rows_parked) FROM pgtandem.chunk")" t
    pgtandem teardown --all >"$T/teardown.log" 2>&1
    sql main app "TRUNCATE app_v2.users; TRUNCATE public.users RESTART IDENTITY"
    seed_users main app $rows
}

# Rows that come faster than they are copied must not keep it from ending.
test_a_table_that_grows_all_the_time_is_copied_to_where_it_ended() {
    config "snapshot: chunked, max_rows_per_second: 1000"
    load_start main app "$T/grow.sql" 0 60
    backfill_start
    wait_until 40 log_says "copied .* rows"
    load_stop
    backfill_end_of_growing
}

backfill_end_of_growing() {
    local status=0
    background_wait backfill 60 || status=$?
    assert_eq $status 0 "exit status of $(tail -n 20 "$(background_log backfill)")"
    assert_exit 0 pgtandem run --once
    assert_same_tables main app
}
echo "INSERT INTO public.users (email, full_name) SELECT 'grown' || random(), 'Grown Up' FROM generate_series(1, 20);" >"$T/grow.sql"

run_tests "$@"
