#!/bin/bash
# The statements after the copy: each once and by itself, whatever interrupts them.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/integration/statements.sh"

cluster_start main
create_scenario main app 30000
make_slow

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
    assert_contains "$output" "after.sql:1: statement 1 failed: a row violates a unique constraint (constraint \"by_email\""
    assert_contains "$output" "rows of app_v2.users have the same values: (id) = (10) and (20)"
    assert_contains "$output" "mend the rows in the old table"
    case $output in *twin*) fail "the log shows values: $output" ;; esac
    assert_eq "$(indexes)" "" "what the failed statement left"
    sql main app "UPDATE public.users SET email = 'another' WHERE id = 20"
    assert_exit 0 pgtandem run --once
    assert_eq "$(indexes)" "by_email true"
    start_afresh
}

# Whoever left it, and whether or not the statement would be content with it.
test_an_invalid_index_is_not_taken_for_a_good_one() {
    local how
    for how in "INDEX CONCURRENTLY IF NOT EXISTS" "INDEX IF NOT EXISTS" "UNIQUE INDEX CONCURRENTLY" "INDEX"; do
        copy_first
        sql main app "CREATE INDEX by_email ON app_v2.users (bio) WHERE false;
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app_v2.by_email'::regclass"
        statements <<<"CREATE $how by_email ON users (email)"
        assert_exit 0 pgtandem backfill
        assert_contains "$output" "dropped the index app_v2.by_email, which was not valid"
        assert_eq "$(indexes)" "by_email true"
    done
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
    statements <<<"ALTER TABLE users ALTER bio SET STORAGE EXTERNAL"
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

# Keys are told, values never.
test_the_rows_at_fault_are_told_by_their_keys() {
    copy_first
    sql main app "UPDATE app_v2.users SET email = 'Twin' || id % 12 WHERE id <= 24;
        UPDATE app_v2.users SET email = 'twin' || id % 12 WHERE id <= 24 AND id > 12;
        UPDATE app_v2.users SET bio = 'many twins' WHERE id IN (31, 32, 33, 34, 35);
        UPDATE app_v2.users SET bio = NULL WHERE id > 1000"
    statements <<<"CREATE UNIQUE INDEX by_email ON users (lower(email) DESC, (1)) WHERE id <> 24"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "11 groups of rows of app_v2.users have the same values: (id) = (1) and (13); "
    assert_contains "$output" "; and 1 more"
    statements <<<"CREATE UNIQUE INDEX CONCURRENTLY ON users (lower(email), (1)) WHERE id <> 24"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "11 groups of rows of app_v2.users have the same values: (id) = (1) and (13); "
    statements <<<'ALTER TABLE "users" ADD UNIQUE (bio)'
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "rows of app_v2.users have the same values: (id) = (31), (32), (33) and 2 more"
    statements <<<"CREATE UNIQUE INDEX CONCURRENTLY by_bio ON users ((bio || 'x')) NULLS NOT DISTINCT WHERE id > 1000"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "have the same values: (id) = (1001), (1002), (1003) and 28997 more"
    case $output in *[tT]win*) fail "the log shows values: $output" ;; esac
    assert_eq "$(indexes)" "" "what the failed statements left"
    assert_eq "$(done_statements)" "1 waiting"
}

# Whoever writes meanwhile does not wait for the look at all rows.
test_a_check_is_added_and_then_validated() {
    copy_first
    statements <<'SQL'
ALTER TABLE users ADD CONSTRAINT short CHECK (public.slow(id) <> 0);
ALTER TABLE ONLY users ADD CHECK (id > -10) NOT VALID
SQL
    hold
    background_backfill
    wait_until 20 at_work 1 '%VALIDATE CONSTRAINT%'
    assert_eq "$(constraints)" "short false"
    assert_eq "$(status_field '.after_copy.running[0].phase')" "validating"
    sql main app "SET lock_timeout = '1s'; UPDATE app_v2.users SET bio = 'written meanwhile' WHERE id = 1;
        INSERT INTO app_v2.users (id, email, first_name, last_name) VALUES (-1, 'new', '', '')"
    release
    wait_backfill 0
    assert_eq "$(constraints)" "short true, users_id_check false"
    assert_eq "$(done_statements)" "1, 2"
}

