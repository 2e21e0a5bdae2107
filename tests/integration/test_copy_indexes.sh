#!/bin/bash
# Indexes after the copy: which are built at the same time, how far they are, and what
# becomes of them when one fails or everything is killed.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/integration/statements.sh"

cluster_start main
create_scenario main app 20000
sql main app "
    CREATE TABLE public.notes (id bigint PRIMARY KEY, body text);
    CREATE TABLE app_v2.notes (id bigint PRIMARY KEY, body text);
    INSERT INTO public.notes SELECT n, 'note ' || n FROM generate_series(1, 1000) n"
make_slow

config() {
    write_config "$(dsn main app)" "$(dsn main app)" "
tables:
  - old: public.users
    new: app_v2.users
    transforms: [{use: split_name, old: [full_name], new: [first_name, last_name]}]
  - {old: public.notes, new: app_v2.notes}
backfill: {jobs: 2, after_copy: ['$T/after.sql']${1:+, $1}}
limits: {lock_timeout: 100ms}"
}

start_afresh() {
    pgtandem teardown --all >"$T/teardown.log" 2>&1 || fail "teardown: $(cat "$T/teardown.log")"
    sql main app "DROP TABLE app_v2.users; TRUNCATE app_v2.notes;
        DROP INDEX IF EXISTS app_v2.by_body, app_v2.by_body_too, app_v2.slow_note"
    sql_file main app "$ROOT/sql/users_new.sql"
}

valid_indexes() {
    sql main app "SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text)
        FROM pg_index JOIN pg_class ON oid = indrelid
        WHERE relnamespace = 'app_v2'::regnamespace AND NOT indisprimary AND indisvalid"
}

after_copy_field() {
    status_field ".after_copy | $1"
}

# running_is NUMBER FILTER WANTED: of a statement that is under way
running_is() {
    [ "$(pgtandem status --json | jq -c ".after_copy.running[] | select(.number == $1) | $2")" = "$3" ]
}

test_builds_on_two_tables_overlap() {
    copy_first
    statements <<'SQL'
CREATE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX CONCURRENTLY by_body ON app_v2.notes (body);
SQL
    block app_v2.users app_v2.notes
    background_backfill
    wait_until 20 at_work 2
    unblock
    wait_backfill 0
    assert_eq "$(valid_indexes)" "app_v2.by_body app_v2.by_email"
}

# Two of them on one table would end in a deadlock.
test_builds_concurrently_on_one_table_do_not() {
    copy_first "index_jobs: 4"
    statements <<'SQL'
CREATE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX CONCURRENTLY by_name ON "app_v2".Users (last_name);
CREATE INDEX by_first ON users (first_name);
CREATE INDEX CONCURRENTLY by_body ON notes (body);
SQL
    block
    background_backfill
    wait_until 20 grep -q "statement 4 of .* is done" "$(background_log backfill)"
    at_work 1 'CREATE INDEX CONCURRENTLY by_email%' || fail "$(sql main app "SELECT query FROM pg_stat_activity")"
    at_work 1
    assert_eq "$(done_statements)" "1 started, 2 waiting, 3 waiting, 4"
    unblock
    wait_backfill 0
    ! says deadlock || fail "$(cat "$(background_log backfill)")"
    assert_eq "$(valid_indexes)" "app_v2.by_body app_v2.by_email app_v2.by_first app_v2.by_name"
}

test_plain_builds_on_one_table_overlap() {
    copy_first "index_jobs: 3"
    statements <<'SQL'
CREATE INDEX slow_one ON users (public.slow(id));
CREATE INDEX slow_two ON users (public.slow(id + 1));
ALTER TABLE users ALTER bio SET STATISTICS 10;
SQL
    hold
    background_backfill
    wait_until 20 at_work 2
    assert_eq "$(done_statements)" "1 started, 2 started, 3 waiting"
    release
    wait_backfill 0
    assert_eq "$(done_statements)" "1, 2, 3"
}

test_one_at_a_time_if_so_configured() {
    copy_first "index_jobs: 1"
    statements <<'SQL'
CREATE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX CONCURRENTLY by_body ON notes (body);
SQL
    block
    background_backfill
    wait_until 20 at_work 1
    sleep 0.5
    assert_eq "$(done_statements)" "1 started, 2 waiting"
    unblock
    wait_backfill 0
}

