#!/bin/bash
# Large values that a change left alone: the stream does not carry them, and they
# must stay or be fetched, under each replica identity and in both directions.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main
create_database main app

# `packed` is compressed, `raw` is stored out of line as it is; each row differs.
large() {
    echo "repeat('packed $1 ', 20000) || $1, (SELECT string_agg(md5($1 || '/' || p), '') FROM generate_series(1, 200) p)"
}

make_tables() {
    local side identity
    for side in o n; do
        psql_in main app -c "CREATE SCHEMA $side"
        for identity in "d DEFAULT" "f FULL" "i USING INDEX i_other"; do
            psql_in main app -c "
                CREATE TABLE $side.${identity%% *} (id bigint PRIMARY KEY, note int, packed text, raw text, n numeric);
                ALTER TABLE $side.${identity%% *} ALTER raw SET STORAGE EXTERNAL"
            [ "${identity%% *}" != i ] || psql_in main app -c "CREATE UNIQUE INDEX i_other ON $side.i (id)"
            psql_in main app -c "ALTER TABLE $side.${identity%% *} REPLICA IDENTITY ${identity#* }"
        done
    done
    psql_in main app -c "
        CREATE TABLE o.mail (id int PRIMARY KEY, name text NOT NULL, email text, note int);
        CREATE TABLE n.mail (id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL,
                             local_part text, domain text, note int)"
}
make_tables

configure() {
    pair_config "$(dsn main app)" "$(dsn main app)" "
  - {old: o.d, new: n.d}
  - {old: o.f, new: n.f}
  - {old: o.i, new: n.i}
  - old: o.mail
    new: n.mail
    transforms:
      - {use: split_name, old: [name], new: [first_name, last_name]}
      - {use: $T/example/split_email.so, old: [email], new: [local_part, domain]}" "${1:-}"
}

make_example() {
    cp -r "$ROOT/plugin/example" "$T/example"
    make -s -C "$T/example" PGTANDEM_INCLUDE="$ROOT/plugin" >"$T/make.log" 2>&1 || fail "$(cat "$T/make.log")"
}
make_example

in_tables() {
    local table
    for table in d f i; do
        sql main app "${1//TABLE/$table}"
    done
}

# same_large [FROM]: rows with keys from there on.
same_large() {
    local table columns="id, note, md5(packed), length(packed), md5(raw), n"
    for table in d f i; do
        wait_same_rows 30 main app "SELECT $columns FROM o.$table WHERE id >= ${1:--99999} ORDER BY id" \
            main app "SELECT $columns FROM n.$table WHERE id >= ${1:--99999} ORDER BY id"
    done
}

same_mail() {
    wait_same_rows 30 main app "SELECT id, name, email, note FROM o.mail ORDER BY id" \
        main app "SELECT id, first_name || ' ' || last_name, local_part || '@' || domain, note
                  FROM n.mail ORDER BY id"
}

# nothing_odd: no conflict, and no parked row.
nothing_odd() {
    assert_eq "$(status_field '.forward.parked + .reverse.parked')" 0 "$(rows main app 'SELECT * FROM pgtandem.parked')"
    assert_eq "$(status_field '.forward.conflicts + .reverse.conflicts')" 0 conflicts
}

# A copy that is interrupted half-way, and what the source goes through meanwhile:
# the rest of the copy comes from a later snapshot than the stream.
test_an_interrupted_copy_with_changes_that_left_large_values_alone() {
    in_tables "INSERT INTO o.TABLE SELECT i, 0, $(large i), i FROM generate_series(1, 160) i"
    configure "backfill: {jobs: 1, chunk_rows: 20, chunk_time: 0, warm_up: 0, max_rows_per_second: 60}"
    service_start
    wait_until 60 copied_some
    service_kill
    in_tables "UPDATE o.TABLE SET note = note + 1 WHERE id % 3 = 0"
    in_tables "UPDATE o.TABLE SET note = 2, n = 'NaN' WHERE id % 7 = 0"
    # to where it was copied already, by one step and by two, and the other way
    in_tables "UPDATE o.TABLE SET id = -id WHERE id > 140"
    in_tables "UPDATE o.TABLE SET id = id + 10000 WHERE id < -156"
    in_tables "UPDATE o.TABLE SET id = id + 20000 WHERE id BETWEEN 1 AND 10"
    in_tables "DELETE FROM o.TABLE WHERE id BETWEEN -150 AND -146"
    in_tables "UPDATE o.TABLE SET note = 3 WHERE id < 0 OR id > 9000"
    in_tables "BEGIN; INSERT INTO o.TABLE SELECT 500, 5, $(large 500), 5;
               UPDATE o.TABLE SET note = 6 WHERE id = 500;
               UPDATE o.TABLE SET id = 501 WHERE id = 500;
               UPDATE o.TABLE SET note = 7, n = 'NaN' WHERE id = 501; COMMIT"
    configure
    service_start
    wait_phase live
    same_large
    assert_eq "$(sql main app "SELECT count(DISTINCT snapshot) > 1 FROM pgtandem.chunk")" t "several snapshots"
    nothing_odd
}

