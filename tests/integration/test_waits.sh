#!/bin/bash
# Whatever waits says for what, after a second: which process or prepared transaction is
# in the way, since when, and of which row; in the log and in status.
. "$(dirname "$0")/lib.sh"

make_side() {
    cluster_start "$1" max_prepared_transactions=10
    create_database "$1" app
    sql_file "$1" app "$ROOT/sql/users_$2.sql"
}

make_side east old
seed_users east app 200
make_side west new
write_config "$(dsn east app)" "$(dsn west app)" 'limits: {lock_timeout: 200ms}'

# hold SIDE NAME STATEMENT: a transaction that goes on until `release NAME`.
hold() {
    rm -f "$T/$2.sql"
    mkfifo "$T/$2.sql"
    background "$2" "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 \
        -d "$(dsn "$1" app) application_name=$2" -f "$T/$2.sql"
    exec 9>"$T/$2.sql"
    echo "BEGIN; $3; SELECT 1;" >&9
    wait_until 10 is_held "$1" "$2"
}

is_held() {
    [ "$(sql "$1" app "SELECT state FROM pg_stat_activity WHERE application_name = '$2'")" = 'idle in transaction' ]
}

release() {
    printf 'ROLLBACK;\n\\q\n' >&9
    exec 9>&-
    background_wait "$1" 10
}

pid_of() {
    sql "$1" app "SELECT pid FROM pg_stat_activity WHERE application_name = '$2'"
}

waiting_for() {
    status_field ".$1.waiting_for"
}

# says LINK PART...: status, and then the log, tell all parts in one line.
says() {
    local link=$1 text
    shift
    wait_until 15 status_says "$link" "$@"
    text=$(waiting_for "$link")
    assert_contains "$text" 'since 20' "status"
    wait_until 5 log_says "$link" "$@"
}

status_says() {
    local text part
    text=$(waiting_for "$1")
    shift
    for part; do [[ "$text" == *"$part"* ]] || return 1; done
}

log_says() {
    local lines part
    lines=$(grep " $1.*: has waited " "$(service_log)") || return 1
    shift
    for part; do
        lines=$(grep -F -e "$part" <<<"$lines") || return 1
    done
}

goes_on() {
    wait_until 15 waits_for_nobody "$1"
    wait_drained 20
    wait_same_tables 10 east app west app
}

waits_for_nobody() {
    [ "$(waiting_for "$1")" = null ]
}

change() {
    sql east app "UPDATE public.users SET bio = 'change ' || random() WHERE id ${1:-= 1}"
}

# ---- slots

test_a_slot_says_for_whom_it_waits() {
    hold east holder "UPDATE public.users SET bio = bio WHERE id = 10"
    create_database east other
    sql east other "CREATE TABLE t (id int); BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'gid of another'"
    service_start
    wait_until 10 grep -q "creating the slot waits for .*process $(pid_of east holder) (holder, .*database app" "$(service_log)"
    wait_until 10 grep -q "creating the slot waits for .*'gid of another' (.*database other" "$(service_log)"
    wait_until 5 status_says forward "process $(pid_of east holder)" 'gid of another'
    release holder
    sql east other "ROLLBACK PREPARED 'gid of another'"
    wait_phase live
    wait_until 5 waits_for_nobody forward
}

# ---- locks

test_a_row_is_told_with_who_holds_it() {
    hold west holder "SELECT FROM app_v2.users WHERE id = 1 FOR UPDATE"
    change '= 1'
    says forward 'a row of app_v2.users with (id) = (1), held by process' "process $(pid_of west holder) (holder, user postgres, database app, idle in transaction, since 20"
    release holder
    goes_on forward
}

test_of_many_rows_it_is_that_one() {
    hold west holder "SELECT FROM app_v2.users WHERE id = 77 FOR UPDATE"
    change 'BETWEEN 50 AND 100'
    says forward 'a row of app_v2.users with (id) = (77)' "process $(pid_of west holder)"
    release holder
    goes_on forward
}

test_a_row_that_is_being_inserted() {
    hold west holder "INSERT INTO app_v2.users VALUES (5001, 'x@y', 'x', 'y')"
    sql east app "INSERT INTO public.users (id, email, full_name) VALUES (5001, 'in the way', 'In Way')"
    says forward 'a row of app_v2.users with (id) = (5001)' "process $(pid_of west holder)"
    release holder
    goes_on forward
}

test_a_prepared_transaction_is_told_by_its_gid() {
    sql west app "BEGIN; UPDATE app_v2.users SET bio = bio WHERE id = 2; PREPARE TRANSACTION 'in the way'"
    change '= 2'
    says forward "a row of app_v2.users with (id) = (2), held by the prepared transaction 'in the way' (user postgres, database app, since 20"
    sql west app "ROLLBACK PREPARED 'in the way'"
    goes_on forward
}

