#!/bin/bash
# check: finds what would make a migration fail, names the cure, changes nothing.
. "$(dirname "$0")/lib.sh"

cluster_start main listen_addresses=127.0.0.1
cluster_start other
create_scenario main app 100
create_scenario other app
write_config "$(dsn main app)" "$(dsn main app)"

# found LEVEL CHECK: the messages and cures of that kind, by `check --json`.
found() {
    { pgtandem check --json || true; } 2>/dev/null |
        jq -r --arg level "$1" --arg check "$2" \
            '.[] | select(.level == $level and .check == $check) | "\(.message) | \(.hint)"'
}

# assert_found LEVEL CHECK PART...: all parts are in one report of that kind.
assert_found() {
    local level=$1 check=$2 reports part
    shift 2
    reports=$(found "$level" "$check")
    [ -n "$reports" ] || fail "no $level about $check: $(pgtandem check 2>&1)"
    for part in "$@"; do
        assert_contains "$reports" "$part" "$level about $check"
    done
}

assert_ready() {
    assert_exit 0 pgtandem check
    assert_contains "$output" "0 errors"
}

# role_dsn ROLE: over TCP, where pg_hba.conf can ask for a password.
role_dsn() {
    echo "$(dsn main app 127.0.0.1) user=$1"
}

test_a_good_configuration_is_ready() {
    assert_ready
    assert_contains "$output" "wal2json decodes"
    assert_contains "$output" "public.users maps to app_v2.users"
    assert_eq "$(sql main app 'SELECT count(*) FROM pg_replication_slots')" 0 "slots left"
    assert_eq "$(sql main app "SELECT to_regnamespace('pgtandem') IS NULL")" t "no schema was made"
}

test_sides_in_two_servers_are_ready() {
    write_config "$(dsn main app)" "$(dsn other app)"
    assert_exit 0 pgtandem check
    assert_contains "$output" "old database"
    assert_contains "$output" "new database"
    assert_found ok sequences "setup will run, in the old database: BEGIN; ALTER SEQUENCE public.users_id_seq INCREMENT BY 2 START WITH 2;"
}

test_two_databases_of_one_server_are_counted_together() {
    create_scenario main second
    write_config "$(dsn main app)" "$(dsn main second)"
    cluster_restart main max_replication_slots=1
    assert_found error max_replication_slots "not enough for the slots" "set max_replication_slots"
    cluster_restart main max_replication_slots=20
    assert_exit 0 pgtandem check
}

test_a_server_that_is_away_is_told_with_everything_else() {
    write_config "$(dsn main app)" "host=$T/socket port=1 dbname=app user=postgres"
    assert_exit 3 pgtandem check
    assert_contains "$output" "cannot connect to the new database"
    assert_contains "$output" "ok       wal2json decodes"
    write_config "host=127.0.0.1 port=1 dbname=app" "host=127.0.0.1 port=1 dbname=app"
    assert_exit 3 pgtandem check
    assert_contains "$output" "2 errors"
}

test_a_wrong_password_is_told() {
    sql main app "CREATE ROLE secretive LOGIN SUPERUSER PASSWORD 'right'"
    local hba
    hba=$(sql main app 'SHOW hba_file')
    sed -i '1i host all secretive 127.0.0.1/32 scram-sha-256' "$hba"
    cluster_reload main
    write_config "$(role_dsn secretive) password=wrong" "$(dsn main app)"
    assert_exit 3 pgtandem check
    assert_contains "$output" "password authentication failed"
    assert_contains "$output" "cure: check the password in pgpass"
    case $output in *wrong*) fail "the password is shown: $output" ;; esac
    write_config "$(role_dsn secretive) password=right" "$(dsn main app)"
    assert_exit 0 pgtandem check
}

test_two_roles_in_one_database_are_both_looked_at() {
    sql main app "CREATE ROLE weak LOGIN"
    write_config "$(dsn main app)" "$(dsn main app) user=weak"
    assert_exit 3 pgtandem check
    assert_found error replication_role 'role "weak"'
    assert_found error replication_connection "no replication connection can be made"
    assert_found ok replication_role 'role "postgres"'
}

test_a_wal_level_that_does_not_decode_is_told() {
    write_config "$(dsn main app)" "$(dsn main app)"
    cluster_restart main wal_level=replica
    assert_exit 3 pgtandem check
    assert_found error wal_level "wal_level is replica" "set wal_level = logical"
    cluster_restart main wal_level=logical
    assert_ready
}

