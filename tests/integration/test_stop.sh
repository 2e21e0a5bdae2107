#!/bin/bash
# SIGTERM ends the service within 5 seconds and with status 0, whatever it is
# doing, and the next start goes on from there.
. "$(dirname "$0")/lib.sh"

rows=20000

cluster_start main
create_scenario main app $rows
echo 'CREATE INDEX CONCURRENTLY IF NOT EXISTS late ON app_v2.users (updated_at)' >"$T/late.sql"

slow_config() {
    write_config "$(dsn main app)" "$(dsn main app)" "
backfill:
  chunk_rows: 500
  chunk_time: 0
  warm_up: 0
  max_rows_per_second: $1
  after_copy: ['$ROOT/sql/users_new_indexes.sql', '$T/late.sql']"
}
slow_config 4000

# hold NAME STATEMENT: a transaction that stays open.
hold() {
    background "$1" "$PG_BIN/psql" -X -d "$(dsn main app)" -c "BEGIN" -c "$2" -c "SELECT pg_sleep(600)"
    wait_until 10 is_asleep
}

is_asleep() {
    [ "$(sql main app "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" = 1 ]
}

# release NAME: ends it. psql alone would leave its backend asleep.
release() {
    sql main app "SELECT FROM pg_terminate_backend((SELECT pid FROM pg_stat_activity
                                                    WHERE wait_event = 'PgSleep'))"
    background_wait "$1" 10 || true
}

log_says() {
    grep -q "$1" "$(service_log)"
}

rows_done() {
    status_field .backfill.rows_done
}

rows_done_exceed() {
    [ "$(rows_done)" -gt "$1" ]
}

is_writing() {
    [ "$(sql main app "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL
                       AND application_name = 'pgtandem $1 writer'")" = 1 ]
}

both_are_streaming() {
    [ "$(status_field '.forward.state + .reverse.state')" = streamingstreaming ]
}

nobody_is_connected() {
    [ "$(sql main app "SELECT count(*) FROM pg_stat_activity
                       WHERE application_name LIKE 'pgtandem%'")" = 0 ]
}

test_while_a_slot_waits_for_open_transactions() {
    hold blocker 'SELECT pg_current_xact_id()'
    service_start
    wait_until 30 log_says 'creating the slot waits for transactions in progress'
    service_stop
    release blocker
    wait_until 10 nobody_is_connected
    assert_eq "$(sql main app 'SELECT count(*) FROM app_v2.users')" 0 "rows copied"
}

