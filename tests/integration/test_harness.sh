#!/bin/bash
# The harness itself: what lib.sh promises to the other integration tests.
. "$(dirname "$0")/lib.sh"

cluster_start main
cluster_start other listen_addresses=127.0.0.1
create_scenario main app 2000
create_scenario other app

test_two_clusters_run_at_once() {
    assert_eq "$(sql main app 'SELECT count(*) FROM public.users')" 2000
    assert_eq "$(sql other app 'SELECT count(*) FROM public.users')" 0
    assert_eq "$("$PG_BIN/psql" -XAtc 'SELECT 1' -d "$(dsn other app 127.0.0.1)")" 1 "over TCP"
}

test_settings_are_those_that_replication_needs() {
    assert_eq "$(sql main app 'SHOW wal_level')" logical
    assert_eq "$(sql main app 'SHOW track_commit_timestamp')" on
    assert_eq "$(sql main app 'SHOW server_encoding')" UTF8
}

test_wal2json_can_be_used() {
    sql main app "SELECT FROM pg_create_logical_replication_slot('probe', 'wal2json')"
    sql main app "UPDATE public.users SET bio = 'seen' WHERE id = 1"
    local changes
    changes=$(sql main app "SELECT data FROM pg_logical_slot_get_changes('probe', NULL, NULL,
                                                                         'format-version', '2')")
    sql main app "SELECT pg_drop_replication_slot('probe')"
    assert_contains "$changes" '"action":"U"'
    assert_contains "$changes" '"value":"seen"'
}