test_wal2json_that_is_not_allowed_is_told() {
    sql main app "SHOW output_plugin_libraries" >/dev/null 2>&1 || return 0 # an older server
    cluster_reload main output_plugin_libraries='pgoutput, test_decoding'
    wait_until 10 setting_is output_plugin_libraries 'pgoutput, test_decoding'
    assert_found error wal2json "may not be used as an output plugin" "add wal2json to output_plugin_libraries"
    cluster_reload main output_plugin_libraries='pgoutput, test_decoding, wal2json'
    wait_until 10 setting_is output_plugin_libraries 'pgoutput, test_decoding, wal2json'
    assert_ready
}

setting_is() {
    [ "$(sql main app "SHOW $1")" = "$2" ]
}

test_a_role_without_privileges_gets_the_whole_list() {
    write_config "$(dsn main app) user=weak" "$(dsn main app) user=weak"
    assert_exit 3 pgtandem check
    assert_found error replication_role 'role "weak" has no REPLICATION' 'ALTER ROLE "weak" REPLICATION'
    assert_found error origin_functions pg_replication_origin_create "GRANT EXECUTE ON FUNCTION"
    assert_found error state_schema "neither use nor create" "GRANT CREATE ON DATABASE"
    assert_found error privileges "lacks SELECT, INSERT, UPDATE, DELETE on public.users" "GRANT SELECT"
    assert_found error privileges "may not use the schema app_v2"
}

test_what_check_asks_for_is_enough_for_a_role() {
    sql main app "ALTER ROLE weak REPLICATION;
                  GRANT CREATE ON DATABASE app TO weak;
                  GRANT USAGE ON SCHEMA app_v2 TO weak;
                  GRANT SELECT, INSERT, UPDATE, DELETE ON public.users, app_v2.users TO weak"
    local functions
    functions=$(found error origin_functions | sed 's/.*GRANT EXECUTE ON FUNCTION \(.*\) TO the role/\1/')
    sql main app "GRANT EXECUTE ON FUNCTION $functions TO weak"
    assert_ready
    write_config "$(dsn main app)" "$(dsn main app)"
}

test_too_few_slots_and_senders_are_told() {
    cluster_restart main max_replication_slots=3 max_wal_senders=1
    assert_found error max_replication_slots "replication origins" "at least 6"
    assert_found error max_wal_senders "at least 2"
    cluster_restart main max_replication_slots=20 max_wal_senders=20
}

test_missing_tables_are_told_by_name_and_line() {
    write_config "$(dsn main app)" "$(dsn main app)" 'tables:
  - {old: public.user, new: app_v2.users}'
    assert_exit 3 pgtandem check
    assert_found error mapping "pgtandem.yaml:" "table public.user does not exist in the old database"
    sql main app "ALTER TABLE app_v2.users RENAME TO away"
    write_config "$(dsn main app)" "$(dsn main app)"
    assert_exit 0 pgtandem check
    assert_found warning mapping "app_v2.users is not there yet" "run setup"
    write_config "$(dsn main app)" "$(dsn main app)" "new: {dsn: '$(dsn main app)'}"
    assert_found error mapping "app_v2.users does not exist" "new.ddl"
    sql main app "ALTER TABLE app_v2.away RENAME TO users"
}

test_every_problem_of_the_mapping_is_told() {
    write_config "$(dsn main app)" "$(dsn main app)" 'tables:
  - {old: public.users, new: app_v2.users}'
    assert_exit 3 pgtandem check
    assert_found error mapping full_name first_name last_name
}

test_files_that_cannot_be_read_are_told() {
    write_config "$(dsn main app)" "$(dsn main app)" 'backfill: {after_copy: [nowhere.sql]}'
    assert_found error backfill.after_copy "nowhere.sql cannot be read" "correct the path"
    write_config "$(dsn main app)" "$(dsn main app)"
}

