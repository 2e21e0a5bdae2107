#!/bin/bash
# A backfill that goes on under a later snapshot, into a table whose unique
# constraint is there from the start: for a while both moments meet in it.
. "$(dirname "$0")/lib.sh"

cluster_start main
create_scenario main app 3000
sql main app 'DROP TABLE IF EXISTS app_v2.users; CREATE TABLE app_v2.users (
    id bigint PRIMARY KEY, email text NOT NULL UNIQUE, first_name text NOT NULL,
    last_name text NOT NULL, bio text, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL)'
write_config "$(dsn main app)" "$(dsn main app)" \
    'backfill: {jobs: 1, chunk_rows: 500, chunk_time: 0, warm_up: 0, max_rows_per_second: 1000}'

some_chunks_are_done() {
    [ "$(status_field .backfill.rows_done)" -ge 500 ]
}

test_a_copy_is_interrupted() {
    service_start
    wait_until 30 some_chunks_are_done
    service_kill
    [ "$(status_field .backfill.rows_done)" -lt 3000 ] || fail 'the copy was too fast to interrupt'
}

test_unique_values_change_hands_meanwhile() {
    # from a row that is copied to one that is not, and the other way
    sql main app "UPDATE public.users SET email = 'away' WHERE id = 1;
                  UPDATE public.users SET email = 'user1' WHERE id = 2999;
                  UPDATE public.users SET email = 'was-1' WHERE id = 2999;
                  UPDATE public.users SET email = 'taken' WHERE id = 2;
                  UPDATE public.users SET id = 90002 WHERE id = 2;
                  DELETE FROM public.users WHERE id IN (3, 2998)"
    sql main app "WITH gone AS (DELETE FROM public.users WHERE id = 4 RETURNING *)
                  INSERT INTO public.users SELECT 2998, email, full_name, bio, created_at,
                                                  updated_at FROM gone"
}

test_the_rest_is_copied_and_both_sides_agree() {
    service_start
    wait_phase live 60
    wait_drained
    assert_same_tables main app
    assert_contains "$(cat "$(service_log)")" 'parked rows have found their place'
    assert_eq "$(status_field .forward.parked)" 0 'rows still parked'
    service_stop
}

run_tests "$@"
