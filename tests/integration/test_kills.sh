#!/bin/bash
# The service is killed (SIGKILL) at random moments, under load on both sides, in
# every phase: nothing is lost and nothing is applied twice.
#
#   KILLS_SEED   repeats a run (printed)
#   KILLS        how many, at least (20)
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/integration/counting.sh"

seed=${KILLS_SEED:-$((RANDOM))}
kills=${KILLS:-20}
rows=20000
echo "# KILLS_SEED=$seed"
RANDOM=$seed

cluster_start main
create_scenario main app $rows
cat >"$T/slow.sql" <<'SQL'
SELECT pg_sleep(0.7);
CREATE INDEX CONCURRENTLY IF NOT EXISTS slow ON app_v2.users (updated_at);
SELECT pg_sleep(0.7);
SQL
write_config "$(dsn main app)" "$(dsn main app)" "
backfill:
  chunk_rows: 500
  chunk_time: 0
  warm_up: 0
  max_rows_per_second: 6000
  after_copy: ['$ROOT/sql/users_new_indexes.sql', '$T/slow.sql']
limits: {lock_timeout: 200ms}"

phase() {
    sql main app "SELECT phase FROM pgtandem.migration"
}

# kill_after MOST: lets it work for up to so many milliseconds, and at least some.
kill_after() {
    local milliseconds=$((50 + RANDOM % $1))
    service_start
    sleep "$((milliseconds / 1000)).$(printf %03d $((milliseconds % 1000)))"
    background_running service ||
        fail "the service ended by itself: $(tail -n 20 "$(service_log)")"
    phase >>"$T/phases"
    service_kill
}

killed_in() {
    grep -c "^$1\$" "$T/phases" || true
}

test_nothing_is_lost_or_applied_twice() {
    pgtandem setup >/dev/null 2>&1
    count_start main app
    load_start main app old_disjoint 100 600 -D rows=$rows

    local most=300
    until [ "$(phase)" = live ]; do
        kill_after $most
        most=$((most + 150)) # each start takes a while; in the end it gets there
    done
    load_start main app new_disjoint 100 600 -D rows=$rows
    while [ "$(killed_in live)" -lt 8 ] || [ "$(wc -l <"$T/phases")" -lt "$kills" ]; do
        kill_after 2000
    done
    echo "# killed in: $(sort "$T/phases" | uniq -c | tr -s '\n ' ' ')"

    service_start
    wait_phase live
    sleep 1
    load_stop
    wait_drained
    assert_same_tables main app
    assert_all_applied_once main app
    service_stop
    [ "$(killed_in backfill)" -gt 0 ] || fail "it was never killed during the backfill"
    [ "$(killed_in catchup)" -gt 0 ] || fail "it was never killed while catching up"
}

run_tests "$@"