test_statements_that_make_others_wait_are_told() {
    cat >"$T/after.sql" <<'SQL'
CREATE INDEX CONCURRENTLY by_email ON users (email);
CREATE INDEX by_name ON app_v2.users (last_name);
ALTER TABLE users ADD CONSTRAINT short CHECK (length(bio) < 10);
ALTER TABLE users ADD CONSTRAINT long CHECK (length(bio) > 1), ADD UNIQUE (email);
CREATE INDEX by_email ON public.users (email);
SQL
    write_config "$(dsn main app)" "$(dsn main app)" "backfill: {after_copy: ['$T/after.sql']}"
    assert_exit 0 pgtandem check
    assert_eq "$(found warning backfill.after_copy | wc -l)" 2
    assert_found warning backfill.after_copy "after.sql:4: statement 4 adds a constraint among other actions" \
        "a statement of its own" "after.sql:5: statement 5 builds an index on a table that is not new" CONCURRENTLY
    assert_found ok backfill.after_copy "2 of 5 statements build an index under a lock"
    echo "; COMMIT" >>"$T/after.sql"
    assert_exit 3 pgtandem check
    assert_found error backfill.after_copy "after.sql:6: statement 6 begins or ends a transaction" "leave BEGIN"
    write_config "$(dsn main app)" "$(dsn main app)"
}

test_a_function_that_is_denied_is_not_taken_for_the_library() {
    sql main app "CREATE ROLE barred LOGIN REPLICATION;
                  REVOKE EXECUTE ON FUNCTION pg_create_logical_replication_slot FROM public"
    write_config "$(role_dsn barred)" "$(role_dsn barred)"
    assert_exit 3 pgtandem check
    assert_found error wal2json 'GRANT EXECUTE ON FUNCTION pg_create_logical_replication_slot' 'TO "barred"'
    sql main app "GRANT EXECUTE ON FUNCTION pg_create_logical_replication_slot TO public; DROP ROLE barred"
    write_config "$(dsn main app)" "$(dsn main app)"
}

test_limits_must_be_about_something_that_can_be_seen() {
    write_config "$(dsn main app)" "$(dsn main app)" "limits: {active_sessions: 5, query: {sql: SELECT 7, max: 3}}"
    assert_exit 0 pgtandem check
    assert_found ok limits "can be seen"
    assert_found warning limits "limits.query gives 7 now, which is above its limit (3)"
    write_config "$(dsn main app)" "$(dsn main app)" "limits: {query: {sql: 'SELECT NULL::int', max: 3}}"
    assert_found ok limits "limits.query gives nothing (limit 3)"
    write_config "$(dsn main app)" "$(dsn main app)" "limits: {query: {sql: 'SELECT nonsense', max: 3}}"
    assert_exit 3 pgtandem check
    assert_found error limits "limits.query" "nonsense"
    sql main app "CREATE TABLE big (id int PRIMARY KEY, v text); CREATE TABLE app_v2.big (id int PRIMARY KEY, v text);
        INSERT INTO big SELECT n, repeat('x', 500) FROM generate_series(1, 5000) n"
    write_config "$(dsn main app)" "$(dsn main app)" "tables: [{old: public.big, new: app_v2.big}]
limits: {slot_wal: 1MB}"
    assert_found warning limits "of log, which the slot keeps until the copy is done" "throttle --slot-wal"
    sql main app "DROP TABLE big, app_v2.big"
    sql main app "CREATE ROLE blinded LOGIN"
    write_config "$(role_dsn blinded)" "$(role_dsn blinded)" "limits: {active_sessions: 5}"
    assert_found warning limits "cannot see standbys and sessions" 'GRANT pg_read_all_stats TO "blinded"'
    sql main app "DROP ROLE blinded"
    write_config "$(dsn main app)" "$(dsn main app)"
}

test_rows_in_the_new_table_are_told_before_a_backfill() {
    sql main app "INSERT INTO app_v2.users VALUES (1, 'e', 'f', 'l')"
    assert_exit 3 pgtandem check
    assert_found error target_empty "app_v2.users has rows already" "empty it, or run with --no-backfill"
    sql main app "DELETE FROM app_v2.users"
}

test_leftovers_are_told() {
    sql main app "SELECT FROM pg_create_logical_replication_slot('pgtandem_users_name_split_forward',
                                                                 'wal2json')"
    sql main app "SELECT FROM pg_replication_origin_create('pgtandem_users_name_split_copy_1')"
    assert_exit 3 pgtandem check
    assert_found error slot "left over from an earlier attempt" "teardown --all"
    assert_found error origin pgtandem_users_name_split_copy_1 "teardown --all"
    pgtandem teardown --all >/dev/null
    sql main app "SELECT FROM pg_create_physical_replication_slot('pgtandem_users_name_split_reverse')"
    assert_found error slot "not a wal2json slot of this database"
    pgtandem teardown --reverse >/dev/null
    assert_ready
}

