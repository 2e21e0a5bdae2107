#!/bin/bash
# A commit that waits for a standby is decoded, and delivered, before it can be seen
# where it was made. What the other side's application does with it comes back before
# that, and must not find nothing.
. "$(dirname "$0")/lib.sh"

make_side() {
    cluster_start "$1"
    create_database "$1" app
    sql_file "$1" app "$ROOT/sql/users_$2.sql"
}

make_side east old
seed_users east app 20
make_side west new
write_config "$(dsn east app)" "$(dsn west app)"

# hide ID: a row that is inserted on the old side, and not visible there until `show`.
hide() {
    cluster_reload east synchronous_standby_names=nobody
    background application "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -d "$(dsn east app)" \
        -c "INSERT INTO public.users (id, email, full_name) VALUES ($1, 'hidden$1', 'Not Seen')"
    wait_until 10 new_has "$1"
    assert_eq "$(sql east app "SELECT count(*) FROM public.users WHERE id = $1")" 0 "rows to be seen"
}

show() {
    cluster_reload east synchronous_standby_names=
    background_wait application 10
}

new_has() {
    [ "$(sql west app "SELECT count(*) FROM app_v2.users WHERE id = $1")" = 1 ]
}

wait_settled() {
    wait_drained
    wait_until 30 nothing_is_put_up
    wait_same_tables 10 east app west app
}

nothing_is_put_up() {
    [ "$(status_field .rechecks)" = 0 ]
}

conflicts() {
    local side
    for side in east west; do
        sql "$side" app "SELECT link, kind FROM pgtandem.conflict"
    done
}

test_a_delete_finds_the_row_it_deletes() {
    service_start
    wait_phase live
    hide 1001
    sql west app "DELETE FROM app_v2.users WHERE id = 1001"
    sleep 1
    show
    wait_settled
    assert_eq "$(sql east app "SELECT count(*) FROM public.users WHERE id = 1001")" 0 "rows left"
    assert_eq "$(conflicts)" '' "conflicts"
}

test_an_update_finds_the_row_it_changes() {
    hide 1002
    sql west app "UPDATE app_v2.users SET last_name = 'Seen' WHERE id = 1002"
    sleep 1
    show
    wait_settled
    assert_eq "$(sql east app "SELECT full_name FROM public.users WHERE id = 1002")" 'Not Seen'
    sql west app "UPDATE app_v2.users SET first_name = 'Now' WHERE id = 1002"
    wait_settled
    assert_eq "$(sql east app "SELECT full_name FROM public.users WHERE id = 1002")" 'Now Seen'
    assert_eq "$(conflicts)" '' "conflicts"
}

# The other way round, what is really missing is not waited for.
test_what_is_missing_is_missing() {
    sql west app "SELECT FROM pg_replication_origin_session_setup('pgtandem_users_name_split_copy_0');
                  DELETE FROM app_v2.users WHERE id = 3"
    sql east app "UPDATE public.users SET bio = 'here' WHERE id = 3"
    wait_settled
    assert_eq "$(sql west app "SELECT bio FROM app_v2.users WHERE id = 3")" here
    assert_eq "$(conflicts)" 'forward|update_missing' "conflicts"
    service_stop
}

run_tests "$@"
