# shellcheck shell=bash
# statements.sh - what the tests of the statements after the copy have in common. Sourced
# after lib.sh, with a cluster "main" and the scenario in its database "app".

# statements: the file's text on standard input.
statements() {
    cat >"$T/after.sql"
}

# config [MORE]: MORE is more of the section "backfill".
config() {
    write_config "$(dsn main app)" "$(dsn main app)" "
backfill: {jobs: 2, after_copy: ['$T/after.sql']${1:+, $1}}
limits: {lock_timeout: 100ms}"
}

start_afresh() {
    pgtandem teardown --all >"$T/teardown.log" 2>&1 || fail "teardown: $(cat "$T/teardown.log")"
    sql main app "DROP TABLE app_v2.users"
    sql_file main app "$ROOT/sql/users_new.sql"
}

# indexes: the new table's, and whether they are valid, but the primary key.
indexes() {
    sql main app "SELECT string_agg(relname || ' ' || indisvalid, ', ' ORDER BY relname)
        FROM pg_index JOIN pg_class ON oid = indexrelid
        WHERE indrelid = 'app_v2.users'::regclass AND NOT indisprimary"
}

# constraints: the new table's, and whether they are valid, but the primary key.
constraints() {
    sql main app "SELECT string_agg(conname || ' ' || convalidated, ', ' ORDER BY conname)
        FROM pg_constraint WHERE conrelid = 'app_v2.users'::regclass AND contype <> 'p'"
}

# done_statements: of the files, by number
done_statements() {
    sql main app "SELECT string_agg(number || CASE WHEN done_at IS NOT NULL THEN ''
            WHEN started_at IS NULL THEN ' waiting' ELSE ' started' END, ', ' ORDER BY number)
        FROM pgtandem.after_copy WHERE file <> ''"
}

# block [TABLE...]: by a transaction that CREATE INDEX CONCURRENTLY on them waits for, until
# unblock or the end of the test case. It holds locks, but no snapshot: builds on other
# tables go on.
block() {
    local table
    [ $# -gt 0 ] || set -- app_v2.users
    rm -f "$T/blocker.sql"
    mkfifo "$T/blocker.sql"
    background blocker "$PG_BIN/psql" -X -q -d "$(dsn main app)" -f "$T/blocker.sql"
    exec 9>"$T/blocker.sql"
    echo "SET application_name = 'blocker'; BEGIN;" >&9
    for table; do
        echo "DELETE FROM $table WHERE id = -1;" >&9
    done
    wait_until 10 sql_is "SELECT count(DISTINCT relation) FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'blocker' AND mode = 'RowExclusiveLock'
          AND relation IN (SELECT indrelid FROM pg_index)" $#
}

blocker_pid() {
    sql main app "SELECT pid FROM pg_stat_activity WHERE application_name = 'blocker'"
}

unblock() {
    printf 'ROLLBACK;\n\\q\n' >&9
    exec 9>&-
    background_wait blocker 10
}

# make_slow: public.slow(n) is n. Statements of pgtandem's wait in it, for n >= 10000, as
# long as the test holds them.
make_slow() {
    sql main app "CREATE FUNCTION public.slow(n bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS \$\$
        BEGIN
            WHILE n >= 10000 AND current_setting('application_name') = 'pgtandem after_copy'
                AND EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND granted)
            LOOP
                PERFORM pg_sleep(0.05);
            END LOOP;
            RETURN n;
        END \$\$"
}

hold() {
    background holder "$PG_BIN/psql" -X -q -d "$(dsn main app)" -c "SELECT pg_advisory_lock(77), pg_sleep(60)"
    wait_until 10 sql_is "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND granted" 1
}

release() {
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query LIKE '%pg_advisory_lock(77), pg_sleep%' AND pid <> pg_backend_pid()" >"$T/ended"
    background_wait holder 10 || true
}

sql_is() {
    [ "$(sql main app "$1")" = "$2" ]
}

background_backfill() {
    rm -f "$(background_log backfill)"
    background backfill "$PGTANDEM" backfill
}

wait_backfill() {
    local status=0
    background_wait backfill 60 || status=$?
    assert_eq $status "$1" "exit status of $(tail -n 20 "$(background_log backfill)")"
}

# says PATTERN: the backfill in the background has said so.
says() {
    grep -q "$1" "$(background_log backfill)"
}

# at_work COUNT [PATTERN]: so many statements of the files are under way, of those LIKE PATTERN.
at_work() {
    sql_is "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgtandem after_copy'
        AND state = 'active' AND query LIKE '${2:-CREATE%}'" "$1"
}

# A test case that failed may have left something at work.
end_what_was_left() {
    background_signal backfill KILL
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
        AND (application_name IN ('blocker', 'psql') OR application_name LIKE 'pgtandem%')" >"$T/ended"
    wait_until 10 sql_is "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgtandem%'" 0
}

# copy_first [MORE]: a migration from the start, whose copy is over before a transaction of
# the test's gets into its way.
copy_first() {
    end_what_was_left
    statements <<<""
    config "${1:-}"
    start_afresh
    assert_exit 0 pgtandem backfill
    sql main app "UPDATE pgtandem.migration SET backfill = 'copied', phase = 'catchup'"
}
