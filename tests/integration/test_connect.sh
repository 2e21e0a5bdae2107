#!/bin/bash
# Connections that cannot be made: what it was and its cure are told, in any language of
# the server, and no password is shown.
. "$(dirname "$0")/lib.sh"

# Servers that speak German, where the locale can be made: nothing is decided by their words.
language=C
mkdir "$T/locale"
if localedef -i de_DE -f UTF-8 "$T/locale/de_DE.UTF-8" >/dev/null 2>&1; then
    chmod -R a+rX "$T/locale"
    language=de_DE.UTF-8
    # for servers alone
    eval "plain_$(declare -f as_server)"
    as_server() {
        LOCPATH=$T/locale plain_as_server "$@"
    }
fi

cluster_start main listen_addresses=127.0.0.1 lc_messages=$language
create_scenario main app 100
create_database main shut
create_database main narrow
create_database main closed
sql main app "REVOKE CONNECT ON DATABASE shut FROM PUBLIC;
              ALTER DATABASE narrow CONNECTION LIMIT 0; ALTER DATABASE closed ALLOW_CONNECTIONS false;
              CREATE ROLE weak LOGIN; CREATE ROLE few LOGIN CONNECTION LIMIT 0; CREATE ROLE group_role;
              CREATE ROLE secretive LOGIN SUPERUSER PASSWORD 'right'"
sed -i '1i host all secretive 127.0.0.1/32 scram-sha-256' "$(sql main app 'SHOW hba_file')"
cluster_reload main

# at DATABASE ROLE: over TCP
at() {
    echo "host=127.0.0.1 port=$(cat "$T/clusters/main.port") dbname=$1 user=$2"
}

# assert_told STATUS OLD_DSN PART...: by setup, of the old side
assert_told() {
    local status=$1 part
    write_config "$2" "$(dsn main app)"
    assert_exit "$status" pgtandem setup
    for part in "${@:3}"; do
        assert_contains "$output" "$part" "$2"
    done
}

test_the_server_speaks_its_own_language() {
    [ $language != C ] || return 0
    assert_contains "$("$PG_BIN/psql" -X -d "$(at none weak)" 2>&1 || true)" "existiert nicht"
}

test_each_failed_connection_has_its_own_cure() {
    assert_told 1 "$(at shut weak)" 'GRANT CONNECT ON DATABASE "shut" TO "weak"'
    assert_told 1 "$(at none weak)" "check the database name in the dsn"
    assert_told 1 "$(at app nobody)" "check pg_hba.conf, and the role's name"
    assert_told 1 "$(at app group_role)" "its LOGIN attribute"
    assert_told 1 "$(at closed weak)" "ALLOW_CONNECTIONS true"
    assert_told 1 "$(at app few)" 'ALTER ROLE "few" CONNECTION LIMIT'
    assert_told 1 "$(at narrow weak)" 'ALTER DATABASE "narrow" CONNECTION LIMIT'
    assert_told 1 "$(at app secretive) password=wrong" "check the password in pgpass"
    assert_told 1 "$(at app secretive)" "check the password in pgpass"
    assert_told 1 "$(at app weak) options='-c nonsense=1'" "name a setting that the server does not know"
    assert_told 1 "host=127.0.0.1 port=1 dbname=app" "check that the server runs"
    # several hosts: what the one that answers says
    assert_told 1 "host=127.0.0.1,127.0.0.1 port=1,$(cat "$T/clusters/main.port") dbname=shut user=weak" \
        "GRANT CONNECT ON DATABASE"
}

# lines OUTPUT: an error is one line, and its hint another
test_an_error_is_two_lines() {
    assert_told 1 "$(at shut weak)" "pgtandem: cannot connect to the old database: "
    assert_eq "$(wc -l <<<"$output")" 2 "lines of: $output"
    case $output in *LOCATION* | *42501*) fail "more than its words: $output" ;; esac
}

test_a_replication_connection_has_its_own_cure() {
    write_config "$(at app weak)" "$(at app weak)"
    assert_exit 3 pgtandem check
    assert_contains "$output" 'ALTER ROLE "weak" REPLICATION'
    assert_contains "$output" "give the role the REPLICATION attribute"
}

test_a_dsn_that_libpq_would_refuse_is_told_at_once() {
    assert_told 2 "$(at app weak) pasword=hush" "pgtandem.yaml: old.dsn has an option that libpq does not know" 'did you mean "password"?'
    assert_told 2 "$(at app weak) nonsense=1" '"nonsense"'
    assert_told 2 "password=hush hush=2" "old.dsn has an option that libpq does not know, at character 15"
    assert_told 2 "password=hush hush" "no = behind a word at character 15"
    assert_told 2 "host=x port=99999 password=hush" 'the option "port" of old.dsn'
    assert_told 2 "$(at app weak) replication=database" "old.dsn asks for replication"
    write_config "$(dsn main app)" "host=x port=hush"
    assert_exit 2 pgtandem status
    assert_contains "$output" 'the option "port" of new.dsn'
    case $output in *hush*) fail "a value is shown: $output" ;; esac
    write_config "host=x" "$(dsn main app)"
    PGPORT=hush assert_exit 2 pgtandem status
    assert_contains "$output" 'the option "port" of PGPORT'
    printf '[s]\nreplication=database\nhost=%s\nport=%s\n' "$T/socket" "$(cat "$T/clusters/main.port")" >"$T/service"
    write_config "service=s dbname=app user=postgres" "$(dsn main app)"
    PGSERVICEFILE=$T/service assert_exit 2 pgtandem setup
    assert_contains "$output" "the service file asks for replication"
    printf '[s]\nhost=u:hush@h\n' >"$T/service"
    PGSERVICEFILE=$T/service assert_exit 2 pgtandem setup
    assert_contains "$output" 'the option "host" of the service file is not right'
    case $output in *hush*) fail "a value is shown: $output" ;; esac
}

