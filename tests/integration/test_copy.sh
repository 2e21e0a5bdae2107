#!/bin/bash
# The copy: whole, resumed after kills at random moments, across lost connections
# and restarts of the server, no faster than allowed, and unseen by the way back.
#
#   COPY_SEED   repeats a run (printed)
. "$(dirname "$0")/lib.sh"

seed=${COPY_SEED:-$((RANDOM))}
echo "# COPY_SEED=$seed"
RANDOM=$seed

rows=20000
cluster_start main
create_scenario main app $rows

# config [BACKFILL] [MORE]: in one database.
config() {
    write_config "$(dsn main app)" "$(dsn main app)" "
backfill: {${1:-jobs: 3, chunk_rows: 500, chunk_time: 0, warm_up: 0}}
${2:-}"
}

# start_afresh: no migration, and nobody in the new table.
start_afresh() {
    pgtandem teardown --all >"$T/teardown.log" 2>&1 || fail "teardown: $(cat "$T/teardown.log")"
    sql main app "TRUNCATE app_v2.users"
}

# The whole table, in chunks that lie side by side, and each row counted once.
assert_complete() {
    assert_same_tables main app
    assert_eq "$(sql main app "SELECT count(*) FROM app_v2.users")" $rows "rows in the new table"
    assert_eq "$(sql main app "
        SELECT count(*) FILTER (WHERE done_at IS NULL),
               count(*) FILTER (WHERE low IS DISTINCT FROM before),
               sum(rows_read), sum(rows_written), sum(rows_parked)
          FROM (SELECT *, lag(high) OVER (ORDER BY chunk) AS before FROM pgtandem.chunk) AS c")" \
        "0|0|$rows|$rows|0" "what the ledger says"
}

background_backfill() {
    background backfill "$PGTANDEM" backfill
}

wait_backfill() {
    local status=0
    background_wait backfill 120 || status=$?
    assert_eq $status "${1:-0}" "exit status of $(tail -n 20 "$(background_log backfill)")"
}

# Until setup is through there is no ledger.
chunks_done() {
    sql main app "SELECT count(done_at) FROM pgtandem.chunk" 2>/dev/null || echo 0
}

some_chunks_are_done() {
    [ "$(chunks_done)" -ge "$1" ]
}

snapshots() {
    sql main app "SELECT count(DISTINCT snapshot) FROM pgtandem.chunk"
}

test_a_new_table_that_is_not_empty_is_refused() {
    config
    sql main app "INSERT INTO app_v2.users (email, first_name, last_name) VALUES ('', '', '')"
    assert_exit 1 pgtandem backfill
    assert_contains "$output" "the new table app_v2.users is not empty"
    assert_contains "$output" "TRUNCATE app_v2.users"
    start_afresh
}

test_one_worker_copies_everything() {
    config "jobs: 1, chunk_rows: 3000, chunk_time: 0, warm_up: 0"
    assert_exit 0 pgtandem backfill
    assert_complete
    assert_eq "$(snapshots)" 1 "snapshots"
    assert_contains "$output" "copied 20,000 rows"
}

test_a_copy_that_is_complete_is_not_repeated() {
    sql main app "UPDATE app_v2.users SET bio = 'not copied again' WHERE id = 1"
    assert_exit 0 pgtandem backfill
    assert_eq "$(sql main app "SELECT bio FROM app_v2.users WHERE id = 1")" "not copied again"
    start_afresh
}

test_three_workers_copy_everything() {
    config
    assert_exit 0 pgtandem backfill
    assert_complete
    assert_eq "$(snapshots)" 1 "snapshots"
    start_afresh
}

test_one_chunk_may_hold_the_table() {
    config "jobs: 3, chunk_rows: 1000000, chunk_time: 0, warm_up: 0"
    assert_exit 0 pgtandem backfill
    assert_complete
    start_afresh
}

# The last chunk's bound falls on the last row: no empty chunk follows.
test_chunks_may_end_with_the_table() {
    config "jobs: 2, chunk_rows: $((rows / 4)), chunk_time: 0, warm_up: 0"
    assert_exit 0 pgtandem backfill
    assert_complete
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.chunk")" 4 "chunks"
    start_afresh
}

# Chunks are to take a time, not to have so many rows.
test_chunks_grow_until_they_take_their_time() {
    config "jobs: 1, chunk_rows: 20, chunk_time: 2s, warm_up: 0"
    assert_exit 0 pgtandem backfill
    assert_complete
    [ "$(sql main app "SELECT max(rows_read) > 1000 FROM pgtandem.chunk")" = t ] || fail "chunks did not grow"
    start_afresh
    # and where they are held to so many rows a second, from the first one on
    config "jobs: 2, chunk_rows: 5000, chunk_time: 100ms, warm_up: 0, max_rows_per_second: 10000"
    assert_exit 0 pgtandem backfill
    assert_complete
    [ "$(sql main app "SELECT max(rows_read) <= 500 FROM pgtandem.chunk")" = t ] || fail "chunks did not shrink"
    start_afresh
}