test_a_lost_slot_is_told() {
    cluster_restart main max_slot_wal_keep_size=1MB
    pgtandem setup >/dev/null 2>&1
    assert_found warning max_slot_wal_keep_size "before limits.slot_wal"
    for _ in 1 2 3; do
        sql main app "SELECT FROM pg_logical_emit_message(false, 'noise', repeat('x', 1000000)),
                                  pg_switch_wal()"
    done
    sql main app CHECKPOINT
    assert_found error slot "is lost" "teardown --all"
    assert_eq "$(status_field .forward.state)" lost
    pgtandem teardown --all >/dev/null
    cluster_restart main max_slot_wal_keep_size=-1
    assert_ready
}

test_a_slot_that_has_gone_is_told() {
    pgtandem setup >/dev/null 2>&1
    sql main app "UPDATE pgtandem.migration SET backfill = 'running'"
    pgtandem teardown --forward >/dev/null
    assert_found error slot "is gone from the old database" "begin again"
    pgtandem teardown --all >/dev/null
}

test_long_transactions_are_told_by_pid() {
    background holder "$PG_BIN/psql" -X -d "$(dsn main app)" \
        -c "BEGIN; SELECT pg_current_xact_id(); SELECT pg_sleep(60)"
    wait_until 20 long_transaction_is_told
    assert_found warning wal2json "statement timeout" "when they are over"
    sql main app "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" >/dev/null
    wait_until 10 no_transaction_is_open
    assert_ready
}

long_transaction_is_told() {
    [[ "$(found warning transactions)" == *"pid "* ]]
}

no_transaction_is_open() {
    [ "$(sql main app "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL")" = 0 ]
}

test_triggers_that_would_fire_are_told() {
    sql main app "CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
                  CREATE TRIGGER ours BEFORE UPDATE ON app_v2.users
                      FOR EACH ROW EXECUTE FUNCTION public.nothing()"
    assert_contains "$(found ok triggers)" "no trigger in the new database"
    write_config "$(dsn main app) user=weak" "$(dsn main app) user=weak"
    assert_found warning triggers "in the new database" "GRANT SET ON PARAMETER session_replication_role"
    sql main app "DROP FUNCTION public.nothing() CASCADE"
    write_config "$(dsn main app)" "$(dsn main app)"
}

test_row_security_is_told() {
    sql main app "ALTER TABLE public.users ENABLE ROW LEVEL SECURITY"
    write_config "$(dsn main app) user=weak" "$(dsn main app) user=weak"
    assert_found error mapping "row level security hides rows"
    sql main app "ALTER TABLE public.users DISABLE ROW LEVEL SECURITY"
    write_config "$(dsn main app)" "$(dsn main app)"
}

with_version_column() {
    write_config "$(dsn main app)" "$(dsn main app)" \
        "conflicts: {policy: version_column, version_column: $1}"
}

test_a_version_column_must_be_able_to_decide() {
    local column
    for column in changed_at first_name email; do # missing, not copied, no number
        with_version_column $column
        assert_exit 3 pgtandem check
        assert_found error version_column "\"$column\" cannot decide for table public.users" \
            "an integer or a timestamp that every UPDATE raises"
    done
    for column in updated_at id; do
        with_version_column $column
        assert_ready
    done
    sql main app "ALTER TABLE app_v2.users RENAME TO away"
    with_version_column changed_at
    assert_found error version_column 'public.users in the old database has no column "changed_at"'
    sql main app "ALTER TABLE app_v2.away RENAME TO users"
    write_config "$(dsn main app)" "$(dsn main app)"
}

test_two_sequences_for_one_key_are_told() {
    sql main app "GRANT USAGE ON SEQUENCE public.users_id_seq TO weak"
    assert_found ok sequences "is drawn from public.users_id_seq on both sides"
    sql main app "CREATE SEQUENCE app_v2.own; ALTER TABLE app_v2.users ALTER id SET DEFAULT nextval('app_v2.own')"
    assert_found ok sequences "app_v2.own" "ALTER TABLE app_v2.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq')"
    write_config "$(dsn main app) user=weak" "$(dsn main app) user=weak"
    assert_exit 3 pgtandem check
    assert_found error sequences "which give away the same numbers" "let the owner run, in the database: ALTER TABLE app_v2.users"
    write_config "$(dsn main app) user=weak" "$(dsn main app) user=weak" "sequences: leave"
    assert_exit 0 pgtandem check
    assert_found warning sequences "which give away the same numbers" "let the owner run"
    write_config "$(dsn main app)" "$(dsn main app)"
    sql main app "DROP SEQUENCE app_v2.own CASCADE;
                  ALTER SEQUENCE public.users_id_seq INCREMENT BY 2 RESTART WITH 101;
                  CREATE SEQUENCE app_v2.even INCREMENT BY 2 START WITH 102;
                  ALTER TABLE app_v2.users ALTER id SET DEFAULT nextval('app_v2.even')"
    assert_found ok sequences "which never give away the same number"
    sql main app "DROP SEQUENCE app_v2.even CASCADE;
                  ALTER SEQUENCE public.users_id_seq INCREMENT BY 1;
                  ALTER TABLE app_v2.users ALTER id SET DEFAULT nextval('public.users_id_seq');
                  REVOKE USAGE ON SEQUENCE public.users_id_seq FROM weak"
    assert_found warning sequences "weak may insert into app_v2.users, but not draw" "GRANT USAGE ON SEQUENCE public.users_id_seq TO weak"
}

