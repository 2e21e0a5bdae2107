#!/bin/sh
# record.sh - records the golden messages from the real wal2json.
#
# Starts a PostgreSQL of its own in a temporary folder, runs scenario.sql and
# selection.sql, and writes what a slot makes of them to messages.jsonl and
# selection.jsonl. A recording made again gives no difference; where it does,
# the server or the plugin behaves differently, and the unit tests say what it
# means. PGBIN names the server's programs, should they not be found.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
for newest in /usr/lib/postgresql/*/bin; do :; done
pgbin=${PGBIN:-$newest}
[ -x "$pgbin/initdb" ] || { echo "record.sh: no PostgreSQL found: set PGBIN" >&2; exit 1; }

# PostgreSQL refuses to run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

cleanup() {
    as_server "$pgbin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
}

work=$(as_server mktemp -d /tmp/golden.XXXXXX)
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

start_server() {
    as_server "$pgbin/initdb" -D "$work/data" -A trust -U postgres -E UTF8 --locale=C \
        >"$work/initdb.log"
    as_server tee -a "$work/data/postgresql.conf" >/dev/null <<-END
		listen_addresses = ''
		unix_socket_directories = '$work'
		wal_level = logical
		fsync = off
		autovacuum = off
	END
    # A server from before August 2026 does not know the setting, nor need it.
    if as_server "$pgbin/postgres" -D "$work/data" -C output_plugin_libraries >/dev/null 2>&1; then
        echo "output_plugin_libraries = 'pgoutput, test_decoding, wal2json'" |
            as_server tee -a "$work/data/postgresql.conf" >/dev/null
    fi
    as_server "$pgbin/pg_ctl" -D "$work/data" -l "$work/server.log" -w start >/dev/null || {
        cat "$work/server.log" >&2
        exit 1
    }
}

export PGHOST="$work" PGUSER=postgres PGDATABASE=postgres PGCLIENTENCODING=UTF8
export PGOPTIONS='-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres
    -c bytea_output=hex -c extra_float_digits=1 -c lc_monetary=C -c client_min_messages=error'

sql() {
    as_server "$pgbin/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# record SCRIPT ORIGINS TABLES: what the script does, as the plugin tells it
record() {
    sql -c "SELECT 1 FROM pg_create_logical_replication_slot('golden', 'wal2json')" >/dev/null
    sql <"$here/$1" >/dev/null
    # psql leaves out characters that it takes for invalid: COPY does not. As
    # CSV, because text would double the backslashes; there is nothing to quote.
    sql -v origins="$2" -v tables="$3" <<-'END'
		COPY (SELECT data FROM pg_logical_slot_get_changes('golden', NULL, NULL,
		    'format-version', '2', 'include-xids', '1', 'include-timestamp', '1',
		    'include-origin', '1', 'include-lsn', '1', 'include-types', '0',
		    'include-typmod', '0', 'filter-origins', :'origins',
		    'add-msg-prefixes', 'pgtandem', 'add-tables', :'tables'))
		TO STDOUT (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02');
	END
    sql -c "SELECT pg_drop_replication_slot('golden')" >/dev/null
}

start_server
sql <"$here/schema.sql" >/dev/null
record scenario.sql 2 '*.*' >"$work/messages"
record selection.sql 1,2 "$(cat "$here/selection.option")" >"$work/selection"

awk -f "$here/normalise.awk" "$work/messages" >"$here/messages.jsonl"
awk -f "$here/normalise.awk" "$work/selection" >"$here/selection.jsonl"
wc -l "$here/messages.jsonl" "$here/selection.jsonl"
