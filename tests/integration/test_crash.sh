#!/bin/bash
# Servers crash and connections break under load, in every phase; the service
# survives by itself, tells of each outage once, and both sides end equal. Each
# side is in a cluster of its own, with fsync on.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/integration/counting.sh"

rows=10000

cluster_start left fsync=on wal_sender_timeout=2s
cluster_start right fsync=on wal_sender_timeout=2s
create_scenario left app $rows
create_database right app
sql_file right app "$ROOT/sql/users_new.sql"
sql right app "ALTER SEQUENCE public.users_id_seq RESTART WITH 1000000000"
echo 'SELECT pg_sleep(2)' >"$T/slow.sql"
write_config "$(dsn left app)" "$(dsn right app)" "
backfill:
  chunk_rows: 500
  chunk_time: 0
  warm_up: 0
  max_rows_per_second: 2500
  after_copy: ['$ROOT/sql/users_new_indexes.sql', '$T/slow.sql']"

write_old() {
    load_start left app old_disjoint 60 600 -D rows=$rows
}

write_new() {
    load_start right app new_disjoint 60 600 -D rows=$rows
}

# crash CLUSTER [SECONDS]: pulls the plug; the server is back after so long.
# Its writers die with it and are started again.
crash() {
    cluster_crash "$1"
    sleep "${2:-0.5}"
    cluster_start "$1"
    if [ "$1" = left ]; then
        write_old
    elif phase_is live; then
        write_new
    fi
}

phase_is_one_of() {
    local phase
    phase=$(status_field .phase)
    [[ " $* " == *" $phase "* ]]
}

rows_done_exceed() {
    [ "$(status_field .backfill.rows_done)" -gt "$1" ]
}

both_are_streaming() {
    [ "$(status_field '.forward.state + .reverse.state')" = streamingstreaming ]
}

# warnings_since LINE: of the service's log.
warnings_since() {
    tail -n +"$(($1 + 1))" "$(service_log)" | grep -E ' (warning|error) ' || true
}

log_lines() {
    wc -l <"$(service_log)"
}

# after_an_outage LINE WHAT: both links are at work again, and no link spoke of it
# more than once.
after_an_outage() {
    local link
    wait_until 60 both_are_streaming
    for link in forward reverse; do
        [ "$(warnings_since "$1" | grep -c " $link: connecting again")" -le 1 ] ||
            fail "more than one warning of $2: $(warnings_since "$1")"
    done
}

assert_equal_in_the_end() {
    wait_drained
    assert_same_tables left app right app
    assert_all_applied_once left app right app
}

# A commit that others see already, and that is not on disk for another ten seconds
commit_lazily() {
    psql_in left lazy -c "SET synchronous_commit = off" -c "UPDATE public.users SET bio = '$1' WHERE id = $2"
}

lazy_copy_has_begun() {
    [ "$(sql right lazy "SELECT count(*) FROM app_v2.users")" -gt 100 ]
}

lazy_row_is_copied() {
    [ "$(sql right lazy "SELECT count(*) FROM app_v2.users WHERE id = 900")" = 1 ]
}

# The next record would come behind a page's head, which is not on disk before there is one.
test_a_log_that_was_switched_and_rests_holds_nothing_up() {
    local config
    config=$(<"$PGTANDEM_CONFIG")
    create_scenario left resting 500
    create_database right resting
    sql_file right resting "$ROOT/sql/users_new.sql"
    write_config "$(dsn left resting)" "$(dsn right resting)" "
backfill: {jobs: 1, chunk_rows: 50, chunk_time: 0, warm_up: 0, max_rows_per_second: 100, snapshot: chunked}"
    background backfill "$PGTANDEM" backfill
    wait_until 20 resting_copy_has_begun
    sql left resting "SELECT pg_switch_wal()" >"$T/switched"
    background_wait backfill 20 || fail "$(tail -n 20 "$(background_log backfill)")"
    assert_same_tables left resting right resting
    pgtandem teardown --all >"$T/teardown.log" 2>&1
    echo "$config" >"$PGTANDEM_CONFIG"
}

resting_copy_has_begun() {
    [ "$(sql right resting "SELECT count(*) FROM app_v2.users")" -gt 50 ]
}

