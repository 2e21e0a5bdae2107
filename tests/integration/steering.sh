# shellcheck shell=bash
# steering.sh - a copy in the background that is slow enough to be steered: for tests
# that source it after lib.sh, and say in $rows how many users there are.

rows=${rows:-0}

# config [BACKFILL] [LIMITS]: slow enough to be steered.
config() {
    write_config "$(dsn main app)" "$(dsn main app)" "
backfill: {jobs: 2, chunk_rows: 100, chunk_time: 0, warm_up: 0, ${1:-max_rows_per_second: 600}}
limits: {lock_timeout: 500ms, ${2:-}}"
}

start_afresh() {
    pgtandem teardown --all >"$T/teardown.log" 2>&1 || fail "teardown: $(cat "$T/teardown.log")"
    sql main app "TRUNCATE app_v2.users"
    rm -f "$(background_log backfill)"
}

backfill_start() {
    background backfill "$PGTANDEM" backfill
}

backfill_end() {
    local status=0
    background_wait backfill 60 || status=$?
    assert_eq $status "${1:-0}" "exit status of $(tail -n 20 "$(background_log backfill)")"
    [ "${1:-0}" != 0 ] || assert_complete
}

assert_complete() {
    assert_same_tables main app
    assert_eq "$(sql main app "SELECT bool_and(done_at IS NOT NULL AND rows_read = rows_written + rows_parked),
        sum(rows_written) FROM pgtandem.chunk")" "t|$rows" "what the ledger says"
}

log_says() {
    grep -q "$1" "$(background_log backfill)"
}

rows_done() {
    sql main app "SELECT coalesce(sum(rows_read), 0) FROM pgtandem.chunk WHERE done_at IS NOT NULL" 2>/dev/null ||
        echo 0
}

some_rows_are_done() {
    [ "$(rows_done)" -ge "$1" ]
}

# assert_waits TEXT: in the log and in status, and nothing moves.
assert_waits() {
    local before
    wait_until 20 log_says "the copy waits for .*$1"
    wait_until 20 status_says_it_waits "$1"
    sleep 1 # chunks that are under way are finished
    before=$(rows_done)
    sleep 1
    assert_eq "$(rows_done)" "$before" "rows that were copied while it waits"
    [ "$before" -lt "$rows" ] || fail "the copy was over before it could wait"
}

status_says_it_waits() {
    status_field .backfill.waiting_for | grep -q "$1"
}
