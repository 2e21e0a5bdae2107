#!/bin/bash
# No change goes round: when nobody writes, nothing moves, and the filter holds
# also when the numbers of replication origins have changed.
. "$(dirname "$0")/lib.sh"

rows=2000

cluster_start main autovacuum=off
create_scenario main app $rows
write_config "$(dsn main app)" "$(dsn main app)"

# What has been written to both tables since the server was started.
writes() {
    sql main app "SELECT string_agg(format('%s: +%s ~%s -%s', relid::regclass, n_tup_ins, n_tup_upd,
                                           n_tup_del), ', ' ORDER BY schemaname)
                  FROM pg_stat_user_tables WHERE relname = 'users'"
}

counters() {
    status_field '[.forward, .reverse | .applied_transactions, .applied_changes, .conflicts, .parked]
                  | map(tostring) | join(" ")'
}

wal_position() {
    sql main app "SELECT pg_current_wal_insert_lsn() - '0/0'"
}

# write_both_sides NUMBER: so many rows are updated, and as many inserted, on
# either, in one transaction.
write_both_sides() {
    sql main app "
        UPDATE public.users SET full_name = 'Old ' || now() WHERE id % 2 = 1 AND id <= 2 * $1;
        UPDATE app_v2.users SET first_name = 'New ' || now() WHERE id % 2 = 0 AND id <= 2 * $1;
        INSERT INTO public.users (email, full_name)
        SELECT gen_random_uuid(), 'Fresh Old ' || i FROM generate_series(1, $1) AS i;
        INSERT INTO app_v2.users (email, first_name, last_name)
        SELECT gen_random_uuid(), 'Fresh', 'New ' || i FROM generate_series(1, $1) AS i"
}

# A session tells its statistics now and then, at the latest when it has been idle
# for 10 seconds.
writes_are() {
    [ "$(writes)" = "$1" ]
}

# assert_stillness SECONDS: rows, counters and, but for what the server itself
# writes from time to time, the log stay where they are.
assert_stillness() {
    local writes_before counters_before wal_before grown
    writes_before=$(writes)
    counters_before=$(counters)
    wal_before=$(wal_position)
    sleep "$1"
    assert_eq "$(counters)" "$counters_before" "what the links applied while nobody wrote"
    assert_eq "$(writes)" "$writes_before" "what was written while nobody wrote"
    grown=$(($(wal_position) - wal_before))
    # the service's own signs of life, a small one every ten seconds for each link
    [ $grown -lt 6000 ] || fail "the log has grown by $grown bytes while nobody wrote"
}

test_nothing_moves_when_nobody_writes() {
    service_start
    wait_phase live
    write_both_sides 500
    wait_drained
    # 500 rows of each side's application, 500 of the other's by a link; the new
    # table's first $rows were copied
    wait_until 30 writes_are \
        "app_v2.users: +$((rows + 1000)) ~1000 -0, users: +$((rows + 1000)) ~1000 -0"
    assert_eq "$(counters)" "1 1000 0 0 1 1000 0 0" "what the links applied"
    assert_stillness 12
    assert_same_tables main app
    service_stop
}

origin_ids() {
    sql main app "SELECT string_agg(roname || '=' || roident, ' ' ORDER BY roname)
                  FROM pg_replication_origin"
}

# The links take an origin anew under another number. Its progress is carried
# over, as an operator would who restores a database.
test_origins_with_new_numbers_are_filtered_too() {
    local before name progress
    before=$(origin_ids)
    sql main app "SELECT FROM pg_replication_origin_create('of somebody else')"
    for name in forward reverse; do
        name=pgtandem_users_name_split_$name
        progress=$(sql main app "SELECT pg_replication_origin_progress('$name', true)")
        sql main app "SELECT FROM pg_replication_origin_drop('$name')"
        sql main app "SELECT FROM pg_replication_origin_create('taking the number of $name')"
        sql main app "SELECT FROM pg_replication_origin_create('$name')"
        sql main app "SELECT FROM pg_replication_origin_advance('$name', '$progress')"
    done
    [ "$(origin_ids)" != "$before" ] || fail "the origins have kept their numbers: $before"
    service_start
    wait_phase live
    write_both_sides 300
    wait_drained
    assert_eq "$(counters)" "2 1600 0 0 2 1600 0 0" "what the links applied"
    assert_stillness 3
    assert_same_tables main app
}

# While the service runs, an origin of ours cannot be dropped: it is in use.
test_an_origin_in_use_cannot_be_dropped() {
    assert_exit 1 sql main app \
        "SELECT pg_replication_origin_drop('pgtandem_users_name_split_forward')"
    assert_contains "$output" 'in use'
}

# What somebody writes under an origin of ours is taken for ours and stays
# where it is: this is how the filter works, and shows that it does.
test_the_filter_is_the_origin() {
    sql main app "SELECT FROM pg_replication_origin_session_setup('pgtandem_users_name_split_copy_0');
                  UPDATE public.users SET bio = 'filtered' WHERE id = 1"
    sql main app "UPDATE public.users SET bio = 'seen' WHERE id = 2"
    wait_drained
    assert_eq "$(sql main app "SELECT string_agg(coalesce(bio, ''), ' ' ORDER BY id)
                               FROM app_v2.users WHERE id = 2")" seen
    assert_eq "$(sql main app "SELECT bio = 'filtered' FROM app_v2.users WHERE id = 1")" f
    # Other origins are other replication's business, and go over.
    sql main app "SELECT FROM pg_replication_origin_session_setup('of somebody else');
                  UPDATE public.users SET bio = 'from elsewhere' WHERE id = 1"
    wait_drained
    assert_eq "$(sql main app 'SELECT bio FROM app_v2.users WHERE id = 1')" 'from elsewhere'
    assert_same_tables main app
    service_stop
}

run_tests "$@"
