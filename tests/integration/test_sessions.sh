#!/bin/bash
# Each session of the service is lost, idle and at work: it connects again, and what
# needs that session comes through.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main
create_database main app

make_tables() {
    run_sql main app <<'SQL'
CREATE SCHEMA o;
CREATE SCHEMA n;
CREATE TABLE o.t (id int PRIMARY KEY, n numeric, v text);
CREATE TABLE n.t (id int PRIMARY KEY, n numeric, v text);
INSERT INTO o.t SELECT i, i, 'v' FROM generate_series(1, 50) i;
SQL
}
make_tables
pair_config "$(dsn main app)" "$(dsn main app)" "  - {old: o.t, new: n.t}"

sessions() {
    rows main app "SELECT DISTINCT application_name FROM pg_stat_activity WHERE application_name LIKE 'pgtandem%' ORDER BY 1"
}

# end_session NAME: all of that name
end_session() {
    sql main app "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '$1'" >"$T/ended"
}

same() {
    wait_same_rows 30 main app "SELECT * FROM o.t ORDER BY id" main app "SELECT * FROM n.t ORDER BY id"
}

# A number that becomes NULL is looked up in the source; a row that both sides change at
# once is compared, and mended if need be.
use_every_session() {
    sql main app "UPDATE o.t SET n = NULL, v = 'old $1' WHERE id = $1"
    sql main app "UPDATE n.t SET n = NULL, v = 'new $1' WHERE id = $1 + 20"
    wait_rows 20 main app "SELECT n IS NULL, v FROM n.t WHERE id = $1" $'t\told '"$1"
    wait_rows 20 main app "SELECT n IS NULL, v FROM o.t WHERE id = $1 + 20" $'t\tnew '"$1"
    sql main app "UPDATE o.t SET v = 'a' WHERE id = 45" &
    local other=$!
    sql main app "UPDATE n.t SET v = 'b' WHERE id = 45"
    wait "$other"
    same
}

test_every_session_that_is_lost_idle_is_made_again() {
    local name i=0
    service_start
    wait_phase live
    use_every_session $((i += 1))
    sessions >"$T/sessions"
    grep -q "forward source" "$T/sessions" || fail "no session for looking up: $(cat "$T/sessions")"
    while read -r name; do
        sleep 0.3 # it is to be idle
        end_session "$name"
        use_every_session $((i += 1))
    done <"$T/sessions"
}

# Whatever it is about just then.
test_sessions_that_are_lost_at_work_are_made_again() {
    local name round
    sql main app "UPDATE o.t SET n = id WHERE id <= 20"
    for round in 1 2 3; do
        while read -r name; do
            sql main app "UPDATE o.t SET n = NULL, v = v || '.' WHERE id BETWEEN 1 AND 20;
                          UPDATE n.t SET n = NULL, v = v || '+' WHERE id BETWEEN 21 AND 40"
            end_session "$name"
            sql main app "UPDATE o.t SET n = $round WHERE id BETWEEN 1 AND 20"
        done <"$T/sessions"
    done
    same
    use_every_session 3
    assert_eq "$(rows main app "SELECT count(*) FROM pgtandem.parked")" 0
}

test_all_of_them_at_once() {
    local round
    for round in 1 2 3; do
        sql main app "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'pgtandem%'" >"$T/ended"
        sql main app "UPDATE o.t SET n = NULL, v = 'all $round' WHERE id <= 20"
        sleep 0.4
    done
    use_every_session 5
    service_stop
}

run_tests "$@"