# Rows that are slow to write, behind others that were fast: one worker is not to be
# busy with them for ever while the others have nothing to do.
test_a_chunk_that_takes_too_long_is_cut() {
    sql main app "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
            IF NEW.id BETWEEN 15000 AND 16500 THEN PERFORM pg_sleep(0.01); END IF; RETURN NEW; END \$\$;
        CREATE TRIGGER slow BEFORE INSERT ON app_v2.users FOR EACH ROW EXECUTE FUNCTION slow();
        ALTER TABLE app_v2.users ENABLE ALWAYS TRIGGER slow"
    config "jobs: 3, chunk_rows: 20000, chunk_time: 100ms, warm_up: 0"
    background_backfill
    wait_until 30 grep -q "takes too long: it is cut into smaller ones" "$(background_log backfill)"
    wait_until 30 some_chunks_are_done 3
    background_signal backfill KILL
    background_wait backfill 5 || true
    assert_exit 0 pgtandem backfill
    assert_eq "$(sql main app "SELECT count(*) > 10, bool_and(rows_read = rows_written), sum(rows_read)
        FROM pgtandem.chunk")" "t|t|$rows" "pieces, and their rows"
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.chunk a JOIN pgtandem.chunk b ON a.chunk < b.chunk
        AND coalesce(a.low[1]::bigint, 0) < b.high[1]::bigint AND coalesce(b.low[1]::bigint, 0) < a.high[1]::bigint")" 0 \
        "pieces that overlap"
    assert_same_tables main app
    sql main app "DROP FUNCTION slow CASCADE"
    start_afresh
}

slow_rows() {
    sql main app "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
            PERFORM pg_sleep(0.01); RETURN NEW; END \$\$;
        CREATE TRIGGER slow BEFORE INSERT ON app_v2.users FOR EACH ROW EXECUTE FUNCTION slow();
        ALTER TABLE app_v2.users ENABLE ALWAYS TRIGGER slow"
}

a_cut_was_ended() {
    [ "$(sql main app "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE query LIKE 'WITH rest AS%' AND wait_event = 'SyncRep'")" -gt 0 ]
}

# It is made, and nobody is told: the ledger must be read again.
test_a_cut_without_an_answer_counts() {
    slow_rows
    config "jobs: 1, chunk_rows: 20000, chunk_time: 100ms, warm_up: 0"
    background_backfill
    sleep 2
    cluster_configure main synchronous_standby_names=nobody
    cluster_reload main
    wait_until 30 a_cut_was_ended
    cluster_configure main synchronous_standby_names=
    cluster_reload main
    sql main app "DROP FUNCTION slow CASCADE"
    wait_backfill
    assert_same_tables main app
    start_afresh
}

gave_a_chunk_back() {
    grep -q "takes too long" "$(background_log backfill)"
}

test_a_worker_that_gave_its_chunk_back_and_has_no_other_loses_its_connections() {
    rm -f "$(background_log backfill)"
    slow_rows
    config "jobs: 1, chunk_rows: 20000, chunk_time: 100ms, warm_up: 0"
    background_backfill
    sleep 2
    assert_exit 0 pgtandem pause
    wait_until 30 gave_a_chunk_back
    sleep 1
    sql main app "DROP FUNCTION slow CASCADE"
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgtandem copy 0%'" >/dev/null
    sleep 1
    assert_exit 0 pgtandem resume
    wait_backfill
    assert_same_tables main app
    start_afresh
}

# Ten wide rows at one a second: giving them up again and again would never end.
test_a_chunk_that_cannot_be_cut_is_finished() {
    create_database main wide
    sql main wide "CREATE TABLE old (id int PRIMARY KEY, v text); CREATE TABLE new (LIKE old INCLUDING ALL);
        INSERT INTO old SELECT n, repeat(md5(n::text), 1300) FROM generate_series(1, 10) n"
    write_config "$(dsn main wide)" "$(dsn main wide)" "
tables: [{old: public.old, new: public.new}]
backfill: {jobs: 1, chunk_time: 100ms, warm_up: 0, max_rows_per_second: 1}"
    assert_exit 0 pgtandem setup
    assert_exit 0 pgtandem pause
    background_backfill
    wait_until 20 a_chunk_is_planned
    background_signal backfill KILL
    background_wait backfill 5 || true
    assert_exit 0 pgtandem resume
    assert_exit 0 timeout 60 "$PGTANDEM" backfill
    assert_eq "$(sql main wide "SELECT count(*) FROM new")" 10 "rows"
    pgtandem teardown --all >"$T/teardown.log" 2>&1
    config
}

