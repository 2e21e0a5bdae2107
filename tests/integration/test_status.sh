#!/bin/bash
# status: what it tells before setup, while a service runs, and after it.
. "$(dirname "$0")/lib.sh"

cluster_start main
cluster_start other
create_scenario main app 500
create_scenario other app
write_config "$(dsn main app)" "$(dsn other app)"

# fields FILTER: several values of one `status --json`
fields() {
    pgtandem status --json | jq -c "$1"
}

test_before_setup_there_is_nothing() {
    assert_exit 0 pgtandem status
    assert_contains "$output" "setup has not run yet"
    assert_eq "$(fields '[.migration, .phase, .running, .backfill]')" \
        '["users_name_split","setup",false,{"state":"pending","rows_done":0,"rows_total":0,"paused":false,"rows_per_second":0,"seconds_left":null,"waiting_for":null,"activity":null,"since":null,"reason":null}]'
    assert_eq "$(fields '.forward | [.state, .lag_bytes, .lag_seconds, .applied_transactions,
                                     .applied_changes, .conflicts, .parked]')" '["absent",null,null,0,0,0,0]'
    assert_eq "$(fields '[.forward, .reverse | keys] | .[0] == .[1]')" true
}

test_a_link_that_has_not_begun_falls_behind_in_bytes_alone() {
    pgtandem setup >/dev/null 2>&1
    assert_eq "$(fields '[.forward.state, .reverse.state]')" '["stopped","absent"]'
    sql main app "UPDATE public.users SET bio = repeat('x', 1000) WHERE id <= 100"
    sleep 1
    assert_eq "$(fields '.forward | [.lag_bytes > 50000, .lag_seconds]')" '[true,null]'
}

test_a_running_service_says_how_its_links_are() {
    service_start
    wait_phase live
    wait_until 20 is_streaming
    assert_eq "$(fields '.backfill')" '{"state":"done","rows_done":500,"rows_total":500,"paused":false,"rows_per_second":0,"seconds_left":null,"waiting_for":null,"activity":null,"since":null,"reason":null}'
    assert_eq "$(fields '.running')" true
    assert_exit 0 pgtandem status
    assert_contains "$output" "service    running"
    assert_contains "$output" "done, 500 of 500 rows (100 %)"
    case $output in *"conflicts list"* | *rechecks*) fail "there is nothing to look at: $output" ;; esac
    assert_eq "$(fields '[.rechecks, .forward.conflicts_open]')" '[0,0]'
}

is_streaming() {
    [ "$(fields '[.forward.state, .reverse.state]')" = '["streaming","streaming"]' ]
}

test_applied_changes_are_counted_to_the_one() {
    local before after
    before=$(fields '[.forward.applied_transactions, .forward.applied_changes]')
    sql main app "UPDATE public.users SET bio = 'a' WHERE id <= 7"
    sql main app "DELETE FROM public.users WHERE id = 500"
    wait_drained
    after=$(fields '[.forward.applied_transactions, .forward.applied_changes]')
    assert_eq "$(jq -c -n "$after as \$a | $before as \$b | [\$a[0] - \$b[0], \$a[1] - \$b[1]]")" '[2,8]'
}

test_parked_rows_of_each_link_are_counted() {
    sql other app "INSERT INTO pgtandem.parked (migration, link, table_name, key, operation, sqlstate, reason)
                   VALUES ('users_name_split', 'forward', 't', '[1]', 'insert', '22001', ''),
                          ('users_name_split', 'copy', 't', '[2]', 'copy', '22001', ''),
                          ('another', 'forward', 't', '[3]', 'insert', '22001', '')"
    assert_eq "$(fields '[.forward.parked, .reverse.parked]')" '[2,0]'
    sql other app "UPDATE pgtandem.parked SET settled_at = now() WHERE link = 'copy'"
    assert_eq "$(fields '[.forward.parked, .reverse.parked]')" '[1,0]'
    sql other app "DELETE FROM pgtandem.parked"
}

test_after_a_kill_the_links_are_stopped() {
    service_kill
    wait_until 10 is_stopped
    assert_eq "$(fields .phase)" '"live"'
}

is_stopped() {
    [ "$(fields '[.running, .forward.state, .reverse.state]')" = '[false,"stopped","stopped"]' ]
}

test_open_conflicts_and_rechecks_of_both_databases_are_counted() {
    local database insert="INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind, decision, settled_at)
        SELECT m, l, 't', '{}', 'update_missing', 'skipped', s::timestamptz FROM (VALUES"
    sql other app "$insert ('users_name_split', 'forward', NULL), ('users_name_split', 'forward', NULL),
        ('users_name_split', 'forward', now()::text), ('another', 'forward', NULL)) AS v(m, l, s)"
    sql main app "$insert ('users_name_split', 'reverse', NULL), ('users_name_split', 'reverse', now()::text)) AS v(m, l, s)"
    sql other app "UPDATE pgtandem.progress SET conflicts = 3"
    for database in main other; do
        sql $database app "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)
            SELECT m, '$([ $database = main ] && echo reverse || echo forward)', 't', '{1,2,3}'
            FROM unnest(ARRAY['users_name_split', 'another']) AS m"
    done
    assert_eq "$(fields '[.forward.conflicts, .forward.conflicts_open, .reverse.conflicts, .reverse.conflicts_open]')" \
        '[3,2,0,1]'
    assert_eq "$(fields .rechecks)" 2
    assert_exit 0 pgtandem status
    assert_contains "$output" "rechecks   2 waiting"
    assert_contains "$output" 'see "pgtandem conflicts list"'
}

test_watch_goes_on_until_a_signal_and_ends_well() {
    background watch "$PGTANDEM" status --watch --json
    wait_until 10 has_lines 3
    cluster_restart other
    wait_until 20 has_lines 5
    background_signal watch INT
    background_wait watch 5
    assert_eq "$(grep '^{' "$(background_log watch)" | jq -r .migration | sort -u)" users_name_split
}

has_lines() {
    [ "$(grep -c '^{' "$(background_log watch)")" -ge "$1" ]
}

test_a_database_that_is_away_is_an_error() {
    cluster_stop other
    assert_exit 1 pgtandem status --json
    assert_contains "$output" "cannot connect to the new database"
    assert_contains "$output" "hint: "
}

run_tests "$@"