test_a_validation_that_was_killed_goes_on() {
    copy_first
    statements <<<"ALTER TABLE users ADD CHECK (public.slow(id) <> 0)"
    hold
    background_backfill
    wait_until 20 at_work 1 '%VALIDATE CONSTRAINT%'
    background_signal backfill KILL
    background_wait backfill 5 || true
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'pgtandem after_copy'" >"$T/ended"
    release
    assert_eq "$(constraints)" "users_id_check false"
    background_backfill
    wait_backfill 0
    assert_eq "$(constraints)" "users_id_check true"
}

test_a_check_that_rows_do_not_pass() {
    copy_first
    statements <<<"ALTER TABLE users ADD CONSTRAINT small CHECK (id NOT IN (7, 9) AND bio <> 'a secret')"
    sql main app "UPDATE app_v2.users SET bio = 'a secret' WHERE id = 8"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "statement 1 failed: a row violates a check constraint (constraint \"small\""
    assert_contains "$output" "rows of app_v2.users do not pass: (id) = "
    for id in 7 8 9; do
        assert_contains "$output" "($id)"
    done
    case $output in *secret*) fail "the log shows values: $output" ;; esac
    assert_eq "$(constraints)" "" "what the failed statement left"
    statements <<<"ALTER TABLE users ADD CONSTRAINT small CHECK (id NOT IN (-7, -9))"
    assert_exit 0 pgtandem backfill
    assert_eq "$(constraints)" "small true"
}

test_a_foreign_key_that_rows_do_not_pass() {
    copy_first
    sql_file main app - <<'SQL'
DROP TABLE IF EXISTS app_v2."Kinds";
CREATE TABLE app_v2."Kinds" ("a b" text, n bigint, PRIMARY KEY (n, "a b"));
UPDATE app_v2.users SET bio = CASE WHEN id < 25 THEN 'a secret' END;
INSERT INTO app_v2."Kinds" SELECT bio, id FROM app_v2.users
 WHERE bio IS NOT NULL AND id NOT BETWEEN 13 AND 24
SQL
    statements <<<'ALTER TABLE users ADD CONSTRAINT known FOREIGN KEY (id, bio) REFERENCES app_v2."Kinds" (n, "a b")'
    assert_exit 1 pgtandem backfill
    assert_contains "$output" 'a row violates a foreign key constraint (constraint "known"'
    assert_contains "$output" "rows of app_v2.users do not pass: (id) = "
    assert_contains "$output" "(13)"
    assert_contains "$output" " and more"
    case $output in *secret* | *"(25)"*) fail "the log shows too much: $output" ;; esac
    assert_eq "$(constraints)" "" "what the failed statement left"
    sql main app 'INSERT INTO app_v2."Kinds" SELECT bio, id FROM app_v2.users WHERE id BETWEEN 13 AND 24'
    assert_exit 0 pgtandem backfill
    assert_eq "$(constraints)" "known true"
    sql main app 'DROP TABLE app_v2."Kinds" CASCADE'
}

# Statement and record are one transaction.
test_a_statement_that_changes_rows_is_run_once() {
    copy_first
    sql main app "DROP TABLE IF EXISTS public.made; CREATE TABLE public.made (id bigint)"
    statements <<<"INSERT INTO public.made SELECT 1 FROM pg_sleep(3)"
    background_backfill
    wait_until 20 at_work 1 'INSERT%'
    background_signal backfill KILL
    background_wait backfill 5 || true
    background_backfill
    wait_backfill 0
    says "statement 1 of .* had done its work"
    assert_eq "$(sql main app "SELECT count(*) FROM public.made")" 1
}

