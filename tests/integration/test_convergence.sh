#!/bin/bash
# Both sides' applications write the same rows while nothing is delivered: the
# later commit wins, on both sides, whatever the two did, and it is on record.
. "$(dirname "$0")/lib.sh"

long_text="(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) AS i)"

cluster_start main
create_scenario main app 400
sql main app "UPDATE public.users SET bio = $long_text WHERE id BETWEEN 100 AND 199"

# configure POLICY: by which the test's cases are decided.
configure() {
    write_config "$(dsn main app)" "$(dsn main app)" "
conflicts: {policy: $1, version_column: updated_at}
backfill: {after_copy: ['$ROOT/sql/users_new_indexes.sql']}"
}

on() {
    sql main app "$1" >/dev/null
}

nothing_is_put_up() {
    [ "$(sql main app 'SELECT count(*) FROM pgtandem.recheck')" = 0 ]
}

wait_settled() {
    wait_drained
    wait_until 30 nothing_is_put_up
    wait_drained
}

# cross FIRST SECOND: both are committed, in this order, before either is delivered.
cross() {
    service_stop
    on "$1"
    on "$2"
    service_start
    wait_phase live
    wait_settled
}

# touch COLUMNS: an UPDATE's SET list that also raises the version.
old_update() {
    echo "UPDATE public.users SET $2, updated_at = clock_timestamp() WHERE id = $1"
}

new_update() {
    echo "UPDATE app_v2.users SET $2, updated_at = clock_timestamp() WHERE id = $1"
}

old_row() {
    sql main app "SELECT full_name || '|' || coalesce(left(bio, 10), '~') FROM public.users WHERE id = $1"
}

new_row() {
    sql main app "SELECT first_name || ' ' || last_name || '|' || coalesce(left(bio, 10), '~')
                  FROM app_v2.users WHERE id = $1"
}

# assert_both ID ROW: what both sides hold under that key ("" for nothing).
assert_both() {
    assert_eq "$(old_row "$1")" "$2" "old row $1"
    assert_eq "$(new_row "$1")" "$2" "new row $1"
}

# assert_recorded ID CONFLICTS: link, kind and decision of each, all settled.
assert_recorded() {
    assert_eq "$(sql main app "
        SELECT string_agg(link || ' ' || kind || ' ' || decision, ', ' ORDER BY id)
        FROM pgtandem.conflict WHERE key = '{\"id\": \"$1\"}'")" "$2" "conflicts on row $1"
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.conflict
                               WHERE key = '{\"id\": \"$1\"}' AND settled_at IS NULL")" 0 \
        "open conflicts on row $1"
}

# the_later_wins: the cases, on rows from $1 on.
two_updates_of_one_row() {
    cross "$(old_update $(($1 + 1)) "full_name = 'Old First', bio = 'old'")" \
        "$(new_update $(($1 + 1)) "first_name = 'New', last_name = 'Second', bio = 'new'")"
    assert_both $(($1 + 1)) 'New Second|new'
    assert_recorded $(($1 + 1)) 'forward update_origin_differs kept'
    cross "$(new_update $(($1 + 2)) "first_name = 'New', last_name = 'First', bio = 'new'")" \
        "$(old_update $(($1 + 2)) "full_name = 'Old Second', bio = 'old'")"
    assert_both $(($1 + 2)) 'Old Second|old'
    assert_recorded $(($1 + 2)) 'reverse update_origin_differs kept'
}

an_update_and_a_delete() {
    cross "DELETE FROM public.users WHERE id = $(($1 + 1))" \
        "$(new_update $(($1 + 1)) "first_name = 'Ann', last_name = 'Lee', bio = NULL")"
    assert_both $(($1 + 1)) 'Ann Lee|~'
    cross "$(new_update $(($1 + 2)) "first_name = 'Ann', last_name = 'Lee', bio = NULL")" \
        "DELETE FROM public.users WHERE id = $(($1 + 2))"
    assert_both $(($1 + 2)) ''
    cross "DELETE FROM app_v2.users WHERE id = $(($1 + 3))" \
        "$(old_update $(($1 + 3)) "full_name = 'Bob Poe', bio = NULL")"
    assert_both $(($1 + 3)) 'Bob Poe|~'
    cross "$(old_update $(($1 + 4)) "full_name = 'Bob Poe', bio = NULL")" \
        "DELETE FROM app_v2.users WHERE id = $(($1 + 4))"
    assert_both $(($1 + 4)) ''
}