test_during_the_backfill_which_then_resumes() {
    local done_before chunks
    service_start
    wait_phase backfill
    wait_until 30 rows_done_exceed 3000
    service_stop
    done_before=$(rows_done)
    chunks=$(sql main app "SELECT sum(extract(epoch FROM done_at)) FROM pgtandem.chunk
                           WHERE done_at IS NOT NULL AND chunk <= 4")
    [ "$done_before" -lt $rows ] || fail "all $rows rows were there before it was stopped"
    assert_eq "$(sql main app 'SELECT count(*) FROM app_v2.users')" "$done_before" "rows copied"
    service_start
    wait_until 30 rows_done_exceed $((done_before + 1000))
    service_stop
    assert_eq "$(sql main app "SELECT sum(extract(epoch FROM done_at)) FROM pgtandem.chunk
                               WHERE done_at IS NOT NULL AND chunk <= 4")" "$chunks" \
        "when the first chunks were copied"
    assert_eq "$(status_field .phase)" backfill phase
}

test_backfill_alone_says_that_it_is_not_complete() {
    local status=0
    background backfill "$PGTANDEM" backfill
    wait_until 30 rows_done_exceed $(($(rows_done) + 500))
    background_signal backfill TERM
    background_wait backfill 5 || status=$?
    assert_eq $status 1 "status of an interrupted backfill"
    assert_contains "$(cat "$(background_log backfill)")" 'start it again'
    slow_config 0
}

test_while_an_index_waits_for_an_open_transaction() {
    hold blocker 'LOCK TABLE app_v2.users IN ROW EXCLUSIVE MODE'
    service_start
    wait_phase catchup
    wait_until 30 index_is_waiting
    service_stop
    wait_until 10 nobody_is_connected
    release blocker
    service_start
    wait_phase live
    assert_eq "$(sql main app "SELECT string_agg(relname || ' ' || indisvalid, ', ' ORDER BY relname)
                               FROM pg_index JOIN pg_class ON oid = indexrelid
                               WHERE indrelid = 'app_v2.users'::regclass")" \
        "idx_users_email true, idx_users_first_name true, idx_users_full_name true, \
idx_users_last_name true, late true, users_pkey true" "indexes"
}

index_is_waiting() {
    [ "$(sql main app "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE %INDEX%'
                       AND wait_event_type = 'Lock'")" = 1 ]
}

test_when_idle() {
    wait_drained
    service_stop
    assert_same_tables main app
    wait_until 10 nobody_is_connected
}

test_during_a_large_transaction() {
    service_start
    wait_phase live
    sql main app "UPDATE public.users SET full_name = 'Large Old' || id;
                  UPDATE public.users SET full_name = full_name || ' ' || id"
    wait_until 30 is_writing forward
    service_stop
    service_start
    wait_drained 120
    sql main app "UPDATE app_v2.users SET bio = 'large ' || id"
    wait_until 30 is_writing reverse
    service_stop
    service_start
    wait_drained 120
    assert_same_tables main app
    assert_eq "$(status_field '.forward.applied_changes')" $((2 * rows)) "changes forward"
    assert_eq "$(status_field '.reverse.applied_changes')" $rows "changes in reverse"
    service_stop
}

test_while_the_server_is_down() {
    service_start
    wait_until 30 both_are_streaming
    cluster_stop main
    sleep 2
    service_stop
    cluster_start main
    sql main app "UPDATE public.users SET bio = 'meanwhile' WHERE id = 1"
    service_start
    wait_drained
    assert_eq "$(sql main app 'SELECT bio FROM app_v2.users WHERE id = 1')" meanwhile
}

test_a_second_one_is_refused() {
    assert_exit 1 pgtandem run
    assert_contains "$output" 'another pgtandem is at work on the migration "users_name_split"'
    assert_exit 1 pgtandem backfill
    assert_contains "$output" 'another pgtandem is at work'
    assert_eq "$(status_field .forward.state)" streaming "the first one's state"
    service_stop
}

has_taken_over() {
    grep -q "reverse.*: streaming from" "$(background_log other)"
}

# Stopped for so long that its sessions were ended and another one was started.
test_a_service_that_wakes_beside_another_one_ends() {
    local status=0
    service_start
    wait_until 30 both_are_streaming
    background_signal service STOP
    sql main app "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'pgtandem%'" >/dev/null
    background other "$PGTANDEM" run
    wait_until 30 has_taken_over
    background_signal service CONT
    background_wait service 10 || status=$?
    assert_eq "$status" 1 "exit status"
    assert_contains "$(tail -n 3 "$(service_log)")" "another pgtandem is at work"
    sql main app "UPDATE public.users SET bio = 'after it woke' WHERE id = 1"
    wait_same_tables 30 main app
    background_signal other TERM
    background_wait other 10
}

test_once_drains_both_sides_and_ends() {
    sql main app "UPDATE public.users SET full_name = 'Once Old' WHERE id % 2 = 0;
                  UPDATE app_v2.users SET first_name = 'Once', last_name = 'New' WHERE id % 2 = 1"
    assert_exit 0 timeout 60 "$PGTANDEM" run --once
    assert_same_tables main app
    assert_eq "$(sql main app "SELECT count(*) FROM public.users WHERE full_name = 'Once New'")" \
        $((rows / 2)) "rows of the new side on the old one"
    assert_eq "$(status_field .forward.state)" stopped "state"
    wait_until 10 nobody_is_connected
}

test_once_ends_while_others_go_on_writing() {
    load_start main app old_disjoint 100 30 -D rows=$rows
    sql main app "UPDATE public.users SET full_name = 'Before Once' WHERE id = 2"
    assert_exit 0 timeout 60 "$PGTANDEM" run --once
    assert_eq "$(sql main app 'SELECT first_name FROM app_v2.users WHERE id = 2')" Before
    load_stop
    assert_exit 0 timeout 60 "$PGTANDEM" run --once
    assert_same_tables main app
    assert_eq "$(status_field '[.forward, .reverse | .conflicts, .parked] | add')" 0 \
        "conflicts and parked rows"
}

run_tests "$@"
