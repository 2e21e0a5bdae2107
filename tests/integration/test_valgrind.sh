#!/bin/bash
# A migration under valgrind, which sees into libpq: the sanitizers know only what was
# compiled with them. What is looked for are the moments in which a session ends from
# inside one of its own events.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main
create_database main app
program=$PGTANDEM

make_tables() {
    run_sql main app <<'SQL'
DROP SCHEMA IF EXISTS o CASCADE;
DROP SCHEMA IF EXISTS n CASCADE;
CREATE SCHEMA o;
CREATE SCHEMA n;
CREATE TABLE o.t (id int PRIMARY KEY, n numeric, v text);
CREATE TABLE n.t (id int PRIMARY KEY, n numeric, v text CHECK (v <> 'bad'));
INSERT INTO o.t SELECT i, i, CASE WHEN i % 50 = 7 THEN 'bad' ELSE 'v' END FROM generate_series(1, 500) i;
SQL
}

# service_under_valgrind: its status is 99 when valgrind has found something.
service_under_valgrind() {
    background service valgrind --quiet --error-exitcode=99 --leak-check=full \
        --errors-for-leak-kinds=definite --show-leak-kinds=definite "$program" run
}

begin() {
    make_tables
    pair_config "$(dsn main app)" "$(dsn main app)" "  - {old: o.t, new: n.t}"
    service_under_valgrind
    wait_phase live 120
}

# ends_with STATUS: and valgrind had nothing to say.
ends_with() {
    local status=0
    background_wait service 60 || status=$?
    ! grep -q '^==' "$(service_log)" || fail "valgrind: $(grep -a '^==' "$(service_log)" | head -n 40)"
    assert_eq "$status" "$1" "exit status of $(last_words)"
}

same() {
    wait_same_rows 60 main app "SELECT * FROM o.t WHERE v <> 'bad' ORDER BY id" \
        main app "SELECT * FROM n.t ORDER BY id"
}

test_from_the_copy_to_the_last_change() {
    begin
    sql main app "UPDATE o.t SET n = NULL WHERE id < 20 AND v <> 'bad'; INSERT INTO o.t VALUES (1000, 1, 'bad')"
    sql main app "UPDATE n.t SET n = NULL, v = repeat('large', 200000) WHERE id = 40; DELETE FROM n.t WHERE id > 490"
    same
    sql main app "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'pgtandem%'" >"$T/ended"
    sql main app "UPDATE o.t SET n = 7 WHERE id < 30 AND v <> 'bad'"
    same
    background_signal service TERM
    ends_with 0
}

# A warning of the output plugin ends the stream while libpq has more to give.
test_a_stream_that_is_ended_by_a_notice() {
    service_under_valgrind
    wait_until 60 links_stream
    sql main app "ALTER TABLE o.t REPLICA IDENTITY NOTHING" # its updates are left out
    sql main app "UPDATE o.t SET v = 'lost' WHERE id BETWEEN 100 AND 300 AND v <> 'bad'"
    ends_with 1
    grep -q "the server left out a change" "$(service_log)" || fail "it ended otherwise: $(last_words)"
}

links_stream() {
    [ "$(status_field '.forward.state + .reverse.state')" = streamingstreaming ]
}

run_tests "$@"