# Whatever it is: only what the server refuses to run in a transaction is run alone.
test_so_is_any_other() {
    local statement
    sql main app "CREATE FUNCTION public.wait() RETURNS event_trigger LANGUAGE plpgsql AS
            'BEGIN IF current_setting(''application_name'') = ''pgtandem after_copy'' THEN PERFORM pg_sleep(2); END IF; END';
        CREATE EVENT TRIGGER waiting ON ddl_command_end EXECUTE FUNCTION public.wait()"
    for statement in "DO 'BEGIN INSERT INTO public.made VALUES (1); PERFORM pg_sleep(2); END'" \
        "CREATE FUNCTION app_v2.one() RETURNS int LANGUAGE sql AS 'SELECT 1'" \
        "CREATE SCHEMA another" "DROP TABLE public.gone" "ALTER INDEX app_v2.a_name RENAME TO another_name"; do
        copy_first
        sql main app "DROP TABLE IF EXISTS public.made, public.gone; DROP INDEX IF EXISTS app_v2.another_name;
            CREATE TABLE public.made (id bigint); CREATE TABLE public.gone ();
            CREATE INDEX a_name ON app_v2.users (email)"
        statements <<<"$statement"
        background_backfill
        wait_until 20 at_work 1 '%'
        background_signal backfill KILL
        background_wait backfill 5 || true
        background_backfill
        wait_backfill 0
        says "statement 1 of .* had done its work" || fail "$statement: $(cat "$(background_log backfill)")"
        assert_eq "$(done_statements)" 1
        case $statement in DO*) assert_eq "$(sql main app "SELECT count(*) FROM public.made")" 1 ;; esac
    done
    sql main app "DROP EVENT TRIGGER waiting; DROP FUNCTION public.wait(), app_v2.one(); DROP SCHEMA another"
    copy_first
    statements <<'SQL'
VACUUM users;
DO 'BEGIN INSERT INTO public.made VALUES (2); COMMIT; INSERT INTO public.made VALUES (3); END';
SQL
    assert_exit 0 pgtandem backfill
    assert_eq "$(sql main app "SELECT string_agg(id::text, ' ') FROM public.made WHERE id > 1")" "2 3"
    assert_eq "$(done_statements)" "1, 2"
}

# Connections are cut, and a second one is started before the first has its lock again.
test_two_at_a_time_run_nothing_twice() {
    end_what_was_left
    config
    start_afresh
    sql main app "DROP TABLE IF EXISTS public.made; CREATE TABLE public.made (id bigint)"
    printf 'INSERT INTO public.made SELECT %s FROM pg_sleep(0.5);\n' 1 2 3 4 5 6 7 8 9 10 11 12 >"$T/after.sql"
    background_backfill
    wait_until 20 at_work 1 'INSERT%'
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'pgtandem%'" >"$T/ended"
    background second "$PGTANDEM" backfill
    background_wait backfill 60 || true
    background_wait second 60 || true
    assert_eq "$(sql main app "SELECT count(*) || ' ' || count(DISTINCT id) FROM public.made")" "12 12"
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.after_copy WHERE done_at IS NULL")" 0
}

test_copy_from_stdin_is_refused() {
    copy_first
    printf 'COPY public.made FROM STDIN;\n1\n\\.\n' >"$T/after.sql"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "statement 1 failed: there are no rows for COPY FROM STDIN here"
}

test_a_statement_that_is_cancelled_again_and_again_fails() {
    copy_first
    statements <<<"SET statement_timeout = '50ms'; SELECT pg_sleep(1)"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "statement 2 failed: canceling statement due to statement timeout"
}

test_a_file_that_was_run_keeps_its_name() {
    copy_first
    statements <<<"CREATE INDEX by_email ON users (email)"
    config
    assert_exit 0 pgtandem backfill
    sql main app "UPDATE pgtandem.migration SET backfill = 'copied'"
    sed -i 's,/after.sql,/./after.sql,' "$PGTANDEM_CONFIG"
    assert_exit 2 pgtandem backfill
    assert_contains "$output" "$T/after.sql were run already, and it is no longer under backfill.after_copy"
    config
}

# What would be half a statement, or none, is not run.
test_odd_files() {
    copy_first
    sql main app "TRUNCATE public.made; INSERT INTO public.made VALUES (1), (2)"
    printf 'DELETE FROM public.made /* WHERE id = 1;\n' >"$T/after.sql"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "unterminated /* comment"
    printf 'DELETE FROM public.made \0 WHERE id = 1;\n' >"$T/after.sql"
    assert_exit 2 pgtandem backfill
    assert_contains "$output" "there is a zero byte in it"
    assert_eq "$(sql main app "SELECT count(*) FROM public.made")" 2
    printf '\357\273\277-- an old editor\rCREATE INDEX by_email ON users (email);\r' >"$T/after.sql"
    assert_exit 0 pgtandem backfill
    assert_eq "$(indexes)" "by_email true"
}

