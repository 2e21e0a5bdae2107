#!/bin/bash
# What a copy holds back while it runs, and what it does not: vacuum, and the end of a
# table that grows.
. "$(dirname "$0")/lib.sh"

rows=3000
. "$ROOT/tests/integration/steering.sh"

cluster_start main
create_scenario main app "$rows"

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
    config "max_rows_per_second: 500"
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
    config "snapshot: chunked, max_rows_per_second: 300"
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
    config "snapshot: chunked, max_rows_per_second: 600"
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
    seed_users main app "$rows"
}

rewrite() {
    sql main app "ALTER TABLE public.users ALTER bio TYPE text USING bio || ''"
}

# For a snapshot that was taken before, a table that is rewritten is empty.
test_a_table_that_is_rewritten_between_chunks() {
    config "snapshot: chunked, max_rows_per_second: 600"
    backfill_start
    wait_until 20 some_rows_are_done 200
    for _ in $(seq 5); do
        rewrite
    done
    background_wait backfill 60 || fail "$(tail -n 20 "$(background_log backfill)")"
    assert_same_tables main app
    start_afresh
}

slot_is_there() {
    [ "$(sql main app "SELECT count(*) FROM pg_replication_slots")" -gt 0 ]
}

test_a_table_that_is_rewritten_before_it_is_read() {
    config "max_rows_per_second: 0" "query: {sql: 'SELECT 0 FROM pg_catalog.pg_sleep(3)', max: 1}"
    backfill_start
    wait_until 20 slot_is_there
    sleep 1
    rewrite
    background_wait backfill 60 || fail "$(tail -n 20 "$(background_log backfill)")"
    assert_same_tables main app
    start_afresh
}

# Rows that come faster than they are copied must not keep it from ending.
test_a_table_that_grows_all_the_time_is_copied_to_where_it_ended() {
    config "snapshot: chunked, max_rows_per_second: 1000"
    load_start main app "$T/grow.sql" 100 60
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