test_status_and_log_say_how_far_they_are() {
    local blocker
    copy_first
    statements <<'SQL'
SELECT 1;
CREATE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX slow_note ON notes (public.slow(id + 9500));
CREATE INDEX CONCURRENTLY by_name ON users (last_name);
SQL
    block
    hold
    blocker=$(blocker_pid)
    background_backfill
    wait_until 20 at_work 2
    assert_eq "$(after_copy_field '[.total, .done] | @csv')" "4,1"
    wait_until 10 running_is 2 '[.index, .phase, .percent, (.waits_for | split(" (")[0])]' \
        "[\"by_email\",\"waiting for writers before build\",null,\"process $blocker\"]"
    wait_until 10 running_is 3 '[.index, .phase, .percent > 10 and .percent < 90, .waits_for]' \
        '["slow_note","building index: scanning table",true,null]'
    assert_contains "$(pgtandem status)" "statements 1 of 4 done"
    assert_contains "$(pgtandem status)" "building by_email: waiting for writers before build, process $blocker"
    wait_until 20 says "after_copy: building by_email: waiting for writers before build, process $blocker"
    says "after_copy: building slow_note: scanning table, [0-9]* %"
    release
    unblock
    wait_backfill 0
    assert_eq "$(after_copy_field '[.total, .done, (.running | length)] | @csv')" "4,4,0"
}

# Nobody tells the server that its client is gone: it goes on building both.
test_killed_with_two_under_way_it_waits_for_both() {
    copy_first
    statements <<'SQL'
CREATE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX CONCURRENTLY by_body ON notes (body);
SQL
    block app_v2.users app_v2.notes
    background_backfill
    wait_until 20 at_work 2
    background_signal backfill KILL
    background_wait backfill 5 || true
    background_backfill
    wait_until 20 says "waiting for a statement that an earlier run has started: statement 1"
    wait_until 20 says "waiting for a statement that an earlier run has started: statement 2"
    assert_eq "$(after_copy_field '.running | map(.index) | @csv')" '"by_email","by_body"'
    at_work 2
    unblock
    wait_backfill 0
    says "statement 1 of .* had done its work"
    says "statement 2 of .* had done its work"
    assert_eq "$(valid_indexes)" "app_v2.by_body app_v2.by_email"
}

# Also when the sessions are gone with the process.
test_killed_with_its_sessions_it_builds_both_again() {
    copy_first
    statements <<'SQL'
CREATE INDEX CONCURRENTLY ON users (email);
CREATE INDEX CONCURRENTLY by_body ON notes (body);
SQL
    block app_v2.users app_v2.notes
    background_backfill
    wait_until 20 at_work 2
    background_signal backfill KILL
    background_wait backfill 5 || true
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'pgtandem after_copy'" >"$T/ended"
    unblock
    background_backfill
    wait_backfill 0
    says "dropped the index app_v2.users_email_idx, which was not valid"
    says "dropped the index app_v2.by_body, which was not valid"
    assert_eq "$(valid_indexes)" "app_v2.by_body app_v2.users_email_idx"
    assert_eq "$(sql main app "SELECT count(*) FROM pg_index WHERE NOT indisvalid")" 0
}

test_a_failure_lets_the_others_finish_and_starts_none() {
    copy_first
    sql main app "INSERT INTO app_v2.users (id, email, first_name, last_name)
        VALUES (-1, 'twin@x.org', '', ''), (-2, 'twin@x.org', '', '')"
    statements <<'SQL'
CREATE INDEX CONCURRENTLY by_body ON notes (body);
CREATE UNIQUE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX CONCURRENTLY by_name ON users (last_name);
SQL
    block app_v2.notes
    background_backfill
    wait_until 20 says "a statement has failed; waiting for those that run"
    assert_eq "$(done_statements)" "1 started, 2 waiting, 3 waiting"
    unblock
    wait_backfill 1
    says "statement 2 failed: .*by_email.*: (id) = (-2) and (-1)"
    assert_eq "$(done_statements)" "1, 2 waiting, 3 waiting"
    assert_eq "$(valid_indexes)" "app_v2.by_body"
}

test_a_signal_cancels_all_of_them() {
    copy_first
    statements <<'SQL'
CREATE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX CONCURRENTLY by_body ON notes (body);
SQL
    block app_v2.users app_v2.notes
    background_backfill
    wait_until 20 at_work 2
    background_signal backfill TERM
    wait_backfill 1
    wait_until 5 sql_is "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgtandem%'" 0
    assert_eq "$(done_statements)" "1 started, 2 started"
    unblock
    assert_exit 0 pgtandem backfill
    assert_eq "$(valid_indexes)" "app_v2.by_body app_v2.by_email"
}

# Somebody builds an index of that name himself: it is not valid yet, and not left over.
test_an_index_that_somebody_builds_is_waited_for() {
    copy_first
    statements <<<"CREATE INDEX CONCURRENTLY IF NOT EXISTS by_email ON users (email)"
    block
    background other "$PG_BIN/psql" -X -q -d "$(dsn main app)" \
        -c "CREATE INDEX CONCURRENTLY by_email ON app_v2.users (email)"
    wait_until 10 sql_is "SELECT count(*) FROM pg_index WHERE NOT indisvalid" 1
    background_backfill
    wait_until 20 says "waiting for process [0-9]*, which builds app_v2.by_email"
    unblock
    wait_backfill 0
    background_wait other 10
    ! says dropped || fail "$(cat "$(background_log backfill)")"
    assert_eq "$(valid_indexes)" "app_v2.by_email"
}

run_tests "$@"
