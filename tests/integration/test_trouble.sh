#!/bin/bash
# What `run` says when it cannot, or can no longer: one message with a cure, the
# right exit status, and nothing lost once the cause is mended.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main listen_addresses=127.0.0.1
create_database main app

make_tables() {
    run_sql main app <<'SQL'
DROP SCHEMA IF EXISTS o CASCADE;
DROP SCHEMA IF EXISTS n CASCADE;
CREATE SCHEMA o;
CREATE SCHEMA n;
CREATE TABLE o.t (id int PRIMARY KEY, v text);
CREATE TABLE n.t (id int PRIMARY KEY, v text);
INSERT INTO o.t SELECT i, 'row ' || i FROM generate_series(1, 100) i;
SQL
}

configure() {
    pair_config "${1:-$(dsn main app)}" "${2:-$(dsn main app)}" "  - {old: o.t, new: n.t}" "${3:-}"
}

same() {
    wait_same_rows 30 main app "SELECT id, v FROM o.t ORDER BY id" main app "SELECT id, v FROM n.t ORDER BY id"
}

# refused STATUS MESSAGE CURE: how `run` ends. One message, one hint.
refused() {
    assert_exit "$1" timeout 60 "$PGTANDEM" run --once
    assert_contains "$output" "$2"
    assert_contains "$output" "hint: "
    assert_contains "$output" "$3"
    assert_eq "$(grep -c '^pgtandem: ' <<<"$output")" 1 "messages in '$output'"
}

# fails_with MESSAGE CURE: how the service ends that ran.
fails_with() {
    wait_service_end 1 90
    output=$(last_words 3)
    assert_contains "$output" "$1"
    assert_contains "$output" "$2"
    assert_eq "$(last_words 3 | grep -c '^pgtandem: ')" 1 "messages in '$output'"
}

begin() {
    if background_running service; then service_kill; fi
    "$PGTANDEM" teardown --all >/dev/null 2>&1 || true
    make_tables
    configure
    service_start
    wait_phase live
    forget_log
}

restarted() {
    service_start
    wait_phase live
    same
}

begin_afresh() {
    teardown
    sql main app "TRUNCATE n.t"
    service_start
    wait_phase live
    same
}

# ---- before it runs

test_no_server() {
    make_tables
    configure "host=127.0.0.1 port=1 dbname=app user=postgres"
    refused 1 "the old database" "check that the server runs"
    configure "$(dsn main app)" "host=$T/nowhere dbname=app"
    refused 1 "the new database" "check that the server runs"
}

test_a_wrong_password_and_a_right_one() {
    local hba
    make_tables
    hba=$(cluster_folder main)/data/pg_hba.conf
    as_server cp "$hba" "$hba.kept"
    sql main app "SET password_encryption = 'scram-sha-256'; CREATE ROLE mover LOGIN SUPERUSER PASSWORD 'right: \\ one'"
    # shellcheck disable=SC2016
    as_server bash -c 'sed -i "1i host all mover 127.0.0.1/32 scram-sha-256\nhost replication mover 127.0.0.1/32 scram-sha-256" "$0"' "$hba"
    sql main app "SELECT FROM pg_reload_conf()"
    local tcp
    tcp="host=127.0.0.1 port=$(cat "$T/clusters/main.port") dbname=app user=mover"
    configure "$tcp" "$tcp"
    printf '*:*:*:*:wrong\n' >"$T/pgpass"
    chmod 600 "$T/pgpass"
    export PGPASSFILE=$T/pgpass
    wait_until 10 password_is_asked_for "$tcp"
    refused 1 "password authentication failed" "pgpass"
    # shellcheck disable=SC1003
    printf '%s\n' '*:*:*:mover:right\: \\ one' >"$T/pgpass"
    assert_exit 0 pgtandem run --once
    [[ "$output" != *"right:"* ]] || fail "the password is shown: $output"
    same_now
    teardown
    as_server cp "$hba.kept" "$hba"
    sql main app "SELECT FROM pg_reload_conf(); DROP ROLE mover"
}

password_is_asked_for() {
    ! "$PG_BIN/psql" -XAtc 'SELECT 1' -d "$1" >/dev/null 2>&1
}

same_now() {
    assert_eq "$(sql main app "SELECT count(*) FROM (SELECT * FROM o.t EXCEPT SELECT * FROM n.t) x")" 0
    assert_eq "$(sql main app "SELECT count(*) FROM n.t")" 100
}