copied_some() {
    [ "$(status_field '.backfill.rows_done >= 40')" = true ] &&
        [ "$(status_field '.backfill.rows_done < 150')" = true ]
}

# live_changes SOURCE: what happens to rows 1000 to 1010 there.
live_changes() {
    in_tables "INSERT INTO $1.TABLE SELECT i, 0, $(large i), i FROM generate_series(1000, 1010) i"
    same_large 1000
    in_tables "UPDATE $1.TABLE SET note = 1 WHERE id BETWEEN 1000 AND 1009"
    same_large 1000
    in_tables "UPDATE $1.TABLE SET packed = 'small' WHERE id = 1001;
               UPDATE $1.TABLE SET raw = NULL WHERE id = 1002;
               UPDATE $1.TABLE SET packed = packed || 'x' WHERE id = 1003;
               UPDATE $1.TABLE SET n = 'NaN' WHERE id = 1004;
               UPDATE $1.TABLE SET n = NULL, raw = '' WHERE id = 1005"
    same_large 1000
    # the key, alone and with others, and back in one transaction
    in_tables "UPDATE $1.TABLE SET id = 2006 WHERE id = 1006;
               UPDATE $1.TABLE SET id = 2007, note = 7, n = 'NaN' WHERE id = 1007;
               BEGIN; UPDATE $1.TABLE SET id = 2008 WHERE id = 1008; UPDATE $1.TABLE SET note = 8 WHERE id = 2008;
               UPDATE $1.TABLE SET id = 1008 WHERE id = 2008; COMMIT"
    same_large 1000
    # with the insert in one transaction, and in one batch
    in_tables "BEGIN; INSERT INTO $1.TABLE SELECT 1020, 0, $(large 1020), 1;
               UPDATE $1.TABLE SET note = 1 WHERE id = 1020; UPDATE $1.TABLE SET id = 1021 WHERE id = 1020;
               UPDATE $1.TABLE SET n = 'NaN' WHERE id = 1021; COMMIT"
    same_large 1000
    in_tables "DELETE FROM $1.TABLE WHERE id >= 1000 AND id < 9000"
    same_large
}

test_large_values_stay_when_the_old_side_leaves_them_alone() {
    live_changes o
    nothing_odd
}

test_large_values_stay_when_the_new_side_leaves_them_alone() {
    live_changes n
    nothing_odd
}

test_transforms_of_large_values() {
    sql main app "INSERT INTO o.mail SELECT i, 'Ada ' || string_agg(md5(i || '/' || p), ''),
                      string_agg(md5(i || ':' || p), '') || '@example.com', 0
                  FROM generate_series(1, 5) i, generate_series(1, 200) p GROUP BY i"
    same_mail
    sql main app "UPDATE o.mail SET note = 1 WHERE id = 1; UPDATE o.mail SET name = 'Small Name' WHERE id = 2;
                  UPDATE o.mail SET email = 'small@example.org' WHERE id = 3; UPDATE o.mail SET id = 40 WHERE id = 4"
    same_mail
    # one of two inputs is there, the other is not: it has to be fetched
    sql main app "UPDATE n.mail SET note = 2 WHERE id = 1; UPDATE n.mail SET domain = 'example.net' WHERE id = 1;
                  UPDATE n.mail SET first_name = 'Grace' WHERE id = 5;
                  UPDATE n.mail SET id = 50, first_name = 'Eve', domain = 'd' WHERE id = 40"
    same_mail
    assert_eq "$(sql main app "SELECT right(email, 12) FROM o.mail WHERE id = 1")" "@example.net"
    nothing_odd
}

# The input to fetch has changed again, or its row has gone, when it is looked for.
test_transforms_of_large_values_that_are_gone_again() {
    service_stop
    sql main app "UPDATE n.mail SET first_name = 'One' WHERE id = 1"
    sql main app "UPDATE n.mail SET last_name = 'Short' WHERE id = 1"
    sql main app "UPDATE n.mail SET domain = 'gone' WHERE id = 5"
    sql main app "DELETE FROM n.mail WHERE id = 5"
    sql main app "UPDATE n.mail SET domain = 'moved' WHERE id = 50"
    sql main app "UPDATE n.mail SET id = 51 WHERE id = 50"
    sql main app "UPDATE n.mail SET note = 51 WHERE id = 51"
    service_start
    wait_rows 30 main app "SELECT note FROM o.mail WHERE id = 51" 51
    same_mail
    nothing_odd
    service_stop
}

run_tests "$@"
