#!/bin/bash
# The slot is told of a transaction only when the target has committed it, also
# when all changes of a large one were written and only the COMMIT is left.
. "$(dirname "$0")/lib.sh"

cluster_start main
create_scenario main app 10
write_config "$(dsn main app)" "$(dsn main app)" 'stream: {batch_rows: 100}'

count_new() {
    sql main app "SELECT count(*) FROM app_v2.users WHERE id > 1000"
}

confirmed_beyond() {
    sql main app "SELECT confirmed_flush_lsn >= '$1' FROM pg_replication_slots
                   WHERE slot_name LIKE '%forward'"
}

test_a_large_transaction_is_not_acknowledged_before_its_commit() {
    local end
    service_start
    wait_phase live
    wait_drained
    # the counters commit with the rows: who holds them holds up the commit
    background holder "$PG_BIN/psql" -Xq "$(dsn main app)" -c \
        "BEGIN; SELECT FROM pgtandem.progress FOR UPDATE; SELECT pg_sleep(60)"
    sleep 1
    # as many rows as fill whole batches, so that nothing but the end is left
    sql main app "INSERT INTO public.users (id, email, full_name)
                  SELECT 1000 + i, 'large' || i, 'Ann Lee' FROM generate_series(1, 1000) i"
    end=$(sql main app 'SELECT pg_current_wal_lsn()')
    sleep 3
    assert_eq "$(count_new)" 0 'rows committed while the commit is held up'
    assert_eq "$(confirmed_beyond "$end")" f 'acknowledged'
    service_kill
    background_signal holder TERM
    background_wait holder 5 || true
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
    service_start
    wait_drained
    assert_eq "$(count_new)" 1000 'rows'
    service_stop
}

run_tests "$@"