test_what_is_wrong_with_the_tables_is_wrong_usage() {
    make_tables
    configure
    sql main app "ALTER TABLE n.t ADD extra int NOT NULL"
    refused 2 '"extra"' "ignore"
    sql main app "ALTER TABLE n.t DROP extra; ALTER TABLE n.t RENAME TO gone"
    refused 2 "n.t" "new.ddl"
    sql main app "ALTER TABLE n.gone RENAME TO t; ALTER TABLE o.t RENAME TO gone"
    refused 2 "o.t" "old"
    sql main app "ALTER TABLE o.gone RENAME TO t; ALTER TABLE o.t DROP CONSTRAINT t_pkey"
    refused 2 "o.t" "key"
    sql main app "ALTER TABLE o.t ADD PRIMARY KEY (id); ALTER TABLE o.t REPLICA IDENTITY NOTHING"
    refused 2 "o.t" "REPLICA IDENTITY"
    sql main app "DROP TABLE o.t; CREATE TABLE o.t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)"
    refused 2 "partition" "partition"
    sql main app "DROP TABLE o.t; CREATE VIEW o.t AS SELECT 1 AS id, 'v'::text AS v"
    refused 2 "o.t" ""
    assert_eq "$(sql main app "SELECT count(*) FROM pg_replication_slots")" 0 slots
}

test_a_target_that_is_not_empty() {
    make_tables
    configure
    sql main app "INSERT INTO n.t VALUES (1, 'here already')"
    refused 1 "n.t" "empty"
    sql main app "TRUNCATE n.t"
    assert_exit 0 pgtandem run --once
    same_now
    teardown
}

test_wal_level_is_too_low() {
    make_tables
    configure
    cluster_restart main wal_level=replica
    refused 1 "wal_level" "logical"
    cluster_restart main wal_level=logical
    assert_exit 0 pgtandem run --once
    same_now
    teardown
}

test_wal2json_is_not_allowed() {
    sql main app "SHOW output_plugin_libraries" >/dev/null 2>&1 || return 0 # an older server
    make_tables
    configure
    cluster_reload main output_plugin_libraries='pgoutput'
    wait_until 10 setting_is output_plugin_libraries pgoutput
    refused 1 "wal2json" "output_plugin_libraries"
    cluster_reload main output_plugin_libraries='pgoutput, test_decoding, wal2json'
    wait_until 10 setting_is output_plugin_libraries 'pgoutput, test_decoding, wal2json'
    assert_exit 0 pgtandem run --once
    same_now
    teardown
}

setting_is() {
    [ "$(sql main app "SHOW $1")" = "$2" ]
}

test_a_role_without_replication() {
    make_tables
    sql main app "CREATE ROLE weak LOGIN; GRANT ALL ON SCHEMA o, n TO weak; GRANT ALL ON ALL TABLES IN SCHEMA o, n TO weak;
                  GRANT CREATE ON DATABASE app TO weak;
                  GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_catalog TO weak"
    local weak
    weak="$(dsn main app | sed 's/user=.*/user=weak/')"
    configure "$weak" "$weak"
    refused 1 "replication" "ALTER ROLE"
    sql main app "ALTER ROLE weak REPLICATION"
    assert_exit 0 pgtandem run --once
    same_now
    teardown
    sql main app "DROP SCHEMA IF EXISTS pgtandem CASCADE; DROP OWNED BY weak; DROP ROLE weak"
}

# ---- while it runs

test_the_slot_is_busy() {
    begin
    service_stop
    forget_log
    background busy "$PG_BIN/pg_recvlogical" -d "$(dsn main app)" --slot=pgtandem_users_name_split_forward \
        --start -o format-version=2 -f /dev/null
    wait_until 10 slot_is_active
    sql main app "INSERT INTO o.t VALUES (101, 'meanwhile')"
    service_start
    sleep 3
    background_running service || fail "it has given up: $(last_words)"
    background_signal busy TERM
    wait_rows 60 main app "SELECT v FROM n.t WHERE id = 101" meanwhile
    same
}

slot_is_active() {
    [ "$(sql main app "SELECT active FROM pg_replication_slots WHERE slot_name LIKE '%forward'")" = t ]
}

test_the_slot_is_dropped() {
    begin
    service_stop
    sql main app "SELECT FROM pg_drop_replication_slot('pgtandem_users_name_split_forward'); INSERT INTO o.t VALUES (101, 'lost to the stream')"
    refused 1 "pgtandem_users_name_split_forward" "teardown --all"
    begin_afresh
    # and while it runs
    forget_log
    sql main app "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name LIKE '%forward';
                  SELECT pg_drop_replication_slot('pgtandem_users_name_split_forward')" >/dev/null 2>&1 || true
    if [ "$(sql main app "SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE '%forward'")" = 0 ]; then
        fails_with "pgtandem_users_name_split_forward" "teardown --all"
        begin_afresh
    fi
}

