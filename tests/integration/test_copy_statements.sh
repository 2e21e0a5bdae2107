#!/bin/bash
# The statements after the copy: each once and by itself, whatever interrupts them.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/integration/statements.sh"

cluster_start main
create_scenario main app 30000

test_a_missing_file_is_named() {
    config
    rm -f "$T/after.sql"
    assert_exit 2 pgtandem backfill
    assert_contains "$output" "after.sql"
    start_afresh
}

test_statements_run_in_order_and_by_themselves() {
    statements <<'SQL'
-- names without a schema are the new tables' own
CREATE UNIQUE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX CONCURRENTLY by_name
    ON users (last_name); /* a comment; with a semicolon */
ALTER TABLE users ADD CONSTRAINT short CHECK (length(bio) < 1000000);
SELECT 'a text; and no more' FROM users
SQL
    config
    assert_exit 0 pgtandem backfill
    assert_eq "$(indexes)" "by_email true, by_name true"
    assert_eq "$(done_statements)" "1, 2, 3, 4"
    assert_contains "$output" "statement 2 of $T/after.sql is done after "
}

test_statements_that_are_done_are_not_run_again() {
    sql main app "DROP INDEX app_v2.by_name; UPDATE pgtandem.migration SET backfill = 'copied'"
    echo ";CREATE INDEX CONCURRENTLY by_both ON users (first_name, last_name)" >>"$T/after.sql"
    assert_exit 0 pgtandem backfill
    assert_eq "$(indexes)" "by_both true, by_email true"
}

test_a_statement_that_is_done_must_not_change() {
    sql main app "UPDATE pgtandem.migration SET backfill = 'copied'"
    sed -i 's/1000000/2000000/' "$T/after.sql"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "after.sql:5: statement 3 is not the one that was run before"
    start_afresh
}

test_rows_that_are_not_unique() {
    sql main app "ALTER TABLE public.users DROP CONSTRAINT users_email_key;
                  UPDATE public.users SET email = 'twin@x.org' WHERE id IN (10, 20)"
    statements <<<"CREATE UNIQUE INDEX CONCURRENTLY by_email ON users (email);"
    config
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "after.sql:1: statement 1 failed: could not create unique index"
    assert_contains "$output" "rows of app_v2.users have the same values: (id) = (10) and (20)"
    assert_contains "$output" "mend the rows in the old table"
    case $output in *twin*) fail "the log shows values: $output" ;; esac
    assert_eq "$(indexes)" "" "what the failed statement left"
    sql main app "UPDATE public.users SET email = 'another' WHERE id = 20"
    assert_exit 0 pgtandem run --once
    assert_eq "$(indexes)" "by_email true"
    start_afresh
}

test_an_invalid_index_is_not_taken_for_a_good_one() {
    copy_first
    sql main app "CREATE INDEX by_email ON app_v2.users (email);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app_v2.by_email'::regclass"
    statements <<<"CREATE INDEX CONCURRENTLY IF NOT EXISTS by_email ON users (email)"
    assert_exit 0 pgtandem backfill
    assert_contains "$output" "dropped the index app_v2.by_email, which was not valid"
    assert_eq "$(indexes)" "by_email true"
}

# Nobody tells the server that its client is gone: it goes on building, and the
# next run waits for that.
test_a_statement_whose_client_was_killed_is_not_lost() {
    copy_first
    statements <<<"CREATE INDEX CONCURRENTLY by_email ON users (email)"
    block
    background_backfill
    wait_until 20 at_work 1
    background_signal backfill KILL
    background_wait backfill 5 || true
    background_backfill
    wait_until 20 says "waiting for a statement that an earlier run has started"
    unblock
    wait_backfill 0
    assert_eq "$(indexes)" "by_email true"
    assert_eq "$(done_statements)" "1"
    assert_contains "$(cat "$(background_log backfill)")" "statement 1 of $T/after.sql had done its work"
}

test_a_signal_cancels_the_statement() {
    local started
    copy_first
    statements <<<"CREATE INDEX CONCURRENTLY by_email ON users (email)"
    block
    background_backfill
    wait_until 20 at_work 1
    started=$SECONDS
    background_signal backfill TERM
    wait_backfill 1
    [ $((SECONDS - started)) -le 5 ] || fail "it took $((SECONDS - started)) s to stop"
    wait_until 5 sql_is "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgtandem%'" 0
    assert_eq "$(indexes)" "by_email false"
    assert_eq "$(done_statements)" "1 started"
    unblock
    assert_exit 0 pgtandem backfill
    assert_contains "$output" "dropped the index app_v2.by_email"
    assert_eq "$(indexes)" "by_email true"
}

test_a_lost_connection_is_opened_again() {
    copy_first
    statements <<<"CREATE INDEX CONCURRENTLY by_email ON users (email)"
    block
    background_backfill
    wait_until 20 at_work 1
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'pgtandem after_copy'" >"$T/ended"
    sleep 0.5
    unblock
    wait_backfill 0
    assert_eq "$(indexes)" "by_email true"
}

# The application waits for a lock request no longer than lock_timeout.
test_a_lock_is_asked_for_again_and_again() {
    copy_first
    statements <<<"ALTER TABLE users ADD note text"
    block
    background_backfill
    wait_until 20 says "statement 1 has to wait: .*lock timeout"
    unblock
    wait_backfill 0
    assert_eq "$(done_statements)" "1"
}

test_an_object_of_somebody_else_is_in_the_way() {
    copy_first
    sql main app "CREATE INDEX by_email ON app_v2.users (updated_at)"
    statements <<<"CREATE INDEX CONCURRENTLY by_email ON users (email)"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "already exists"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "already exists"
}

run_tests "$@"