two_deletes() {
    cross "DELETE FROM public.users WHERE id = $(($1 + 1))" \
        "DELETE FROM app_v2.users WHERE id = $(($1 + 1))"
    assert_both $(($1 + 1)) ''
    assert_recorded $(($1 + 1)) 'forward delete_missing skipped, reverse delete_missing skipped'
}

two_inserts_of_one_key() {
    cross "INSERT INTO public.users (id, email, full_name, bio)
           VALUES ($((1000 + $1)), 'first$1', 'Old First', 'old')" \
        "INSERT INTO app_v2.users (id, email, first_name, last_name, bio)
         VALUES ($((1000 + $1)), 'second$1', 'New', 'Second', 'new')"
    assert_both $((1000 + $1)) 'New Second|new'
}

# What is not in the stream must come with the row: the side that wins is whole.
an_unchanged_long_value_belongs_to_its_version() {
    cross "$(new_update $(($1 + 1)) "bio = 'short'")" \
        "$(old_update $(($1 + 1)) "full_name = 'Old Later'")"
    assert_both $(($1 + 1)) "Old Later|$(sql main app "SELECT left($long_text, 10)")"
    cross "$(old_update $(($1 + 2)) "bio = 'short'")" \
        "$(new_update $(($1 + 2)) "first_name = 'New', last_name = 'Later'")"
    assert_both $(($1 + 2)) "New Later|$(sql main app "SELECT left($long_text, 10)")"
}

a_key_change_and_an_update() {
    local at=$((2000 + $1))
    cross "UPDATE public.users SET id = $at, updated_at = clock_timestamp() WHERE id = $(($1 + 1))" \
        "$(new_update $(($1 + 1)) "first_name = 'Ann', last_name = 'Lee'")"
    assert_same_tables main app
    cross "$(old_update $(($1 + 2)) "full_name = 'Bob Poe'")" \
        "UPDATE app_v2.users SET id = $((at + 1)), updated_at = clock_timestamp() WHERE id = $(($1 + 2))"
    assert_same_tables main app
    assert_both $(($1 + 2)) ''
}

two_key_changes_of_one_row() {
    cross "UPDATE public.users SET id = $((3000 + $1)), updated_at = clock_timestamp() WHERE id = $(($1 + 1))" \
        "UPDATE app_v2.users SET id = $((3500 + $1)), email = 'renamed', updated_at = clock_timestamp()
         WHERE id = $(($1 + 1))"
    assert_same_tables main app
}

a_correction_survives_a_contest_elsewhere() {
    on "$(old_update $(($1 + 1)) "full_name = 'Johann van der Berg', bio = 'one'")"
    wait_drained
    on "$(new_update $(($1 + 1)) "first_name = 'Johann', last_name = 'van der Berg'")"
    wait_drained
    cross "$(new_update $(($1 + 1)) "bio = 'new'")" "$(old_update $(($1 + 1)) "bio = 'old'")"
    assert_both $(($1 + 1)) 'Johann van der Berg|old'
    assert_eq "$(sql main app "SELECT last_name FROM app_v2.users WHERE id = $(($1 + 1))")" \
        'van der Berg'
}

# What one side alone writes is no conflict, whoever wrote the row long ago.
old_rows_are_no_conflict() {
    local before
    before=$(sql main app 'SELECT count(*) FROM pgtandem.conflict')
    on "UPDATE app_v2.users SET bio = 'seen', updated_at = clock_timestamp()
        WHERE id BETWEEN $(($1 + 1)) AND $(($1 + 10))"
    wait_settled
    on "DELETE FROM app_v2.users WHERE id BETWEEN $(($1 + 1)) AND $(($1 + 5))"
    wait_settled
    assert_eq "$(sql main app 'SELECT count(*) FROM pgtandem.conflict')" "$before" conflicts
    assert_same_tables main app
}

