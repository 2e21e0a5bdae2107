# shellcheck shell=bash
# cluster.sh - servers of one's own, the scenario's tables in them, and processes
# in the background: what the integration tests (tests/integration/lib.sh), the
# demo and the benchmarks stand on. To be sourced; makes a temporary folder, $T,
# that holds all there is: clusters, the socket, logs and ids of processes.
#
# Servers are started by pg_ctl on data folders below $T, and stopped in the same
# way; other processes are signalled by the id they were started with. Nothing
# else on the machine is touched. Run by root, servers run as user postgres.
#
# Whoever sources it may define another fail(), and calls end_everything and
# removes $T in the end.
#
#   PGTANDEM   the program (build/pgtandem)
#   PG_BIN     PostgreSQL's programs (/usr/lib/postgresql/15/bin)
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PGTANDEM=${PGTANDEM:-$ROOT/build/pgtandem}
PG_BIN=${PG_BIN:-/usr/lib/postgresql/15/bin}

# No setting of the caller's reaches a connection of ours.
for variable in "${!PG@}"; do
    case $variable in
    PGTANDEM | PGTANDEM_* | PG_BIN) ;;
    *) unset "$variable" ;;
    esac
done
unset variable
export LC_ALL=C.UTF-8

T=$(mktemp -d "${TMPDIR:-/tmp}/pgtandem.XXXXXX")
mkdir "$T/clusters" "$T/socket" "$T/processes"
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$T"
    chown postgres "$T/clusters" "$T/socket"
fi
export PGTANDEM_CONFIG=$T/pgtandem.yaml

# ---- failing, waiting ----

# fail MESSAGE: ends what is being done.
fail() {
    echo "failed: $*" >&2
    exit 1
}

# wait_until SECONDS COMMAND...: tries until the command succeeds.
wait_until() {
    local seconds=$1 end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -le $end ] || fail "not within $seconds seconds: $*"
        sleep 0.1
    done
}

# ---- clusters ----