a_chunk_is_planned() {
    [ "$(sql main wide "SELECT count(*) FROM pgtandem.chunk")" = 1 ]
}

# Whoever loses the lock may not notice at once, and another one has it meanwhile: they
# cut up one table together.
test_two_copies_at_once_leave_nothing_out() {
    local backfill="jobs: 2, chunk_time: 0, warm_up: 0"
    config "$backfill, chunk_rows: 300, max_rows_per_second: 1000"
    background_backfill
    wait_until 20 some_chunks_are_done 3
    config "$backfill, chunk_rows: 700, max_rows_per_second: 8000"
    background second "$PGTANDEM" backfill
    sleep 1
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgtandem reporter'" >/dev/null
    sleep 6
    background_signal backfill KILL
    background_wait backfill 5 || true
    background_wait second 60 || fail "the second one: $(tail -n 20 "$(background_log second)")"
    assert_complete
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.parked")" 0 "parked rows"
    start_afresh
}

# begin_and_kill: some of the table is copied.
begin_and_kill() {
    config "jobs: 1, chunk_rows: 300, chunk_time: 0, warm_up: 0, max_rows_per_second: 3000"
    background_backfill
    wait_until 20 some_chunks_are_done 3
    background_signal backfill KILL
    background_wait backfill 5 || true
}

test_a_copy_does_not_go_on_over_a_table_that_was_changed() {
    local side before
    begin_and_kill
    before=$(chunks_done)
    for side in public app_v2; do
        sql main app "ALTER TABLE $side.users ALTER bio TYPE varchar(20000)"
        assert_exit 2 pgtandem backfill
        assert_contains "$output" "the $([ $side = public ] && echo old || echo new) table has changed since the copy of public.users was begun"
        assert_contains "$output" "TRUNCATE app_v2.users"
        sql main app "ALTER TABLE $side.users ALTER bio TYPE text"
    done
    assert_eq "$(chunks_done)" "$before" "chunks"
    config
    assert_exit 0 pgtandem backfill
    assert_complete
}

# When nothing is left to be copied, tables may be altered: after_copy does so.
test_a_copy_that_is_complete_does_not_mind() {
    sql main app "UPDATE pgtandem.migration SET backfill = 'running'; ALTER TABLE app_v2.users ADD note text"
    write_config "$(dsn main app)" "$(dsn main app)" "$(config_tables | sed '$a\    ignore: {old: [], new: [note]}')"
    assert_exit 0 pgtandem backfill
    sql main app "ALTER TABLE app_v2.users DROP note"
    config
    start_afresh
}

test_a_copy_does_not_go_on_with_another_mapping() {
    begin_and_kill
    write_config "$(dsn main app)" "$(dsn main app)" "$(config_tables | sed '$a\    ignore: {old: [bio], new: [bio]}')"
    assert_exit 2 pgtandem backfill
    assert_contains "$output" "the mapping has changed since the copy of public.users was begun"
    start_afresh
}

test_a_killed_copy_goes_on_where_it_was() {
    local before=0 after
    config "jobs: 3, chunk_rows: 300, chunk_time: 0, warm_up: 0, max_rows_per_second: 3000"
    for _ in $(seq 12); do
        background_backfill
        sleep 0.$((10 + RANDOM % 50))
        background_signal backfill KILL
        background_wait backfill 5 || true
        after=$(chunks_done)
        [ "$after" -ge "$before" ] || fail "$before chunks were done, then $after"
        before=$after
    done
    config
    assert_exit 0 pgtandem backfill
    assert_contains "$output" "going on with the copy"
    assert_complete
    start_afresh
}

test_a_stopped_copy_says_so_and_goes_on() {
    config "jobs: 2, chunk_rows: 300, chunk_time: 0, warm_up: 0, max_rows_per_second: 8000"
    background_backfill
    wait_until 20 some_chunks_are_done 3
    background_signal backfill TERM
    wait_backfill 1
    assert_contains "$(cat "$(background_log backfill)")" "it goes on where it was stopped"
    config
    assert_exit 0 pgtandem backfill
    assert_complete
    start_afresh
}

test_lost_connections_are_opened_again() {
    config "jobs: 3, chunk_rows: 200, chunk_time: 0, warm_up: 0, max_rows_per_second: 6000"
    background_backfill
    wait_until 20 some_chunks_are_done 1
    for _ in $(seq 10); do
        sql main app "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity
                       WHERE application_name LIKE 'pgtandem copy%' ORDER BY random() LIMIT 2) AS c" >"$T/ended"
        sleep 0.15
    done
    wait_backfill
    assert_complete
    assert_contains "$(cat "$(background_log backfill)")" "the copy goes on"
    start_afresh
}

