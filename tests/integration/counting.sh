# shellcheck shell=bash
# counting.sh - how many changes the applications committed, from a logical slot
# that is the test's own: each of them must have been applied by a link exactly
# once. Sourced after lib.sh.

# count_start NAME DATABASE: changes from here on are counted.
count_start() {
    sql "$1" "$2" "SELECT FROM pg_create_logical_replication_slot('counter', 'wal2json')"
}

# count_changes NAME DATABASE TABLE: row changes of the table that were committed
# since, other than by pgtandem. May be asked again. The truth is the log's: the
# origin of each change tells who wrote it.
count_changes() {
    sql "$1" "$2" "
        SELECT count(*)
        FROM pg_logical_slot_peek_changes('counter', NULL, NULL, 'format-version', '2',
                 'include-origin', '1', 'include-types', '0', 'include-pk', '0',
                 'add-tables', '$3') AS peeked,
             LATERAL (SELECT data::json AS change) AS parsed
        WHERE change ->> 'action' IN ('I', 'U', 'D')
          AND coalesce((change ->> 'origin')::int, 0) NOT IN
              (SELECT roident FROM pg_replication_origin WHERE roname LIKE 'pgtandem%')"
}

# assert_all_applied_once OLD_NAME OLD_DATABASE [NEW_NAME NEW_DATABASE]: when
# nobody writes and the links are drained.
assert_all_applied_once() {
    local forward reverse
    forward=$(count_changes "$1" "$2" public.users)
    reverse=$(count_changes "${3:-$1}" "${4:-$2}" app_v2.users)
    [ "$forward" -gt 0 ] || fail "nobody has written to the old table"
    echo "# changes: $forward on the old side, $reverse on the new"
    assert_eq "$(status_field .forward.applied_changes)" "$forward" "changes applied forward"
    assert_eq "$(status_field .reverse.applied_changes)" "$reverse" "changes applied in reverse"
    assert_eq "$(status_field '[.forward, .reverse | .conflicts, .parked] | add')" 0 \
        "conflicts and parked rows"
}
