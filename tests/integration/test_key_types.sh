#!/bin/bash
# What the type of a key makes possible: NaN and Infinity, which the stream does not
# tell apart, and no order at all. It is refused before anything is made, and with the
# cure that check names a key can come to hold nothing that would stop a link.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main
create_database main app

# on SIDE SQL
on() {
    sql main app "${2//SIDE/$1}"
}

number_tables="real number precise named"
create_numbers() {
    run_sql main app <<'SQL'
CREATE DOMAIN public.measure AS double precision;
CREATE SCHEMA ox;
CREATE TABLE ox.real (id real PRIMARY KEY, v text);
CREATE TABLE ox.number (a int, "Id" numeric, v text, PRIMARY KEY (a, "Id"), CHECK ("Id" < 'NaN') NOT VALID);
CREATE TABLE ox.precise (id numeric(6,2) PRIMARY KEY, v text);
CREATE TABLE ox.named (id public.measure PRIMARY KEY, v text);
INSERT INTO ox.real VALUES (1.5, 'a'), (-2, 'b');
INSERT INTO ox.number VALUES (1, 1.50, 'a'), (1, 1e30, 'b');
INSERT INTO ox.precise VALUES (1.5, 'a'), ('NaN', 'copied');
INSERT INTO ox.named VALUES ('NaN', 'copied'), ('Infinity', 'copied'), ('-Infinity', 'copied'), (0.1, 'a');
SQL
    cat >"$T/numbers.sql" <<'SQL'
CREATE SCHEMA nx;
CREATE TABLE nx.real (id real PRIMARY KEY, v text);
CREATE TABLE nx.number (v text, "Id" numeric, a int, PRIMARY KEY ("Id", a));
CREATE TABLE nx.precise (id numeric(6,2) PRIMARY KEY, v text);
CREATE TABLE nx.named (id public.measure PRIMARY KEY, v text);
SQL
}

configure_numbers() {
    pair_config "$(dsn main app)" "$(dsn main app)" \
        "$(for table in $number_tables; do echo "  - {old: ox.$table, new: nx.$table}"; done)"
    sed -i "s|^new:|&\n  ddl: $T/numbers.sql|" "$PGTANDEM_CONFIG"
}

assert_nothing_is_left() {
    assert_eq "$(sql main app "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_replication_origin)
                                      + (SELECT count(*) FROM pg_namespace WHERE nspname IN ('pgtandem', 'nx'))")" 0 "what is left"
}

# refused_everywhere PART: by each command that would begin, with nothing made.
refused_everywhere() {
    local command
    for command in setup backfill "run --once"; do
        # shellcheck disable=SC2086
        assert_exit 3 pgtandem $command
        assert_contains "$output" "$1"
        assert_nothing_is_left
    done
}

# cures: what check says to do about keys, as SQL.
cures() {
    { pgtandem check --json || true; } 2>/dev/null | jq -r '.[] | select(.check == "key" and .level == "error") | .hint + ";"'
}

test_a_key_that_may_hold_nan_or_infinity_is_refused() {
    create_numbers
    configure_numbers
    refused_everywhere "may hold NaN and Infinity"
    assert_exit 3 pgtandem check
    assert_contains "$output" 'key column "id" of ox.real in the old database may hold NaN and Infinity'
    assert_contains "$output" 'key column "Id" of ox.number in the old database may hold NaN and Infinity'
    # one that lets some of them through does not do, nor one that is not validated
    sql main app 'ALTER TABLE ox.real ADD CHECK (id < 1000000), ADD CHECK (v <> id::text)'
    assert_eq "$(cures | wc -l)" 2 "$(cures)"
}

# As check says it: on the old side first, then for the tables that are to be made.
test_a_check_that_keeps_them_out_opens_the_gate() {
    cures >"$T/cures.sql"
    run_sql main app <"$T/cures.sql"
    assert_exit 3 pgtandem setup
    assert_contains "$output" "of nx.real in the new database may hold NaN and Infinity"
    assert_eq "$(sql main app "SELECT count(*) FROM pg_replication_slots")" 0 "slots"
    cures | run_sql main app
    assert_eq "$(cures)" "" "what is still to be done"
    service_start
    wait_phase live
    assert_exit 1 sql main app "INSERT INTO ox.number VALUES (1, 'NaN', 'x')"
    assert_exit 1 sql main app "INSERT INTO nx.real VALUES ('-Infinity', 'x')"
}