test_unknown_commit_times_are_told() {
    cluster_restart main track_commit_timestamp=off
    assert_exit 3 pgtandem check
    assert_found error track_commit_timestamp "track_commit_timestamp is off" "or choose conflicts.policy version_column"
    with_version_column updated_at
    assert_ready
    assert_found ok track_commit_timestamp "not needed"
    write_config "$(dsn main app)" "$(dsn main app)"
}

test_run_refuses_to_copy_what_it_could_not_keep() {
    assert_exit 3 pgtandem run
    assert_contains "$output" "track_commit_timestamp is off in the old database"
    assert_eq "$(sql main app 'SELECT count(*) FROM app_v2.users')" 0 "rows copied"
    assert_exit 0 pgtandem backfill
    assert_exit 3 pgtandem run --once
    # and when only the other server is in want of it
    pgtandem teardown --all >/dev/null
    write_config "$(dsn other app)" "$(dsn main app)"
    sql main app "TRUNCATE app_v2.users"
    assert_exit 3 pgtandem run
    assert_contains "$output" "track_commit_timestamp is off in the new database"
    pgtandem teardown --all >/dev/null
    cluster_restart main track_commit_timestamp=on
    write_config "$(dsn main app)" "$(dsn main app)"
}

# A clock cannot be put wrong for a test, but what tells it can: the planner puts
# the body of a function in SQL in its place.
test_clocks_that_differ_are_told() {
    write_config "$(dsn main app)" "$(dsn other app)"
    assert_found ok clocks "agree"
    tell_time other "statement_timestamp() + interval '400 ms'"
    assert_found warning clocks "the new server's clock is at least 0." "ahead of the old one's" NTP
    assert_exit 0 pgtandem check
    tell_time other "statement_timestamp() - interval '3 s'"
    assert_found warning clocks "behind the old one's"
    tell_time other "statement_timestamp() - interval '50 ms'"
    assert_found ok clocks "agree"
    write_config "$(dsn main app)" "$(dsn main app)"
    assert_eq "$(found ok clocks)" "" "one server has one clock"
}

# tell_time NAME EXPRESSION: what clock_timestamp() says there from now on
tell_time() {
    sql "$1" app "SET allow_system_table_mods = on;
                  CREATE OR REPLACE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz
                  LANGUAGE sql VOLATILE AS \$\$ SELECT $2 \$\$"
}

test_wrong_words_and_configurations_end_with_status_2() {
    assert_exit 2 pgtandem chekc
    assert_contains "$output" 'unknown command "chekc"; did you mean check?'
    assert_exit 2 pgtandem check --jsno
    assert_contains "$output" 'unknown option "--jsno"'
    assert_contains "$output" "see pgtandem check --help"
    assert_exit 2 pgtandem --config "$T/nowhere.yaml" check
    assert_exit 2 pgtandem check --config "$T/nowhere.yaml"
    assert_contains "$output" "nowhere.yaml"
    echo "migration: [" >"$T/bad.yaml"
    assert_exit 2 pgtandem --config="$T/bad.yaml" check
    assert_contains "$output" "bad.yaml:"
    assert_exit 2 pgtandem
}

test_help_names_every_command_and_option() {
    assert_exit 0 pgtandem --help
    local command
    for command in check setup backfill run status verify conflicts teardown version; do
        assert_contains "$output" "  $command "
    done
    assert_exit 0 pgtandem verify --help
    assert_contains "$output" "--sample N"
    assert_contains "$output" "--repair"
    assert_exit 0 pgtandem --version
    assert_contains "$output" "pgtandem $(cat "$ROOT/VERSION")"
}

run_tests "$@"