test_the_slot_is_lost() {
    begin
    service_stop
    cluster_reload main max_slot_wal_keep_size=1MB
    sql main app "INSERT INTO o.t VALUES (101, 'lost')"
    local _
    for _ in 1 2 3 4; do
        sql main app "CREATE TABLE public.filler AS SELECT repeat('x', 500) FROM generate_series(1, 30000); DROP TABLE public.filler;
                      SELECT pg_switch_wal()" >/dev/null
        sql main app "CHECKPOINT"
    done
    assert_eq "$(sql main app "SELECT wal_status FROM pg_replication_slots WHERE slot_name LIKE '%forward'")" lost
    refused 1 "lost" "max_slot_wal_keep_size"
    cluster_reload main max_slot_wal_keep_size=-1
    begin_afresh
}

test_a_column_is_added_on_the_old_side() {
    begin
    sql main app "ALTER TABLE o.t ADD extra int; INSERT INTO o.t VALUES (101, 'v', 1)"
    fails_with "o.t" "then start again"
    sql main app "ALTER TABLE n.t ADD extra int"
    sql main app "INSERT INTO o.t VALUES (102, 'v', 2)"
    restarted
    assert_eq "$(sql main app "SELECT extra FROM n.t WHERE id = 102")" 2
}

test_a_column_is_dropped_on_the_old_side() {
    begin
    sql main app "ALTER TABLE o.t DROP v"
    sql main app "INSERT INTO o.t VALUES (101)"
    fails_with "o.t" "then start again"
    refused 2 '"v"' "ignore"
    sql main app "ALTER TABLE n.t DROP v"
    service_start
    wait_phase live
    wait_rows 30 main app "SELECT count(*) FROM n.t" 101
}

test_a_column_is_dropped_on_the_new_side() {
    begin
    sql main app "UPDATE o.t SET v = 'before' WHERE id = 1"
    wait_rows 30 main app "SELECT v FROM n.t WHERE id = 1" before
    sql main app "ALTER TABLE n.t RENAME v TO w"
    sql main app "UPDATE o.t SET v = 'after' WHERE id = 1"
    fails_with "n.t" ""
    sql main app "ALTER TABLE n.t RENAME w TO v"
    restarted
    assert_eq "$(sql main app "SELECT v FROM n.t WHERE id = 1")" after
}

test_a_columns_type_changes() {
    begin
    sql main app "ALTER TABLE o.t ALTER v TYPE varchar(300); UPDATE o.t SET v = 'v' WHERE id = 1"
    fails_with "o.t" "start again"
    restarted
}

test_replica_identity_is_taken_away() {
    begin
    sql main app "ALTER TABLE o.t REPLICA IDENTITY NOTHING"
    fails_with "o.t" ""
    sql main app "ALTER TABLE o.t REPLICA IDENTITY DEFAULT"
    restarted
    # a change in between is lost to the stream, and that is said again and again
    forget_log
    sql main app "ALTER TABLE o.t REPLICA IDENTITY NOTHING; UPDATE o.t SET v = 'unseen' WHERE id = 1"
    wait_service_end 1 90
    sql main app "ALTER TABLE o.t REPLICA IDENTITY DEFAULT"
    forget_log
    service_start
    fails_with "left out a change" "teardown --all"
    begin_afresh
}

test_the_new_table_is_dropped() {
    begin
    sql main app "DROP TABLE n.t"
    sql main app "UPDATE o.t SET v = 'x' WHERE id = 1"
    fails_with "n.t" ""
    refused 2 "n.t" ""
    sql main app "CREATE TABLE n.t (id int PRIMARY KEY, v text)"
    begin_afresh
}

test_the_old_table_is_dropped() {
    begin
    sql main app "DROP TABLE o.t"
    fails_with "o.t" "dropped"
}

test_the_disk_of_the_new_side_is_full() {
    [ "$(id -u)" -eq 0 ] || return 0
    begin
    service_stop
    mkdir "$T/small"
    mount -t tmpfs -o size=2m none "$T/small" 2>/dev/null || return 0 # not allowed here
    trap 'umount -l "$T/small"' EXIT
    chown postgres "$T/small"
    sql main app "CREATE TABLESPACE small LOCATION '$T/small'"
    sql main app "ALTER TABLE n.t SET TABLESPACE small"
    service_start
    wait_phase live
    sql main app "INSERT INTO o.t SELECT i, repeat('x', 1000) FROM generate_series(1001, 5000) i"
    sleep 5
    background_running service || fail "it has given up: $(last_words)"
    assert_contains "$(cat "$(service_log)")" "make room"
    mount -o remount,size=50m "$T/small"
    wait_rows 60 main app "SELECT count(*) FROM n.t" 4100
    same
    service_stop
    sql main app "ALTER TABLE n.t SET TABLESPACE pg_default"
    sql main app "DROP TABLESPACE small"
}

run_tests "$@"
