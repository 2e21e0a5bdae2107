#!/bin/bash
# Streaming without a copy: the new table was filled by other means, or is to
# hold from now on what changes.
. "$(dirname "$0")/lib.sh"

cluster_start main
create_scenario main app 200
write_config "$(dsn main app)" "$(dsn main app)"

names() {
    sql main app "SELECT id, first_name, last_name FROM app_v2.users WHERE $1 ORDER BY id"
}

test_changes_since_setup_arrive_and_nothing_else_is_copied() {
    pgtandem setup
    sql main app "INSERT INTO public.users (id, email, full_name) VALUES (1001, 'n', 'Ann Lee');
                  UPDATE public.users SET full_name = 'Bob Poe' WHERE id = 7;
                  DELETE FROM public.users WHERE id = 8"
    pgtandem run --no-backfill --once
    assert_eq "$(names true)" '7|Bob|Poe
1001|Ann|Lee'
    assert_eq "$(status_field .backfill.state)" skipped
    assert_eq "$(status_field .phase)" live
}

test_both_ways_from_then_on() {
    service_start --no-backfill
    wait_phase live
    sql main app "UPDATE public.users SET full_name = 'Cy Roe' WHERE id = 1001;
                  UPDATE app_v2.users SET last_name = 'Vance' WHERE id = 7"
    wait_drained
    assert_eq "$(names 'id = 1001')" '1001|Cy|Roe'
    assert_eq "$(sql main app 'SELECT full_name FROM public.users WHERE id = 7')" 'Bob Vance'
    service_stop
}

test_a_copy_that_has_begun_cannot_be_left_out() {
    pgtandem teardown --all
    sql main app 'TRUNCATE app_v2.users'
    pgtandem backfill
    assert_exit 2 pgtandem run --no-backfill --once
    assert_contains "$output" 'run without --no-backfill'
    pgtandem run --once
    assert_same_tables main app
}

run_tests "$@"