number_keys() {
    on "$1" "UPDATE SIDEx.real SET id = id * 1.1, v = '$1'; DELETE FROM SIDEx.real WHERE id < 0; INSERT INTO SIDEx.real VALUES (-3, 'n')
             ; UPDATE SIDEx.number SET \"Id\" = \"Id\" * 1.10, v = '$1'"
    # those that are printed as they are, or can only be NaN
    on "$1" "UPDATE SIDEx.precise SET v = '$1'; UPDATE SIDEx.named SET v = '$1'"
    same_numbers
    on "$1" "UPDATE SIDEx.precise SET id = 7 WHERE id = 'NaN'; UPDATE SIDEx.precise SET id = 'NaN' WHERE id = 1.5;
             DELETE FROM SIDEx.named WHERE id = 'Infinity'; UPDATE SIDEx.named SET id = 'Infinity' WHERE id = 'NaN'"
    same_numbers
    on "$1" "DELETE FROM SIDEx.precise WHERE id = 'NaN'; UPDATE SIDEx.precise SET id = 'NaN';
             INSERT INTO SIDEx.precise VALUES (1.50, '$1'); INSERT INTO SIDEx.named VALUES ('NaN', '$1')"
    same_numbers
}

same_numbers() {
    local table columns
    for table in $number_tables; do
        columns=$([ "$table" = number ] && echo 'a, "Id", v' || echo 'id, 0, v')
        wait_same_rows 20 main app "SELECT $columns FROM ox.$table ORDER BY 1, 2" \
            main app "SELECT $columns FROM nx.$table ORDER BY 1, 2"
    done
}

test_rows_are_found_by_keys_that_are_no_number() {
    same_numbers
    number_keys o
    number_keys n
    assert_eq "$(status_field '.forward.parked + .reverse.parked + .forward.conflicts + .reverse.conflicts')" 0 \
        "$(rows main app "SELECT table_name, key, reason FROM pgtandem.parked")"
    pgtandem verify --full
}

test_a_check_that_goes_is_noticed_before_anything_is_lost() {
    local name
    name=$(sql main app "SELECT conname FROM pg_constraint WHERE conrelid = 'nx.real'::regclass AND contype = 'c'")
    sql main app "ALTER TABLE nx.real DROP CONSTRAINT $name"
    wait_service_end 1
    assert_contains "$(last_words)" "table nx.real in the new database was altered"
    service_start
    wait_service_end 3
    cures | run_sql main app
    service_start
    wait_until 60 links_are_drained
    sql main app "UPDATE nx.real SET v = 'again'"
    same_numbers
    service_stop
    teardown
}

test_a_key_whose_type_has_no_order_is_refused() {
    local refused='of ox.odd in the old database has the type hstore, which does not sort'
    run_sql main app <<'SQL'
CREATE EXTENSION hstore SCHEMA ox;
CREATE TABLE ox.odd (id ox.hstore PRIMARY KEY, v text);
DROP SCHEMA nx CASCADE;
SQL
    number_tables=odd
    echo 'CREATE SCHEMA nx CREATE TABLE nx.odd (id ox.hstore PRIMARY KEY, v text)' >"$T/numbers.sql"
    configure_numbers
    assert_exit 3 pgtandem check
    assert_contains "$output" "${refused/hstore/ox.hstore}"
    refused_everywhere "${refused/hstore/ox.hstore}"
}

# Whatever can be a key otherwise passes: the gate must not be narrower than need be.
test_keys_of_every_type_with_an_order_pass() {
    local type types='jsonb int4range int[] bit(3) money tsvector uuid inet macaddr name "char" oid pg_lsn xid8 interval bytea
        char(3) varchar text date time timestamptz bool smallint ox.pair ox.mood ox.label numeric[]'
    run_sql main app <<'SQL'
CREATE TYPE ox.pair AS (a int, b text);
CREATE TYPE ox.mood AS ENUM ('b', 'a');
CREATE DOMAIN ox.label AS varchar(9) CHECK (VALUE <> '');
SQL
    number_tables=
    for type in $types; do
        number_tables+=" t$(wc -w <<<"$number_tables")"
        sql main app "CREATE TABLE ox.${number_tables##* } (id $type PRIMARY KEY, v text)"
    done
    configure_numbers
    assert_eq "$(cures)" ""
    assert_eq "$(pgtandem check --json 2>/dev/null | jq -r '.[] | select(.check == "key") | .level')" "$(printf 'ok\nok')"
}

run_tests "$@"