# Unique values that both sides want cannot both be had: the rows are parked, and
# go where they belong when one side gives the value up.
a_unique_value_wanted_twice_parks() {
    cross "INSERT INTO public.users (id, email, full_name) VALUES ($((4000 + $1)), 'wanted$1', 'Old One')" \
        "INSERT INTO app_v2.users (id, email, first_name, last_name)
         VALUES ($((4001 + $1)), 'wanted$1', 'New', 'One')"
    [ "$(status_field '.forward.parked + .reverse.parked')" -ge 2 ] || fail "nothing is parked"
    on "UPDATE app_v2.users SET email = 'given up $1', updated_at = clock_timestamp()
        WHERE id = $((4001 + $1))"
    wait_until 60 tables_are_the_same
    wait_until 60 nothing_is_parked
    assert_both $((4000 + $1)) 'Old One|~'
    assert_both $((4001 + $1)) 'New One|~'
}

tables_are_the_same() {
    [ -z "$(same_tables main app)" ]
}

nothing_is_parked() {
    [ "$(status_field '.forward.parked + .reverse.parked')" = 0 ]
}

# A delete that was delivered before its row could be seen has found nothing; when the
# row appears, the later delete still has it. (Here the row's copy is taken away under
# an origin of pgtandem's own, which no link sees.)
a_delete_that_came_too_early() {
    on "INSERT INTO app_v2.users (id, email, first_name, last_name)
        VALUES ($((5000 + $1)), 'early$1', 'Too', 'Early')"
    wait_settled
    on "SELECT pg_replication_origin_session_setup('pgtandem_users_name_split_copy_0');
        DELETE FROM public.users WHERE id = $((5000 + $1));
        INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind, decision, incoming_at)
        VALUES ('users_name_split', 'forward', 'app_v2.users', '{\"id\": \"$((5000 + $1))\"}',
                'delete_missing', 'skipped', clock_timestamp());
        INSERT INTO pgtandem.recheck (migration, link, table_name, keys)
        VALUES ('users_name_split', 'forward', 'app_v2.users', '{$((5000 + $1))}')"
    wait_settled
    assert_both $((5000 + $1)) ''
}

all_cases() {
    service_start
    wait_phase live
    two_updates_of_one_row 0
    an_update_and_a_delete 10
    two_deletes 20
    two_inserts_of_one_key 30
    an_unchanged_long_value_belongs_to_its_version 100
    a_key_change_and_an_update 40
    two_key_changes_of_one_row 50
    a_correction_survives_a_contest_elsewhere 60
    old_rows_are_no_conflict 200
    a_delete_that_came_too_early 0
    a_unique_value_wanted_twice_parks 0
    assert_same_tables main app
    service_stop
}

test_the_later_commit_wins() {
    configure last_commit_wins
    all_cases
}

# The breaker: more conflicts than were allowed, and nothing of them is applied.
test_too_many_conflicts_stop_the_link() {
    write_config "$(dsn main app)" "$(dsn main app)" "
conflicts: {max_per_minute: 20}"
    on "UPDATE public.users SET bio = 'old' WHERE id BETWEEN 220 AND 260"
    on "UPDATE app_v2.users SET bio = 'new' WHERE id BETWEEN 220 AND 260"
    service_start
    local status=0
    background_wait service 30 || status=$?
    assert_eq $status 1 "exit status"
    assert_contains "$(tail -n 5 "$(service_log)")" 'more than 20 conflicts within a minute'
    assert_eq "$(sql main app "SELECT DISTINCT bio FROM app_v2.users WHERE id BETWEEN 220 AND 260")" new
    configure last_commit_wins
    service_start
    wait_phase live 30
    wait_settled
    assert_eq "$(sql main app "SELECT DISTINCT bio FROM public.users WHERE id BETWEEN 220 AND 260")" new
    assert_same_tables main app
    service_stop
}

test_the_later_version_wins() {
    pgtandem teardown --all >/dev/null 2>&1
    on "DROP SCHEMA app_v2 CASCADE"
    sql_file main app "$ROOT/sql/users_new.sql"
    on "DELETE FROM public.users WHERE id > 1000"
    on "INSERT INTO public.users (id, email, full_name, bio)
        SELECT i, 'again' || i, 'Full Name ' || i, CASE WHEN i BETWEEN 100 AND 199 THEN $long_text END
        FROM generate_series(1, 400) AS i
        WHERE i BETWEEN 100 AND 199 OR NOT EXISTS (SELECT FROM public.users u WHERE u.id = i)
        ON CONFLICT (id) DO UPDATE SET bio = excluded.bio"
    configure version_column
    cluster_restart main track_commit_timestamp=off
    all_cases
}

run_tests "$@"