test_files_are_read_before_the_copy() {
    end_what_was_left
    config
    start_afresh
    printf 'SELECT 1;\nCOMMIT;\n' >"$T/after.sql"
    assert_exit 2 pgtandem backfill
    assert_contains "$output" 'after.sql:2: statement 2 begins or ends a transaction'
    assert_eq "$(sql main app "SELECT count(*) FROM app_v2.users")" 0
}

test_a_setting_holds_for_all_that_follows() {
    copy_first "index_jobs: 2"
    sql main app "DROP TABLE IF EXISTS public.made; CREATE TABLE public.made (id text);
        CREATE ROLE owner_of_indexes; GRANT CREATE, USAGE ON SCHEMA app_v2 TO owner_of_indexes;
        GRANT CREATE, USAGE ON SCHEMA public TO owner_of_indexes;
        ALTER TABLE app_v2.users OWNER TO owner_of_indexes; ALTER TABLE public.made OWNER TO owner_of_indexes"
    statements <<'SQL'
SET work_mem = '7MB';
SET ROLE owner_of_indexes;
CREATE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX CONCURRENTLY by_id ON public.made (id);
INSERT INTO public.made SELECT current_user || ' ' || current_setting('work_mem');
ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 0);
SELECT 1 / 0
SQL
    assert_exit 1 pgtandem backfill
    assert_eq "$(sql main app "SELECT id FROM public.made")" "owner_of_indexes 7MB"
    assert_eq "$(done_statements)" "1, 2, 3, 4, 5, 6, 7 waiting"
    sed -i "s/SELECT 1 . 0/INSERT INTO public.made SELECT 'again ' || current_setting('work_mem')/" "$T/after.sql"
    assert_exit 0 pgtandem backfill
    assert_eq "$(sql main app "SELECT max(id) FILTER (WHERE id LIKE 'again%') FROM public.made")" "again 7MB"
    sql main app "ALTER TABLE app_v2.users OWNER TO postgres; DROP OWNED BY owner_of_indexes; DROP ROLE owner_of_indexes"
}

test_a_transaction_over_several_statements_is_refused() {
    copy_first
    printf 'BEGIN;\nCREATE INDEX by_email ON users (email);\nCOMMIT;\n' >"$T/after.sql"
    assert_exit 2 pgtandem backfill
    assert_contains "$output" 'after.sql:1: statement 1 begins or ends a transaction, but each statement is run by itself'
    assert_eq "$(indexes)" ""
}

# What it left goes, and the new one is not taken for done because its name is there.
test_a_statement_that_changes_after_a_kill_is_withdrawn() {
    copy_first
    statements <<'SQL'
CREATE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX CONCURRENTLY by_name ON users (last_name);
SQL
    block
    background_backfill
    wait_until 20 at_work 1
    background_signal backfill KILL
    background_wait backfill 5 || true
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'pgtandem after_copy'" >"$T/ended"
    unblock
    assert_eq "$(indexes)" "by_email false"
    statements <<<"CREATE INDEX CONCURRENTLY by_name ON users (last_name)"
    assert_exit 0 pgtandem backfill
    assert_contains "$output" "dropped the index app_v2.by_email, which was not valid"
    assert_eq "$(indexes)" "by_name true"
    assert_eq "$(done_statements)" "1"
}

test_an_invalid_index_of_somebody_else_is_left_alone() {
    copy_first
    sql main app "DROP TABLE IF EXISTS app_v2.others; CREATE TABLE app_v2.others (id int);
        CREATE INDEX by_email ON app_v2.others (id); CREATE INDEX other ON app_v2.users (bio) WHERE false;
        UPDATE pg_index SET indisvalid = false
         WHERE indexrelid IN ('app_v2.by_email'::regclass, 'app_v2.other'::regclass)"
    statements <<<"CREATE INDEX CONCURRENTLY by_name ON users (last_name)"
    assert_exit 0 pgtandem backfill
    assert_eq "$(indexes)" "by_name true, other false"
    sql main app "UPDATE pgtandem.migration SET backfill = 'copied'"
    echo ";CREATE INDEX CONCURRENTLY IF NOT EXISTS by_email ON users (email)" >>"$T/after.sql"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "the index app_v2.by_email is not valid"
    assert_contains "$output" "DROP INDEX CONCURRENTLY app_v2.by_email"
    sql main app "DROP TABLE app_v2.others"
}

