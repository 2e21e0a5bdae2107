#!/bin/bash
# Names as odd as PostgreSQL takes them: of databases, schemas, tables, columns and
# keys, on both sides; through the copy and both links.
# shellcheck disable=SC1003,SC2016 # backslashes and dollars as they are
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main

old_database="it's an \\odd\\ name, \"old\""
new_database='Ünïcode 東京 $1'
sql main postgres "CREATE DATABASE \"it's an \\odd\\ name, \"\"old\"\"\""
sql main postgres "CREATE DATABASE \"$new_database\""

# quoted NAME: as an identifier of SQL
quoted() {
    echo "\"${1//\"/\"\"}\""
}

# value NAME: as a value of a connection string
value() {
    local text=${1//\\/\\\\}
    echo "'${text//\'/\\\'}'"
}

# connection DATABASE: a connection string with the name quoted
connection() {
    echo "host=$T/socket port=$(cat "$T/clusters/main.port") user=postgres dbname=$(value "$1")"
}

# run DATABASE: the SQL on standard input
run() {
    PGOPTIONS='-c client_min_messages=warning' "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$(connection "$1")" -f -
}

long=a23456789012345678901234567890123456789012345678901234567890123 # 63 bytes
schemas=('Sche.ma "x", y' 'sch\e*ma' public)
names=('Tab"le' 'dotted.name' 'comma, name' 'back\slash' 'star*' ' blanks ' 'select' 'Größe 東京 😀' "quote's" '$1' '%s %d' "$long" "tab	and
newline" '{brace}' '-- comment' 'a/*b*/')
keys=('Id' 'the "key"' 'key.dot' 'k,e' 'k\' 'order' ' ' '$1' 'ключ' "$long" 'xmin_' 'position' 'k0' 'c0' 'u' 't')
columns=('Va"lue' 'v.v' 'v,v' 'v\n' 'user' '  ' '%' '😀' "it's" "${long%3}4" 's' 'k0' 'c0' 'u' 't' 'excluded')

# in_yaml TEXT: in single quotes, or double ones where there is a control character
in_yaml() {
    if [[ $1 == *[$'\n\t']* ]]; then
        local text=${1//\\/\\\\}
        text=${text//\"/\\\"}
        text=${text//$'\n'/\\n}
        echo "\"${text//$'\t'/\\t}\""
    else
        echo "'${1//\'/\'\'}'"
    fi
}

table_of() { # old|new NUMBER
    local schema=${schemas[$2 % 3]} name=${names[$2]}
    if [ "$1" = new ]; then
        schema=${schemas[($2 + 1) % 3]}
        name=${names[(($2 + 5) % ${#names[@]})]}
    fi
    echo "$(quoted "$schema").$(quoted "$name")"
}

make_side() {
    local i schema
    {
        for schema in "${schemas[@]}"; do
            echo "CREATE SCHEMA IF NOT EXISTS $(quoted "$schema");"
        done
        for i in "${!names[@]}"; do
            echo "CREATE TABLE $(table_of "$1" "$i") ($(quoted "${keys[$i]}") bigint PRIMARY KEY,
                  $(quoted "${columns[$i]}") text, full_name text NOT NULL DEFAULT 'Ann Lee', n numeric);"
        done
    } | if [ "$1" = new ]; then
        sed "s/full_name text NOT NULL DEFAULT 'Ann Lee'/\"First, name\" text NOT NULL DEFAULT 'F', \"last.\"\"name\" text NOT NULL DEFAULT 'L'/" | run "$2"
    else
        run "$2"
    fi
}

configure() {
    local i tables=
    for i in "${!names[@]}"; do
        tables+="  - old: $(in_yaml "$(table_of old "$i")")
    new: $(in_yaml "$(table_of new "$i")")
    transforms:
      - {use: split_name, old: [full_name], new: ['First, name', 'last.\"name']}
"
    done
    {
        echo "migration: odd_names"
        echo "old: {dsn: $(in_yaml "$(connection "$old_database")")}"
        echo "new: {dsn: $(in_yaml "$(connection "$new_database")")}"
        echo "tables:"
        echo "$tables"
    } >"$PGTANDEM_CONFIG"
}

make_side old "$old_database"
make_side new "$new_database"
configure

# all SIDE DATABASE STATEMENT: with @table, @key and @column for each table
all() {
    local i statement
    for i in "${!names[@]}"; do
        statement=${3//@table/$(table_of "$1" "$i" | sed 's/&/\\&/g')}
        statement=${statement//@key/$(quoted "${keys[$i]}")}
        echo "${statement//@column/$(quoted "${columns[$i]}")};"
    done | run "$2"
}

contents() {
    if [ "$1" = old ]; then
        all old "$old_database" "SELECT @key, @column, full_name, n FROM @table ORDER BY @key"
    else
        all new "$new_database" "SELECT @key, @column, \"First, name\" || ' ' || \"last.\"\"name\", n FROM @table ORDER BY @key"
    fi
}

# same ROWS: so many in all, the same on both sides
same() {
    local end=$((SECONDS + 30))
    until contents old >"$T/old" && contents new >"$T/new" && cmp -s "$T/old" "$T/new" && [ "$(wc -l <"$T/old")" = "$1" ]; do
        [ $SECONDS -le $end ] || fail "they differ: $(diff "$T/old" "$T/new" | head -n 5 || true) $(wc -l <"$T/old")"
        must_be_running
        sleep 0.2
    done
}

test_the_copy() {
    all old "$old_database" "INSERT INTO @table SELECT i, 'v' || i, 'Ann Lee' || i, i FROM generate_series(1, 5) i"
    service_start
    wait_phase live
    same $((5 * ${#names[@]}))
}

test_the_forward_link() {
    all old "$old_database" "INSERT INTO @table VALUES (6, 'six', 'Bob Ray', 'NaN'), (7, 'seven', 'Bob Ray', 7);
        UPDATE @table SET @column = 'changed' WHERE @key = 1; UPDATE @table SET @key = 20, n = NULL WHERE @key = 2; DELETE FROM @table WHERE @key = 3"
    same $((6 * ${#names[@]}))
}

test_the_reverse_link() {
    all new "$new_database" "INSERT INTO @table (@key, @column) VALUES (8, 'eight'), (9, 'nine');
        UPDATE @table SET @column = 'changed back', n = 'Infinity' WHERE @key = 1; UPDATE @table SET @key = 30 WHERE @key = 4; DELETE FROM @table WHERE @key = 5"
    same $((7 * ${#names[@]}))
}

test_parked_rows_are_named() {
    all new "$new_database" "ALTER TABLE @table ADD CONSTRAINT \"odd ' \"\"check\" CHECK (@key < 100)" # leaves the columns as they are
    all old "$old_database" "INSERT INTO @table (@key, @column) VALUES (100, 'parked')"
    wait_until 30 all_are_parked
    run "$new_database" <<<"SELECT DISTINCT table_name FROM pgtandem.parked" >"$T/parked"
    assert_eq "$(grep -cxF 'Sche.ma "x", y.back\slash' "$T/parked")" 1 "$(cat "$T/parked")"
    all old "$old_database" "DELETE FROM @table WHERE @key = 100"
    same $((7 * ${#names[@]}))
    wait_until 60 nothing_is_parked # nothing is left to be written
}

nothing_is_parked() {
    [ "$(status_field '"\(.forward.parked) \(.reverse.parked)"')" = '0 0' ]
}

all_are_parked() {
    [ "$(run "$new_database" <<<"SELECT count(DISTINCT table_name) FROM pgtandem.parked WHERE key <> '{}' AND row_image::text LIKE '%parked%'")" = "${#names[@]}" ]
}

test_verify_finds_no_difference() {
    service_stop
    assert_exit 0 pgtandem verify --full
    run "$new_database" <<<"UPDATE $(table_of new 3) SET n = 12345 WHERE $(quoted "${keys[3]}") = 6"
    assert_exit 4 pgtandem verify --full
}

test_teardown_leaves_nothing() {
    pgtandem teardown --all >/dev/null 2>&1 || fail "teardown"
    assert_eq "$(run "$new_database" <<<"SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_replication_origin)")" 0
}

run_tests "$@"