some_commits_were_ended() {
    [ "$(sql main app "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE application_name LIKE 'pgtandem copy%writer' AND wait_event = 'SyncRep'")" -gt 0 ]
}

# A commit that waits for a standby is made when its connection is ended, and
# nobody is told: the ledger must be asked, or the chunk would be copied again.
test_a_commit_without_an_answer_counts() {
    config "jobs: 2, chunk_rows: 200, chunk_time: 0, warm_up: 0, max_rows_per_second: 6000"
    background_backfill
    wait_until 20 some_chunks_are_done 2
    cluster_configure main synchronous_standby_names=nobody
    cluster_reload main
    wait_until 10 some_commits_were_ended
    cluster_configure main synchronous_standby_names=
    cluster_reload main
    wait_backfill
    assert_complete
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.parked")" 0 "parked rows"
    start_afresh
}

# Its snapshot is gone then: the rest is read from a later one, and the stream
# brings the new table to one moment.
test_a_restart_of_the_server_is_waited_out() {
    config "jobs: 2, chunk_rows: 200, chunk_time: 0, warm_up: 0, max_rows_per_second: 5000"
    background_backfill
    wait_until 20 some_chunks_are_done 5
    cluster_stop main immediate
    sleep 1
    cluster_start main
    wait_backfill
    assert_complete
    [ "$(snapshots)" -gt 1 ] || fail "one snapshot cannot have outlived the server"
    start_afresh
}

test_the_copy_keeps_to_its_limit() {
    local started=${EPOCHREALTIME/./} seconds
    config "jobs: 3, chunk_rows: 1000, chunk_time: 0, warm_up: 0, max_rows_per_second: 8000"
    assert_exit 0 pgtandem backfill
    seconds=$(((${EPOCHREALTIME/./} - started) / 1000000))
    [ $seconds -ge 2 ] || fail "$rows rows at 8000/s took $seconds s"
    [ $seconds -le 60 ] || fail "$rows rows at 8000/s took $seconds s"
    assert_complete
    start_afresh
}

test_a_locked_table_is_waited_for() {
    local log
    log=$(background_log locked)
    config "jobs: 2, chunk_rows: 2000, chunk_time: 0, warm_up: 0" "limits: {lock_timeout: 100ms}"
    background locker "$PG_BIN/psql" -X -q -d "$(dsn main app)" -c "BEGIN;
        LOCK TABLE app_v2.users IN SHARE MODE; SELECT pg_sleep(600)"
    wait_until 10 table_is_locked
    background locked "$PGTANDEM" backfill
    wait_until 60 grep -q "lock timeout" "$log"
    sql main app "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep'" >"$T/ended"
    background_wait locked 60
    assert_contains "$(cat "$log")" "the copy goes on"
    assert_complete
    start_afresh
}

table_is_locked() {
    [ "$(sql main app "SELECT count(*) FROM pg_locks WHERE relation = 'app_v2.users'::regclass AND mode = 'ShareLock' AND granted")" = 1 ]
}

# messages ORIGINS: rows of the new table that wal2json shows to a slot that leaves
# out these origins.
messages() {
    sql main app "SELECT count(*) FROM pg_logical_slot_peek_changes('watcher', NULL, NULL,
        'format-version', '2', 'add-tables', 'app_v2.users', 'filter-origins', '$1')
        WHERE data LIKE '{\"action\":\"I\"%'"
}

test_nothing_of_the_copy_shows_behind_an_origin_filter() {
    sql main app "SELECT pg_create_logical_replication_slot('watcher', 'wal2json')" >"$T/slot"
    config
    assert_exit 0 pgtandem backfill
    assert_eq "$(messages "$(sql main app "SELECT string_agg(roident::text, ',')
        FROM pg_replication_origin WHERE roname LIKE 'pgtandem_%'")")" 0 "rows seen behind the filter"
    assert_eq "$(messages 999)" $rows "rows seen without it"
    sql main app "SELECT pg_drop_replication_slot('watcher')" >"$T/slot"
}

# So that a clock of the new server's does not date what was read on the old one.
test_copied_rows_are_of_the_moment_of_the_snapshot() {
    assert_eq "$(sql main app "SELECT count(DISTINCT pg_xact_commit_timestamp(u.xmin)) = 1
            AND max(pg_xact_commit_timestamp(u.xmin)) < (SELECT min(done_at) FROM pgtandem.chunk)
          FROM app_v2.users AS u")" t "commit timestamps"
    start_afresh
}

run_tests "$@"