as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# A port that nobody listens on, below the range that the kernel gives away.
free_port() {
    local port
    while
        port=$((20000 + RANDOM % 10000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
    do :; done
    echo "$port"
}

cluster_folder() {
    echo "$T/clusters/$1"
}

# The server's log, for a look at what it said.
cluster_log() {
    echo "$(cluster_folder "$1")/log"
}

cluster_configure() {
    local conf setting
    conf=$(cluster_folder "$1")/data/postgresql.conf
    shift
    for setting in "$@"; do
        echo "${setting%%=*} = '${setting#*=}'" >>"$conf"
    done
}

cluster_create() {
    local folder
    folder=$(cluster_folder "$1")
    as_server mkdir "$folder"
    as_server "$PG_BIN/initdb" --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        --no-sync --no-instructions "$folder/data" >"$T/initdb.log" 2>&1 ||
        fail "initdb: $(cat "$T/initdb.log")"
    free_port >"$T/clusters/$1.port"
    cluster_configure "$1" port="$(cat "$T/clusters/$1.port")" listen_addresses= \
        unix_socket_directories="$T/socket" shared_buffers=64MB timezone=UTC \
        log_line_prefix='%m [%p] %a ' fsync=off wal_level=logical max_replication_slots=20 \
        max_wal_senders=20 track_commit_timestamp=on
    # Servers that know the setting refuse wal2json unless it is listed; others
    # do not start when they find it in their configuration.
    if as_server "$PG_BIN/postgres" -C output_plugin_libraries -D "$folder/data" >/dev/null 2>&1; then
        cluster_configure "$1" output_plugin_libraries='pgoutput, test_decoding, wal2json'
    fi
}

# cluster_start NAME [setting=value...]: makes the cluster if it is not there yet.
# Settings stay in force for later starts. `listen_addresses=127.0.0.1` opens a
# TCP port as well; `fsync=on` is for tests that pull the plug.
cluster_start() {
    local name=$1 folder
    shift
    folder=$(cluster_folder "$name")
    [ -d "$folder" ] || cluster_create "$name"
    cluster_configure "$name" "$@"
    as_server "$PG_BIN/pg_ctl" start --silent --wait --timeout=60 --pgdata="$folder/data" \
        --log="$folder/log" </dev/null >/dev/null 2>&1 ||
        fail "cluster $name did not start: $(tail -n 20 "$folder/log")"
}

# cluster_stop NAME [fast|immediate|smart]
cluster_stop() {
    as_server "$PG_BIN/pg_ctl" stop --silent --wait --timeout=60 --mode="${2:-fast}" \
        --pgdata="$(cluster_folder "$1")/data" >/dev/null 2>&1 || fail "cluster $1 did not stop"
}

# cluster_restart NAME [setting=value...]
cluster_restart() {
    cluster_stop "$1"
    cluster_start "$@"
}

# cluster_crash NAME: ends the server as if the power had failed; cluster_start
# then recovers it. Only with fsync=on does this say anything about the disk.
cluster_crash() {
    cluster_stop "$1" immediate
}

# cluster_freeze NAME: every row there is, in each database, whose ids the server may then
# give away again.
cluster_freeze() {
    local database
    sql "$1" postgres "UPDATE pg_database SET datallowconn = true WHERE datname = 'template0'"
    for database in $(sql "$1" postgres "SELECT datname FROM pg_database"); do
        psql_in "$1" "$database" -c "SET client_min_messages = error" -c "VACUUM (FREEZE)"
    done
    sql "$1" postgres CHECKPOINT
}

# cluster_age NAME EPOCH XID: the next transaction has that id. Everything is frozen
# first, since nothing may be left of the ids that are skipped.
cluster_age() {
    local data segment
    data=$(cluster_folder "$1")/data
    cluster_freeze "$1"
    cluster_stop "$1"
    as_server "$PG_BIN/pg_resetwal" -f -e "$2" -x "$3" -u "$3" -c "$3,$3" -D "$data" >"$T/resetwal.log" 2>&1 ||
        fail "pg_resetwal: $(cat "$T/resetwal.log")"
    segment=$data/pg_xact/$(printf %04X $(($3 / 1048576)))
    [ -e "$segment" ] || as_server dd if=/dev/zero of="$segment" bs=8192 count=32 status=none
    cluster_start "$1"
}

# cluster_reload NAME [setting=value...]
cluster_reload() {
    cluster_configure "$@"
    as_server "$PG_BIN/pg_ctl" reload --silent --pgdata="$(cluster_folder "$1")/data"
}

# dsn NAME DATABASE [HOST]: a connection string, by default through the socket.
dsn() {
    echo "host=${3:-$T/socket} port=$(cat "$T/clusters/$1.port") dbname=$2 user=postgres"
}

# psql_in NAME DATABASE ARGUMENTS...
psql_in() {
    local target
    target=$(dsn "$1" "$2")
    shift 2
    PGOPTIONS='-c client_min_messages=warning' "$PG_BIN/psql" -X -A -t -q -P pager=off -v ON_ERROR_STOP=1 -d "$target" "$@"
}

# sql NAME DATABASE STATEMENT: prints rows unaligned, columns separated by "|".
sql() {
    psql_in "$1" "$2" -c "$3"
}

# sql_file NAME DATABASE FILE [psql arguments]
sql_file() {
    psql_in "$1" "$2" -f "$3" "${@:4}"
}

# commit_times NAME LSN: the id of each transaction that committed since, and
# when it did so, from the server's log. What a link or a subscription commits has
# the time of the source's commit as its timestamp; only the log knows its own.
commit_times() {
    (
        set +o pipefail # at the end of the log it ends with an error
        TZ=UTC as_server "$PG_BIN/pg_waldump" --path="$(cluster_folder "$1")/data/pg_wal" \
            --rmgr=Transaction --start="$2" 2>/dev/null |
            sed -nE 's/.* tx: +([0-9]+),.* desc: COMMIT ([^;]+ UTC).*/\1\t\2/p'
    )
}

# create_database NAME DATABASE
create_database() {
    sql "$1" postgres "CREATE DATABASE \"$2\""
}

# ---- the scenario ----

# create_scenario NAME DATABASE [ROWS]: a database with the old table, ROWS users
# in it, and the new table, empty.
create_scenario() {
    create_database "$1" "$2"
    sql_file "$1" "$2" "$ROOT/sql/users_old.sql"
    seed_users "$1" "$2" "${3:-0}"
    sql_file "$1" "$2" "$ROOT/sql/users_new.sql"
}

# seed_users NAME DATABASE ROWS: into an empty old table.
seed_users() {
    sql_file "$1" "$2" "$ROOT/sql/users_seed.sql" -v rows="$3"
}

# same_tables OLD_NAME OLD_DATABASE [NEW_NAME NEW_DATABASE]: prints how the two
# tables differ, nothing when they hold the same users as far as the mapping
# goes. Judged by a reference of the split in SQL (same_tables.sql) that shares
# nothing with pgtandem.
same_tables() {
    psql_in "$1" "$2" -c "COPY (SELECT id, email, full_name, bio, created_at, updated_at
                                FROM public.users) TO STDOUT" |
        psql_in "${3:-$1}" "${4:-$2}" -f "$ROOT/tests/integration/same_tables.sql"
}

# ---- the configuration ----

# write_config OLD_DSN NEW_DSN [YAML]: the scenario's configuration in
# $PGTANDEM_CONFIG. YAML holds further top-level sections, and replaces those
# written here that it names.
write_config() {
    local section more=${3:-}
    {
        for section in migration old new tables backfill; do
            grep -q "^$section:" <<<"$more" || "config_$section" "$@"
        done
        echo "$more"
    } >"$PGTANDEM_CONFIG"
}

config_migration() {
    echo 'migration: users_name_split'
}

config_old() {
    printf 'old:\n  dsn: "%s"\n' "$1"
}

config_new() {
    printf 'new:\n  dsn: "%s"\n  ddl: "%s"\n' "$2" "$ROOT/sql/users_new.sql"
}

config_tables() {
    cat <<'YAML'
tables:
  - old: public.users
    new: app_v2.users
    transforms:
      - use: split_name
        old: [full_name]
        new: [first_name, last_name]
YAML
}

config_backfill() {
    printf 'backfill:\n  after_copy: ["%s"]\n' "$ROOT/sql/users_new_indexes.sql"
}

# ---- processes in the background ----
#
# A process outlives the test case that started it, so that a later one can stop
# it: its id, its log and in the end its status are files in $T/processes.

# background NAME COMMAND...: one NAME at a time; logs of several runs add up.
background() {
    local base=$T/processes/$1
    shift
    rm -f "$base.pid" "$base.status"
    (
        set +e
        "$@" </dev/null >>"$base.log" 2>&1 &
        echo $! >"$base.pid.new" && mv "$base.pid.new" "$base.pid"
        wait $!
        echo $? >"$base.status.new" && mv "$base.status.new" "$base.status"
    ) >/dev/null 2>&1 &
    wait_until 10 test -e "$base.pid"
}

background_running() {
    [ -e "$T/processes/$1.pid" ] && [ ! -e "$T/processes/$1.status" ]
}

background_log() {
    echo "$T/processes/$1.log"
}

background_pid() {
    cat "$T/processes/$1.pid"
}

# background_signal NAME SIGNAL: nothing when it has ended already.
background_signal() {
    if background_running "$1"; then
        kill -s "$2" "$(background_pid "$1")" 2>/dev/null || true
    fi
}

# background_wait NAME SECONDS: returns the process's own status.
background_wait() {
    wait_until "$2" test -e "$T/processes/$1.status"
    return "$(cat "$T/processes/$1.status")"
}

# ---- load ----

# load_start NAME DATABASE SCRIPT RATE SECONDS [pgbench arguments]: writers at RATE
# transactions a second (0: as fast as they can) from SCRIPT, a file or the name
# of one in tests/load. `-D rows=N` tells the latter how many users were seeded.
load_start() {
    local script=$3 rate=()
    [ -e "$script" ] || script=$ROOT/tests/load/$3.sql
    [ "$4" = 0 ] || rate=(--rate="$4")
    background "load-$(basename "$3" .sql)" "$PG_BIN/pgbench" --no-vacuum --client=4 "${rate[@]}" \
        --time="$5" --file="$script" "${@:6}" "$(dsn "$1" "$2")"
}

# load_wait SCRIPT [SECONDS]: until it is through, without an error.
load_wait() {
    local name status=0
    name=load-$(basename "$1" .sql)
    background_wait "$name" "${2:-120}" || status=$?
    [ $status -eq 0 ] || fail "$name ended with status $status: $(tail -n 20 "$(background_log "$name")")"
}

# load_stop: ends whatever load there is.
load_stop() {
    local pid_file name
    for pid_file in "$T"/processes/load-*.pid; do
        [ -e "$pid_file" ] || continue
        name=$(basename "$pid_file" .pid)
        background_signal "$name" TERM
        background_wait "$name" 10 || true
    done
}

# ---- the end of it all ----

# end_everything: the processes, then the servers, at once.
end_everything() {
    local file name
    for file in "$T"/processes/*.pid; do
        [ -e "$file" ] || continue
        name=$(basename "$file" .pid)
        background_signal "$name" KILL
    done
    for file in "$T"/clusters/*/data/postmaster.pid; do
        [ -e "$file" ] || continue
        name=$(basename "$(dirname "$(dirname "$file")")")
        (cluster_stop "$name" immediate)
    done
}
