#!/bin/bash
# Transactions of a million rows, in both directions: applied whole, in little
# memory, and once also when the service is killed in the middle. It takes some
# minutes.
#
#   LARGE_ROWS   rows of a transaction (1000000)
. "$(dirname "$0")/lib.sh"

rows=${LARGE_ROWS:-1000000}
fewer_rows=$((rows / 10))
most_memory=65536 # kB
patience=300

# Peak memory means nothing where every allocation is guarded.
if nm "$PGTANDEM" | grep __asan_init >/dev/null; then
    most_memory=unlimited
fi

cluster_start main autovacuum=off max_wal_size=4GB shared_buffers=128MB
create_scenario main app 10
write_config "$(dsn main app)" "$(dsn main app)" 'backfill: {jobs: 1}'

# count_rows TABLE [CONDITION]
count_rows() {
    sql main app "SELECT count(*) FROM $1 WHERE ${2:-true}"
}

applied() {
    sql main app "SELECT applied_changes FROM pgtandem.progress WHERE link = '$1'"
}

# arrived LINK CHANGES: so many changes have been applied, no more and no less.
arrived() {
    background_running service || fail "the service has ended: $(tail -n 20 "$(service_log)")"
    [ "$(applied "$1")" = "$2" ]
}

# The backend that writes for a link is in a transaction that has written.
is_writing() {
    [ "$(sql main app "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL
                       AND application_name = 'pgtandem $1 writer'")" = 1 ]
}

peak_memory() {
    awk '/^VmHWM:/ { print $2 }' "/proc/$(background_pid service)/status"
}

assert_little_memory() {
    local peak
    peak=$(peak_memory)
    echo "# peak memory after $1: $peak kB"
    [ "$most_memory" = unlimited ] || [ "$peak" -lt "$most_memory" ] ||
        fail "peak memory $peak kB after $1"
}

# Nothing of a transaction is seen before all of it, and status answers meanwhile.
assert_whole() {
    local table=$1 count
    count=$(count_rows "$table")
    [ "$count" -le 10 ] || [ "$count" -ge "$rows" ] || fail "$count rows of $table to be seen"
    assert_eq "$(status_field .phase)" live "status in the middle of a large transaction"
}

test_an_insert_forward_is_killed_in_the_middle() {
    service_start
    wait_phase live
    sql main app "INSERT INTO public.users (email, full_name, bio)
                  SELECT 'large' || i || '@example.com', 'Large Row' || i, 'One of many.'
                  FROM generate_series(1, $rows) AS i"
    wait_until 60 is_writing forward
    background_signal service STOP # so that it stays in the middle
    assert_whole app_v2.users
    assert_eq "$(applied forward)" 0 "changes counted before the commit"
    assert_little_memory "a part of the insert"
    service_kill
    service_start
    wait_until 60 is_writing forward
    assert_whole app_v2.users
    wait_until $patience arrived forward "$rows"
    assert_eq "$(count_rows app_v2.users)" $((rows + 10)) "rows on the new side"
    assert_little_memory "the insert"
}

test_an_update_in_reverse() {
    sql main app "UPDATE app_v2.users SET last_name = last_name || ' Again' WHERE id > 10"
    wait_until $patience arrived reverse "$rows"
    assert_eq "$(count_rows public.users "full_name LIKE 'Large Row% Again'")" "$rows" "rows updated"
    assert_little_memory "the update"
}

test_a_delete_forward() {
    sql main app "DELETE FROM public.users WHERE id > 10"
    wait_until $patience arrived forward $((2 * rows))
    assert_eq "$(count_rows app_v2.users)" 10 "rows on the new side"
    assert_little_memory "the delete"
}

# The other three are large enough to be cut to pieces, and no larger.
test_an_insert_in_reverse() {
    sql main app "INSERT INTO app_v2.users (email, first_name, last_name)
                  SELECT 'new' || i || '@example.com', 'New', 'Row' || i
                  FROM generate_series(1, $fewer_rows) AS i"
    wait_until $patience arrived reverse $((rows + fewer_rows))
    assert_eq "$(count_rows public.users)" $((fewer_rows + 10)) "rows on the old side"
}

test_an_update_forward() {
    sql main app "UPDATE public.users SET full_name = 'Larger ' || id WHERE id > 10"
    wait_until $patience arrived forward $((2 * rows + fewer_rows))
    assert_eq "$(count_rows app_v2.users "first_name = 'Larger'")" "$fewer_rows" "rows updated"
}

test_a_delete_in_reverse() {
    sql main app "DELETE FROM app_v2.users WHERE id > 10"
    wait_until $patience arrived reverse $((rows + 2 * fewer_rows))
    assert_eq "$(count_rows public.users)" 10 "rows on the old side"
    assert_little_memory "everything"
}

test_all_of_it_was_counted_once() {
    wait_drained
    assert_eq "$(applied forward)" $((2 * rows + fewer_rows)) "changes forward"
    assert_eq "$(applied reverse)" $((rows + 2 * fewer_rows)) "changes in reverse"
    assert_eq "$(status_field '[.forward, .reverse | .conflicts, .parked] | add')" 0 "conflicts"
    assert_eq "$(status_field .forward.applied_transactions)" 3 "transactions forward"
    assert_eq "$(status_field .reverse.applied_transactions)" 3 "transactions in reverse"
    assert_same_tables main app
    service_stop
}

run_tests "$@"
