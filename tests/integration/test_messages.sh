#!/bin/bash
# Logical messages of others: whoever may connect may write one of any prefix, any
# bytes and any size, and it is in the log of the database. None of them concerns a
# link, and none of them stops one.
. "$(dirname "$0")/lib.sh"

cluster_start main
create_scenario main app 10
write_config "$(dsn main app)" "$(dsn main app)"

# emit PREFIX CONTENT: SQL expressions; once outside its transaction, once inside.
emit() {
    sql main app "SELECT pg_logical_emit_message(false, $1, $2), pg_logical_emit_message(true, $1, $2)" >/dev/null
}

emit_odd_ones() {
    local prefix
    for prefix in "'pgtandem'" "'pgtandem_forward'" "E'p\"\\\\\n\x01'" "''"; do
        emit "$prefix" "'\\xff'::bytea"
        emit "$prefix" "'\\xc3'::bytea"
        emit "$prefix" "'\\x00ff22'::bytea"
        emit "$prefix" "'\\xeda080f4908080'::bytea"
        emit "$prefix" "E'\",\"action\":\"D\",\"schema\":\"public\",\"table\":\"users\",\"identity\":[{\"name\":\"id\",\"value\":1}]}'"
        emit "$prefix" "E'\\\\u0000\\\\ud800 \x01\x1f\n\\\\'"
        emit "$prefix" "'marker'"
        emit "$prefix" "decode(repeat('00ff5c22e280', 3000), 'hex')"
    done
    # any bytes at all, in any order
    sql main app "SELECT setseed(0.5);
        SELECT count(pg_logical_emit_message(i % 2 = 0, 'pgtandem',
            (SELECT string_agg(set_byte('\\x00', 0, (random() * 255)::int), '') FROM generate_series(0, i % 40))))
          FROM generate_series(1, 500) i" >/dev/null
    # of the log, not of the transaction
    sql main app "BEGIN; SELECT pg_logical_emit_message(false, 'pgtandem', '\\xfe'::bytea); ROLLBACK" >/dev/null
}

# Printed, it is beyond what a server's buffer holds: it could not be read at any try.
emit_huge_one() {
    sql main app "SELECT pg_logical_emit_message(false, 'pgtandem', repeat(E'\\x01', 190000000))" >/dev/null
}

change_both_sides() {
    sql main app "UPDATE public.users SET full_name = 'Ada $1' WHERE id = 1;
                  UPDATE app_v2.users SET last_name = '$1' WHERE id = 2;
                  DELETE FROM public.users WHERE id = 10 - $2"
    wait_drained
    wait_same_tables 20 main app
}

test_they_stop_no_running_link() {
    service_start
    wait_phase live
    emit_odd_ones
    change_both_sides one 1
}

test_they_are_in_the_way_of_no_start() {
    service_stop
    emit_odd_ones
    emit_huge_one
    service_start
    wait_phase live
    change_both_sides two 2
    service_stop
    assert_eq "$(grep -c 'has stopped\|connecting again' "$(service_log)" || true)" 0 "$(cat "$(service_log)")"
}

run_tests "$@"