test_seeded_names_are_distributed_as_the_scenario_counts_them() {
    local patterns
    patterns=$(sql main app "
        SELECT string_agg(pattern || ' ' || n, ', ' ORDER BY n DESC)
        FROM (SELECT CASE WHEN full_name ~ '^[^ ]+ [^ ]+\$' THEN 'First Last'
                          WHEN full_name ~ '^[^ ]+ [^ ]+ [^ ]+\$' THEN 'First Middle Last'
                          WHEN full_name ~ '^[^ ]+\$' THEN 'Single Name'
                          ELSE 'Complex'
                     END AS pattern, count(*) AS n
              FROM public.users GROUP BY 1) AS counted")
    assert_eq "$patterns" "First Last 1700, First Middle Last 200, Single Name 80, Complex 20"
}

test_seeded_rows_hold_what_is_hard_to_copy() {
    assert_eq "$(sql main app "SELECT count(*) FROM public.users WHERE full_name = ''")" 1 "empty names"
    assert_eq "$(sql main app "SELECT count(*) FROM public.users WHERE bio IS NULL")" 100 "NULLs"
    assert_eq "$(sql main app "SELECT count(*) FROM public.users WHERE length(bio) > 6000")" 2 "long"
    assert_eq "$(sql main app "SELECT pg_relation_size(reltoastrelid) > 0 FROM pg_class
                               WHERE oid = 'public.users'::regclass")" t "TOAST in use"
}

# What pgtandem has to do, in SQL that is good enough for the seeded names: the
# comparison must pass on it.
fill_new_table() {
    sql main app "
        TRUNCATE app_v2.users;
        INSERT INTO app_v2.users
        SELECT id, email,
               btrim(CASE WHEN name ~ ' ' THEN regexp_replace(name, ' [^ ]*\$', '') ELSE name END,
                     E' \t\n\u00a0\u3000'),
               btrim(CASE WHEN name ~ ' ' THEN substring(name FROM '[^ ]*\$') ELSE '' END,
                     E' \t\n\u00a0\u3000'),
               bio, created_at, updated_at
        FROM (SELECT *, btrim(full_name, E' \t\n\u00a0\u3000') AS name FROM public.users) AS u"
}

test_equal_tables_are_found_equal() {
    fill_new_table
    assert_same_tables main app
}

test_a_correction_that_maps_back_counts_as_equal() {
    fill_new_table
    sql main app "UPDATE public.users SET full_name = 'Johann van der Berg' WHERE id = 1;
                  UPDATE app_v2.users SET first_name = 'Johann', last_name = 'van der Berg'
                  WHERE id = 1"
    assert_same_tables main app
}

test_every_kind_of_difference_is_found() {
    local change
    for change in "UPDATE app_v2.users SET bio = 'x' WHERE id = 7" \
        "UPDATE app_v2.users SET first_name = first_name || 'x' WHERE id = 1000" \
        "UPDATE app_v2.users SET last_name = last_name || ' x' WHERE id = 2" \
        "DELETE FROM app_v2.users WHERE id = 2000" \
        "INSERT INTO app_v2.users VALUES (5000, 'e', 'f', 'l', NULL, now(), now())"; do
        fill_new_table
        sql main app "$change"
        assert_contains "$(same_tables main app)" "$(grep -oE '[0-9]{1,4}' <<<"$change" | tail -n 1)" "$change"
        assert_exit 1 eval "(assert_same_tables main app)"
    done
}

test_sides_in_two_clusters_are_compared() {
    fill_new_table
    psql_in main app -c "COPY app_v2.users TO STDOUT" |
        psql_in other app -c "COPY app_v2.users FROM STDIN"
    assert_same_tables main app other app
    sql other app "DELETE FROM app_v2.users WHERE id = 1"
    assert_contains "$(same_tables main app other app)" "missing in new: |1|"
}

test_committed_rows_survive_a_crash() {
    cluster_restart other fsync=on
    sql other app "INSERT INTO public.users (email, full_name) VALUES ('a@b', 'A B')"
    cluster_crash other
    cluster_start other
    assert_eq "$(sql other app 'SELECT full_name FROM public.users')" "A B"
    assert_contains "$(cat "$(cluster_log other)")" "database system was not properly shut down"
}

test_load_writes_at_its_rate_and_stops() {
    local before after
    before=$(sql main app 'SELECT count(*) FROM public.users')
    load_start main app old_mixed 100 2 -D rows=2000
    load_start main app new_mixed 0 60 -D rows=2000
    load_wait old_mixed
    after=$(sql main app 'SELECT count(*) FROM public.users')
    if [ "$after" -lt $((before + 50)) ] || [ "$after" -gt $((before + 200)) ]; then
        fail "$((after - before)) rows came from two seconds of load"
    fi
    background_running load-new_mixed
    load_stop
    if background_running load-new_mixed; then
        fail "load_stop left it running"
    fi
    assert_contains "$(cat "$(background_log load-old_mixed)")" "number of failed transactions: 0"
}

test_a_process_in_the_background_is_ended_by_its_id() {
    background sleeper sleep 60
    background_running sleeper
    background_signal sleeper TERM
    local status=0
    background_wait sleeper 5 || status=$?
    assert_eq $status 143
    background sleeper false
    status=0
    background_wait sleeper 5 || status=$?
    assert_eq $status 1
}

test_the_configuration_takes_other_sections() {
    write_config "$(dsn main app)" "$(dsn other app)" "backfill: {jobs: 1}"
    assert_eq "$(grep -c '^backfill:' "$PGTANDEM_CONFIG")" 1
    assert_contains "$(cat "$PGTANDEM_CONFIG")" "jobs: 1"
    assert_contains "$(cat "$PGTANDEM_CONFIG")" "use: split_name"
}

test_a_failing_case_fails_the_script_and_leaves_nothing_behind() {
    cat >"$T/failing.sh" <<SCRIPT
. "$ROOT/tests/integration/lib.sh"
cluster_start main
test_goes_wrong() { background sleeper sleep 60; echo "left \$T \$(background_pid sleeper)"; false; true; }
test_goes_well() { true; }
run_tests
SCRIPT
    assert_exit 1 bash "$T/failing.sh"
    assert_contains "$output" "FAILED - goes_wrong"
    assert_contains "$output" "ok - goes_well"
    local folder pid
    read -r folder pid < <(sed -n 's/^left //p' <<<"$output")
    [ ! -e "$folder" ] || fail "$folder is still there"
    ! kill -0 "$pid" 2>/dev/null || fail "process $pid is still there"
}

run_tests "$@"