test_no_secret_is_shown() {
    local dsn
    for dsn in "$(at app weak) pasword=hush" "password=hush hush=2" "password='hush" "host=x port=hush" \
        "postgresql://u:hush%zz@h/x" "postgresql://u:hush@h:hush/x" "sslmode=hush" "password=hush x" \
        "postgresql://u:pa@hush/word@h/x" " postgresql://u:hush@h/x" "jdbc:postgresql://u:hush@h/x?ssl=true" \
        "host=h password:hush=1" "host=h,password=hush dbname=x" "host=u:hush"; do
        assert_told 2 "$dsn"
        case $output in *hush*) fail "a secret is shown: $output" ;; esac
    done
}

test_a_pooler_is_told() {
    local port
    port=$(free_port)
    background pooler python3 "$ROOT/tests/integration/fake_pooler.py" "$port"
    wait_until 10 is_listening "$port"
    assert_told 1 "host=127.0.0.1 port=$port dbname=app user=weak" \
        "unsupported startup parameter: options" "a pooler such as PgBouncer"
    assert_exit 3 pgtandem check
    assert_contains "$output" "a pooler such as PgBouncer"
    background_signal pooler KILL
}

is_listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# found LEVEL CHECK
found() {
    { pgtandem check --json || true; } 2>/dev/null |
        jq -r --arg level "$1" --arg check "$2" \
            '.[] | select(.level == $level and .check == $check) | "\(.message) | \(.hint)"'
}

test_check_counts_the_sessions() {
    write_config "$(dsn main app)" "$(dsn main app)" "backfill: {jobs: 2}"
    assert_contains "$(found ok max_connections)" "there is room for up to"
    assert_eq "$(found error connection_limit)" ""
    write_config "$(dsn main app)" "$(dsn main app)" "backfill: {jobs: 60}"
    assert_contains "$(found error max_connections)" "raise max_connections to at least 1"
    sql main app "CREATE ROLE mover LOGIN CONNECTION LIMIT 9"
    write_config "$(dsn main app) user=mover" "$(dsn main app) user=mover" "backfill: {jobs: 4}"
    assert_contains "$(found error connection_limit)" "ALTER ROLE mover CONNECTION LIMIT 1"
    sql main app "ALTER ROLE mover CONNECTION LIMIT -1; ALTER DATABASE app CONNECTION LIMIT 9"
    assert_contains "$(found error connection_limit)" "ALTER DATABASE app CONNECTION LIMIT 1"
    sql main app "ALTER DATABASE app CONNECTION LIMIT -1"
}

# What check counts is what a copy opens: with as many as that it gets through.
test_the_sessions_that_check_counts_are_enough() {
    write_config "$(dsn main app)" "$(dsn main app)" "backfill: {jobs: 3}"
    local needed
    needed=$(found ok max_connections | sed 's/.*up to \([0-9]*\) sessions.*/\1/')
    cluster_restart main max_connections="$needed" superuser_reserved_connections=0
    service_start
    wait_phase live
    service_stop
    case $(cat "$(service_log)") in *53300*) fail "too few sessions" ;; esac
    pgtandem teardown --all >/dev/null
    sql main app "TRUNCATE app_v2.users"
}

test_a_copy_that_waits_for_its_own_sessions_says_so() {
    cluster_restart main max_connections=8
    write_config "$(dsn main app)" "$(dsn main app)" "backfill: {jobs: 8}"
    background copy "$PGTANDEM" backfill
    wait_until 20 grep -q "the copy's own sessions count as well, 8 on each side" "$(background_log copy)"
    background_signal copy TERM
    background_wait copy 10 || true
    cluster_restart main max_connections=100 superuser_reserved_connections=3
    pgtandem teardown --all >/dev/null
    sql main app "TRUNCATE app_v2.users"
}

test_walsenders_that_are_used_up_are_told() {
    cluster_restart main max_wal_senders=0
    write_config "$(dsn main app)" "$(dsn main app)"
    assert_exit 1 pgtandem setup
    assert_contains "$output" "max_wal_senders"
    cluster_restart main max_wal_senders=20
    pgtandem teardown --all >/dev/null
}

test_slots_and_origins_that_are_used_up_are_told() {
    cluster_restart main max_replication_slots=1
    write_config "$(dsn main app)" "$(dsn main app)"
    sql main app "SELECT FROM pg_create_physical_replication_slot('other')"
    assert_exit 1 pgtandem setup
    assert_contains "$output" "raise max_replication_slots"
    sql main app "SELECT FROM pg_drop_replication_slot('other')"
    cluster_restart main max_replication_slots=20
    pgtandem teardown --all >/dev/null
}

test_an_absent_synchronous_standby_is_an_error() {
    cluster_reload main synchronous_standby_names='ANY 2 (a, b, c)'
    wait_until 10 standby_is_told
    assert_contains "$(found error synchronous_standby)" \
        "waits for 2 of synchronous_standby_names (ANY 2 (a, b, c)), of which 0 are there"
    cluster_reload main synchronous_standby_names=
}

standby_is_told() {
    [ -n "$(found error synchronous_standby)" ]
}

run_tests "$@"