# It is in no stream, and must not be in the copy either.
test_a_commit_that_a_crash_takes_back_is_not_copied() {
    local config
    config=$(<"$PGTANDEM_CONFIG")
    create_scenario left lazy 1000
    create_database right lazy
    sql_file right lazy "$ROOT/sql/users_new.sql"
    write_config "$(dsn left lazy)" "$(dsn right lazy)" "
backfill: {jobs: 1, chunk_rows: 50, chunk_time: 0, warm_up: 0, max_rows_per_second: 400, snapshot: chunked}"
    cluster_reload left wal_writer_delay=10000
    background backfill "$PGTANDEM" backfill
    wait_until 20 lazy_copy_has_begun
    commit_lazily first 1
    sleep 0.3
    commit_lazily gone 900
    for _ in $(seq 30); do
        ! lazy_row_is_copied || break
        sleep 0.1
    done
    cluster_crash left
    cluster_start left
    cluster_reload left wal_writer_delay=200
    [ "$(sql left lazy "SELECT count(*) FROM public.users WHERE bio = 'gone'")" = 0 ] ||
        echo "something else has brought the commit to disk: nothing is shown this time"
    background_wait backfill 60 || fail "$(tail -n 20 "$(background_log backfill)")"
    assert_same_tables left lazy right lazy
    pgtandem teardown --all >"$T/teardown.log" 2>&1
    echo "$config" >"$PGTANDEM_CONFIG"
}

test_crashes_during_the_backfill() {
    pgtandem setup >"$T/setup.log" 2>&1
    count_start left app
    write_old
    service_start
    wait_phase backfill
    wait_until 30 rows_done_exceed 1000
    crash left
    wait_until 30 rows_done_exceed 3000
    crash right
    assert_eq "$(status_field .phase)" backfill "the phase when the backfill was interrupted"
    wait_until 60 rows_done_exceed 6000
}

test_crashes_while_catching_up() {
    wait_phase catchup
    crash right
    wait_until 30 phase_is_one_of catchup live
    count_start right app
    crash left
    wait_phase live
    write_new
}

test_crashes_when_live() {
    local side line
    wait_until 30 both_are_streaming
    for side in left right left right; do
        sleep 1
        line=$(log_lines)
        crash $side
        after_an_outage "$line" "the crash of $side"
        [ "$(warnings_since "$line" | grep -c ' connecting again')" -gt 0 ] ||
            fail "nobody told of the crash of $side"
    done
}

test_both_crash_at_once_and_for_long() {
    local line
    line=$(log_lines)
    cluster_crash left
    cluster_crash right
    sleep 6
    cluster_start left
    cluster_start right
    write_old
    write_new
    after_an_outage "$line" "the long outage"
}

test_a_clean_restart_is_survived() {
    local line
    line=$(log_lines)
    load_stop
    cluster_restart left
    cluster_restart right
    write_old
    write_new
    after_an_outage "$line" "a restart"
}

# terminate CLUSTER APPLICATION: ends its backend.
terminate() {
    assert_eq "$(sql "$1" app "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                               WHERE application_name = '$2'")" 1 "backends called '$2'"
}

test_every_connection_may_be_terminated() {
    local line pair
    for pair in 'left pgtandem forward stream' 'right pgtandem forward writer' \
        'left pgtandem forward source' 'right pgtandem reverse stream' \
        'left pgtandem reverse writer' 'right pgtandem reverse source' \
        'right pgtandem reporter' 'left pgtandem reporter'; do
        wait_until 30 both_are_streaming
        line=$(log_lines)
        terminate "${pair%% *}" "${pair#* }"
        sleep 1
        after_an_outage "$line" "a connection that ended"
    done
}

test_a_service_that_was_asleep_goes_on() {
    local line
    wait_until 30 both_are_streaming
    line=$(log_lines)
    background_signal service STOP
    sleep 5 # more than wal_sender_timeout, so both walsenders are gone
    assert_eq "$(sql left app "SELECT count(*) FROM pg_stat_replication
                               WHERE application_name = 'pgtandem forward stream'")" 0 "walsenders"
    background_signal service CONT
    sleep 1
    after_an_outage "$line" "its sleep"
    sleep 1
}

test_both_sides_end_equal_and_nothing_was_applied_twice() {
    load_stop
    assert_equal_in_the_end
    service_stop
    # the state is as exact when it is read from slots that have gone back
    cluster_crash left
    cluster_crash right
    cluster_start left
    cluster_start right
    service_start
    wait_until 30 both_are_streaming
    assert_equal_in_the_end
    service_stop
}

run_tests "$@"