# The service goes on with the table as it has become: watched every five seconds.
test_a_statement_may_alter_the_new_table() {
    end_what_was_left
    statements <<<"ALTER TABLE users ALTER bio SET NOT NULL"
    config
    start_afresh
    sql main app "ALTER TABLE app_v2.users ALTER bio DROP NOT NULL; UPDATE public.users SET bio = '' WHERE bio IS NULL"
    service_start
    wait_phase live
    sleep 6
    sql main app "UPDATE public.users SET bio = 'it goes on' WHERE id = 1"
    wait_until 10 sql_is "SELECT bio FROM app_v2.users WHERE id = 1" "it goes on"
    service_stop
    start_afresh
}

analyzed() {
    sql main app "SELECT analyze_count FROM pg_stat_user_tables WHERE relid = 'app_v2.users'::regclass"
}

test_the_new_table_is_analyzed_once() {
    copy_first
    start_afresh
    write_config "$(dsn main app)" "$(dsn main app)" "backfill: {jobs: 2}"
    assert_exit 0 pgtandem backfill
    wait_until 10 sql_is "SELECT analyze_count FROM pg_stat_user_tables WHERE relid = 'app_v2.users'::regclass" 1
    assert_eq "$(sql main app "SELECT reltuples FROM pg_class WHERE oid = 'app_v2.users'::regclass")" \
        "$(sql main app "SELECT count(*) FROM public.users")"
    sql main app "UPDATE pgtandem.migration SET backfill = 'copied'"
    assert_exit 0 pgtandem backfill
    case $output in *ANALYZE*) fail "it was analyzed again: $output" ;; esac
    sql main app "UPDATE pgtandem.migration SET backfill = 'copied'"
    statements <<<"CREATE INDEX by_email ON users (lower(email))"
    config
    assert_exit 0 pgtandem backfill
    assert_contains "$output" "ANALYZE app_v2.users is done after"
}

# The second role of the documentation's, on a schema that an earlier version has made.
state_belongs_to() {
    local table
    for table in $(sql main app "SELECT string_agg(oid::regclass::text, ' ') FROM pg_class
            WHERE relnamespace = 'pgtandem'::regnamespace AND relkind = 'r'"); do
        sql main app "ALTER TABLE $table OWNER TO $1"
    done
}

test_a_role_that_owns_nothing_is_told() {
    copy_first
    awk '/^```sql/ { i++; on = 1; next } /^```/ { on = 0 } on' "$ROOT/docs/grants.md" >"$T/grants.sql"
    sql_file main app "$T/grants.sql"
    sql main app "ALTER TABLE pgtandem.after_copy DROP COLUMN object, ALTER started_at SET NOT NULL;
        DELETE FROM pgtandem.after_copy;
        GRANT USAGE ON SCHEMA pgtandem TO mover;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgtandem TO mover;
        REVOKE CREATE ON DATABASE app FROM mover"
    write_config "$(dsn main app) user=mover" "$(dsn main app) user=mover" "backfill: {jobs: 2}"
    assert_exit 0 pgtandem status
    assert_exit 3 pgtandem check
    assert_contains "$output" "an earlier version has made the tables of the schema pgtandem"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "cannot bring the schema pgtandem in the new database up to date"
    assert_contains "$output" "let their owner run sql/state.sql, or setup"
    state_belongs_to mover
    assert_exit 0 pgtandem backfill
    assert_contains "$output" "warning users_name_split after_copy: ANALYZE app_v2.users: the server has not done it, or warns of it"
    assert_contains "$output" "hint: let the table's owner run it"
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.after_copy WHERE done_at IS NOT NULL")" 1
    state_belongs_to postgres
    write_config "$(dsn main app)" "$(dsn main app)" "backfill: {jobs: 2}"
    start_afresh
    sql main app "DROP OWNED BY mover; DROP ROLE mover"
}

run_tests "$@"