test_a_locked_table_is_told() {
    hold east holder "LOCK TABLE public.users IN SHARE MODE"
    sql west app "UPDATE app_v2.users SET bio = 'in reverse' WHERE id = 3"
    says reverse 'a lock on public.users, held by' "process $(pid_of east holder)"
    release holder
    goes_on reverse
}

test_a_short_wait_is_not_worth_a_word() {
    local before after
    before=$(grep -c 'has waited' "$(service_log)" || true)
    hold west holder "SELECT FROM app_v2.users WHERE id = 1 FOR UPDATE"
    change '= 1'
    sleep 0.5
    release holder
    goes_on forward
    after=$(grep -c 'has waited' "$(service_log)" || true)
    assert_eq "$after" "$before" "words of waiting"
}

# ---- standbys

test_a_commit_says_that_it_waits_for_a_standby() {
    cluster_reload west synchronous_standby_names=nobody
    sleep 0.2
    change '= 4'
    says forward 'a synchronous standby of the new database' 'none is connected'
    cluster_reload west synchronous_standby_names=
    goes_on forward
}

test_a_hidden_commit_is_told() {
    cluster_reload east synchronous_standby_names=nobody
    background application "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -d "$(dsn east app) application_name=hider" \
        -c "INSERT INTO public.users (id, email, full_name) VALUES (6001, 'hidden', 'Not Seen')"
    wait_until 10 new_has 6001
    sql west app "DELETE FROM app_v2.users WHERE id = 6001"
    says reverse 'a commit in the old database that is not visible yet' "process $(pid_of east hider) (hider" 'standby'
    cluster_reload east synchronous_standby_names=
    background_wait application 10
    goes_on reverse
}

new_has() {
    [ "$(sql west app "SELECT count(*) FROM app_v2.users WHERE id = $1")" = 1 ]
}

# ---- processes that hang

test_a_backend_that_hangs_is_told() {
    local pid
    pid=$(pid_of west 'pgtandem forward writer')
    kill -STOP "$pid"
    change '= 5'
    says forward "an answer of the new database (process $pid"
    kill -CONT "$pid"
    goes_on forward
}

test_a_walsender_that_hangs_is_told() {
    local pid
    pid=$(pid_of east 'pgtandem forward stream')
    kill -STOP "$pid"
    says forward "a sign of life of the old database (walsender, process $pid)"
    kill -CONT "$pid"
    goes_on forward
}

# The session that holds the migration's lock hangs: it is ours, and nobody else's.
test_a_lock_that_an_earlier_session_holds_ends_nothing() {
    local pid
    pid=$(sql west app "SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid)
                        WHERE locktype = 'advisory' AND application_name = 'pgtandem reporter' LIMIT 1")
    kill -STOP "$pid"
    wait_until 20 grep -q "an earlier session of this service still holds the migration's lock" "$(service_log)"
    background_running service || fail "it has ended"
    kill -CONT "$pid"
    wait_until 20 reporter_is_not "$pid"
    goes_on forward
}

reporter_is_not() {
    local pid
    pid=$(sql west app "SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid)
                        WHERE locktype = 'advisory' AND application_name = 'pgtandem reporter' LIMIT 1")
    [ -n "$pid" ] && [ "$pid" != "$1" ]
}

# ---- commands

postmaster() {
    head -n 1 "$(cluster_folder "$1")/data/postmaster.pid"
}

test_a_command_says_for_what_it_waits() {
    local pid
    pid=$(postmaster west)
    kill -STOP "$pid"
    background command "$PGTANDEM" verify --sample 10
    wait_until 10 grep -q 'verify: waiting for a connection to the new database, for 1 s now' "$(background_log command)"
    kill -CONT "$pid"
    background_wait command 10 || fail "it failed: $(cat "$(background_log command)")"
    grep -q 'waited .* for a connection to the new database' "$(background_log command)" || fail "its end is not told"
    service_stop
}

# A statement after the copy waits for a lock; who holds it is told, and a postmaster that
# hangs does not keep the process, which is to cancel the statement, from ending.
test_a_statement_says_for_whom_it_waits_and_is_cancelled_without_the_postmaster() {
    local pid
    pgtandem teardown --all >"$T/teardown.log" 2>&1 || fail "teardown: $(cat "$T/teardown.log")"
    sql west app "DROP TABLE app_v2.users"
    sql_file west app "$ROOT/sql/users_new.sql"
    hold west holder "LOCK TABLE app_v2.users IN ROW EXCLUSIVE MODE"
    : >"$(service_log)"
    service_start
    wait_until 15 grep -q "after_copy: .*waiting.*process $(pid_of west holder) (holder" "$(service_log)"
    pid=$(postmaster west)
    kill -STOP "$pid"
    background_signal service TERM
    wait_until 10 test -e "$T/processes/service.status"
    kill -CONT "$pid"
    release holder
}

run_tests "$@"
