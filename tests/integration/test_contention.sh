#!/bin/bash
# The application comes first: where both want the same rows, a link waits, gives
# way and comes again, and no transaction of the application is cancelled.
. "$(dirname "$0")/lib.sh"

rows=1000

cluster_start main log_lock_waits=on
create_scenario main app $rows
write_config "$(dsn main app)" "$(dsn main app)" 'limits: {lock_timeout: 200ms}'

# hold STATEMENT [SECONDS]: a transaction of an application that goes on for so long.
hold() {
    background application "$PG_BIN/psql" -X -v ON_ERROR_STOP=1 -d "$(dsn main app)" \
        -c BEGIN -c "$1" -c "SELECT pg_sleep(${2:-3})" -c COMMIT
    wait_until 10 is_asleep
}

is_asleep() {
    [ "$(sql main app "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" = 1 ]
}

assert_held_to_the_end() {
    background_wait application 20 ||
        fail "the application was disturbed: $(cat "$(background_log application)")"
}

applied() {
    status_field ".$1.applied_changes"
}

new_bio() {
    sql main app "SELECT bio FROM app_v2.users WHERE id = $1"
}

# Times that the server ended somebody's wait, in a statement on this table.
log_counts() {
    grep -c "$1" "$(cluster_log main)" || true
}

assert_well() {
    assert_eq "$(status_field '.forward.state + " " + .reverse.state')" 'streaming streaming' "links"
    assert_eq "$(status_field '[.forward, .reverse | .parked] | add')" 0 "parked rows"
}

test_a_row_that_is_locked_is_waited_for() {
    local timeouts
    service_start
    wait_phase live
    timeouts=$(log_counts 'canceling statement due to lock timeout')
    hold "SELECT FROM app_v2.users WHERE id = 1 FOR UPDATE"
    sql main app "UPDATE public.users SET bio = 'first' WHERE id = 1"
    sql main app "UPDATE public.users SET bio = 'second' WHERE id = 1"
    sql main app "UPDATE public.users SET bio = 'another' WHERE id = 2"
    sleep 1.5
    is_asleep || fail "the application's transaction has ended"
    [ "$(new_bio 1)" != second ] || fail "a locked row was written"
    assert_well
    assert_held_to_the_end
    wait_drained 20
    assert_eq "$(new_bio 1)" second
    assert_eq "$(new_bio 2)" another
    [ "$(log_counts 'canceling statement due to lock timeout')" -gt "$timeouts" ] ||
        fail "the link has not given way"
    assert_same_tables main app
}

# While the link waits for row 20 it must not for long keep others from row 10,
# which it has locked already.
test_others_are_not_kept_waiting_by_a_link_that_waits() {
    hold "SELECT FROM app_v2.users WHERE id = 20 FOR UPDATE"
    sql main app "UPDATE public.users SET bio = 'batch' WHERE id BETWEEN 10 AND 30"
    sleep 0.5
    sql main app "SET statement_timeout = '2s'; SELECT FROM app_v2.users WHERE id = 10 FOR UPDATE" \
        >/dev/null
    is_asleep || fail "the application's transaction has ended"
    assert_held_to_the_end
    wait_drained 20
    assert_eq "$(sql main app "SELECT count(*) FROM app_v2.users WHERE bio = 'batch'")" 21 "rows"
    assert_same_tables main app
}

test_a_locked_table_is_waited_for() {
    hold 'LOCK TABLE public.users IN SHARE MODE'
    sql main app "UPDATE app_v2.users SET bio = 'in reverse' WHERE id <= 10"
    sleep 1
    assert_well
    assert_held_to_the_end
    wait_drained 20
    assert_eq "$(sql main app "SELECT count(*) FROM public.users WHERE bio = 'in reverse'")" 10 "rows"
}

# A row that an application is writing, and takes back, is waited for as well.
test_a_row_that_is_being_written_is_waited_for() {
    background application "$PG_BIN/psql" -X -v ON_ERROR_STOP=1 -d "$(dsn main app)" -c BEGIN \
        -c "DELETE FROM app_v2.users WHERE id = 40" -c "SELECT pg_sleep(2)" -c ROLLBACK
    wait_until 10 is_asleep
    sql main app "UPDATE public.users SET bio = 'beside it' WHERE id = 40"
    assert_held_to_the_end
    wait_drained 20
    assert_eq "$(new_bio 40)" 'beside it'
    assert_same_tables main app
}

# Both take the same rows, the link in the order of keys, the application
# backwards and slowly: deadlocks, in which the application is never the victim.
# It changes nothing, so that there is nothing to be decided between the sides.
test_in_a_deadlock_the_application_goes_on() {
    cat >"$T/backwards.sql" <<'SQL'
BEGIN;
SELECT FROM app_v2.users WHERE id = 120 FOR UPDATE;
SELECT pg_sleep(0.02);
SELECT FROM app_v2.users WHERE id = 110 FOR UPDATE;
SELECT pg_sleep(0.02);
SELECT FROM app_v2.users WHERE id = 100 FOR UPDATE;
COMMIT;
SQL
    cat >"$T/forwards.sql" <<'SQL'
UPDATE public.users SET bio = 'tick ' || random() WHERE id BETWEEN 100 AND 120;
SQL
    load_start main app "$T/backwards.sql" 0 12 --client=1 --max-tries=1
    load_start main app "$T/forwards.sql" 10 12 --client=1 --max-tries=1
    load_wait "$T/backwards.sql"
    load_wait "$T/forwards.sql"
    grep -q 'number of failed transactions: 0 ' "$(background_log load-backwards)" ||
        fail "transactions of the application failed: $(cat "$(background_log load-backwards)")"
    wait_drained 30
    echo "# deadlocks: $(log_counts 'deadlock detected'), lock timeouts:" \
        "$(log_counts 'canceling statement due to lock timeout')"
    assert_eq "$(log_counts '] pgbench ERROR')" 0 "errors that the application saw"
    assert_eq "$(log_counts '] psql ERROR')" 0 "errors that the application saw"
    [ "$(log_counts '] pgtandem forward writer ERROR')" -gt 0 ] || fail "the two never met"
    assert_well
    assert_eq "$(status_field '[.forward, .reverse | .conflicts] | add')" 0 "conflicts"
    assert_same_tables main app
    service_stop
}

run_tests "$@"
