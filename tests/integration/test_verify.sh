#!/bin/bash
# verify: what it finds, what it takes for a change on its way, and how it tells.
. "$(dirname "$0")/lib.sh"

cluster_start main
create_scenario main app 3000
write_config "$(dsn main app)" "$(dsn main app)"

# figure FILTER [ARGUMENTS...]: from `verify --json`
figure() {
    local filter=$1
    shift
    { pgtandem verify --json "$@" 2>/dev/null || true; } | jq -c "$filter"
}

# A table of its own on each side, whatever the columns: SQL makes them, in the
# schemas a and b; the configuration copies column by column.
two_tables() {
    sql main app "DROP SCHEMA IF EXISTS a CASCADE; DROP SCHEMA IF EXISTS b CASCADE;
                  CREATE SCHEMA a; CREATE SCHEMA b; $1" 2>/dev/null
    write_config "$(dsn main app)" "$(dsn main app)" 'tables: [{old: a.t, new: b.t}]'
}

test_a_copied_table_matches() {
    pgtandem backfill >/dev/null 2>&1
    assert_exit 0 pgtandem verify --full
    assert_contains "$output" "accuracy: 100 % of 3,000 rows (all of them)"
    assert_eq "$(figure '[.rows_checked, .matched, .different, .missing_in_old, .missing_in_new,
                          .accuracy, .mode, .parked]' --full)" '[3000,3000,0,0,0,1,"full",0]'
}

test_a_sample_has_the_size_that_was_asked_for() {
    assert_eq "$(figure '[.rows_checked, .matched, .mode]' --sample 200)" '[200,200,"sample"]'
    assert_eq "$(figure .rows_checked --sample 100000)" 3000
    assert_eq "$(figure .rows_checked)" 3000 "verify.sample of the configuration"
}

test_every_kind_of_difference_is_found_and_named() {
    sql main app "BEGIN;
        UPDATE app_v2.users SET bio = 'x' WHERE id = 7;
        UPDATE app_v2.users SET bio = NULL WHERE id = 8;
        UPDATE app_v2.users SET first_name = first_name || 'x' WHERE id = 1000;
        UPDATE app_v2.users SET updated_at = updated_at + '1 us' WHERE id = 2001;
        DELETE FROM app_v2.users WHERE id IN (1, 3000);
        INSERT INTO app_v2.users VALUES (5000, 'e', 'f', 'l');
        COMMIT"
    assert_exit 4 pgtandem verify --full
    assert_contains "$output" "different                     4   keys 7 8 1000 2001"
    assert_contains "$output" "missing in new                2   keys 1 3000"
    assert_contains "$output" "missing in old                1   key 5000"
    assert_contains "$output" "accuracy: 99.76 %"
    assert_eq "$(figure '[.rows_checked, .matched, .different, .missing_in_old, .missing_in_new]' --full)" \
        '[3001,2994,4,1,2]'
    assert_eq "$(figure '[.examples[] | select(.kind == "missing_in_new") | .key[0]]' --full)" '["1","3000"]'
    assert_eq "$(figure '[.tables[] | .old, .new, .different]' --full)" '["public.users","app_v2.users",4]'
}

test_a_sample_finds_rows_of_either_side_that_are_missing() {
    assert_exit 4 pgtandem verify --sample 3000
    assert_eq "$(figure '[.different, .missing_in_old, .missing_in_new]' --sample 3001)" '[4,1,2]'
}

test_no_value_but_keys_is_shown() {
    sql main app "UPDATE app_v2.users SET bio = 'private words' WHERE id = 9"
    assert_exit 4 pgtandem verify --full
    case $output in *private*) fail "$output" ;; esac
    assert_exit 4 pgtandem --log-level debug verify --full --json
    case $output in *private*) fail "$output" ;; esac
}

test_a_correction_that_maps_back_is_no_difference() {
    sql main app "TRUNCATE app_v2.users; TRUNCATE public.users;
        INSERT INTO public.users (id, email, full_name) VALUES (1, 'e', 'Johann van der Berg'), (2, 'f', ' Ada');
        INSERT INTO app_v2.users (id, email, first_name, last_name, created_at, updated_at)
        SELECT id, email, 'Johann', 'van der Berg', created_at, updated_at FROM public.users WHERE id = 1
        UNION ALL
        SELECT id, email, 'Ada', '', created_at, updated_at FROM public.users WHERE id = 2"
    assert_exit 0 pgtandem verify --full
}

test_parked_rows_are_counted() {
    sql main app "INSERT INTO pgtandem.parked (migration, link, table_name, key, operation, sqlstate, reason)
                  VALUES ('users_name_split', 'forward', 'app_v2.users', '[3]', 'insert', '22001', 'long'),
                         ('another', 'forward', 'app_v2.users', '[3]', 'insert', '22001', 'long')"
    assert_eq "$(figure .parked)" 1
    sql main app "UPDATE pgtandem.parked SET settled_at = now()"
    assert_eq "$(figure .parked)" 0 "those that are settled"
    pgtandem teardown --all >/dev/null
    sql main app "DROP SCHEMA IF EXISTS pgtandem CASCADE" 2>/dev/null
}

test_empty_tables_agree() {
    two_tables "CREATE TABLE a.t (id int PRIMARY KEY); CREATE TABLE b.t (id int PRIMARY KEY)"
    assert_eq "$(figure '[.rows_checked, .accuracy]' --full)" '[0,1]'
    assert_eq "$(figure '[.rows_checked, .accuracy]' --sample 5)" '[0,1]'
    assert_exit 0 pgtandem verify
}

test_values_that_the_other_type_stores_less_finely_agree() {
    two_tables "
        CREATE TABLE a.t (id int PRIMARY KEY, n numeric, j json, at timestamptz, s varchar(20), b boolean, f real);
        CREATE TABLE b.t (id bigint PRIMARY KEY, n numeric(10,2), j jsonb, at timestamptz(0), s text, b boolean,
                          f double precision);
        INSERT INTO a.t VALUES (1, 1.2345, '{\"b\": 1,   \"a\": 2}', '2026-01-02 03:04:05.6+02', 'x', true, 0.1),
                               (2, NULL, NULL, NULL, NULL, NULL, NULL),
                               (3, 'NaN', 'null', '-infinity', '', false, 'Infinity');
        INSERT INTO b.t SELECT id, n, j::jsonb, at, s, b, f FROM a.t"
    assert_exit 0 pgtandem verify --full
    sql main app "UPDATE b.t SET n = 1.24 WHERE id = 1; UPDATE b.t SET j = '{}' WHERE id = 3;
                  UPDATE b.t SET n = 0 WHERE id = 2"
    assert_exit 4 pgtandem verify --full
    assert_contains "$output" "keys 1 2 3"
}

test_a_value_that_the_other_type_cannot_hold_hides_no_other_row() {
    two_tables "
        CREATE TABLE a.t (id int PRIMARY KEY, n bigint);
        CREATE TABLE b.t (id int PRIMARY KEY, n int);
        INSERT INTO a.t SELECT i, CASE WHEN i IN (500, 501) THEN 3000000000 ELSE i END FROM generate_series(1, 1000) i;
        INSERT INTO b.t SELECT i, CASE WHEN i = 500 THEN 1 ELSE i END FROM generate_series(1, 1000) i WHERE i <> 501"
    assert_eq "$(figure '[.matched, .different, .missing_in_new, [.examples[].key[0]]]' --full)" \
        '[998,1,1,["500","501"]]'
    assert_eq "$(figure '[.matched, .different, .missing_in_new]' --sample 1000)" '[998,1,1]'
}

test_keys_of_several_columns_and_odd_texts_are_found() {
    two_tables "
        CREATE TABLE a.t (k text, n int, \"v \"\"x\" text, PRIMARY KEY (k, n));
        CREATE TABLE b.t (k text COLLATE \"C\", n int, \"v \"\"x\" text, PRIMARY KEY (k, n));
        INSERT INTO a.t SELECT k, n, k FROM unnest(ARRAY['', ' ', 'a,b', '{x}', '\"', '\\', 'NULL', 'ä', 'Z', 'z',
                                                         E'new\nline', '''']) k, generate_series(1, 500) n;
        INSERT INTO b.t SELECT * FROM a.t"
    assert_eq "$(figure '[.matched, .rows_checked]' --full)" '[6000,6000]'
    sql main app "DELETE FROM b.t WHERE k = '\\' AND n = 77; UPDATE b.t SET \"v \"\"x\" = '' WHERE k = 'ä' AND n = 500;
                  INSERT INTO b.t VALUES ('', 0, 'x')"
    assert_eq "$(figure '[.examples[] | [.kind, .key]]' --full --values)" \
        '[["different",["ä","500"]],["missing_in_old",["","0"]],["missing_in_new",["\\","77"]]]'
    assert_eq "$(figure '[.examples[].key] | unique' --full)" '[null]'
    assert_exit 4 pgtandem verify --full --values
    assert_contains "$output" "key (ä, 500)"
}

test_databases_that_order_texts_differently_are_compared() {
    sql main postgres "CREATE DATABASE posix LOCALE 'C' ENCODING 'UTF8' TEMPLATE template0"
    sql main app "DROP SCHEMA a CASCADE; CREATE SCHEMA a; CREATE TABLE a.t (k text PRIMARY KEY, v int);
                  INSERT INTO a.t SELECT chr(64 + i % 60) || i, i FROM generate_series(1, 3000) i" 2>/dev/null
    sql main posix "CREATE SCHEMA b; CREATE TABLE b.t (k text PRIMARY KEY, v int);
                    INSERT INTO b.t SELECT chr(64 + i % 60) || i, i FROM generate_series(1, 3000) i"
    write_config "$(dsn main app)" "$(dsn main posix)" 'tables: [{old: a.t, new: b.t}]'
    assert_eq "$(figure '[.matched, .rows_checked]' --full)" '[3000,3000]'
}

test_types_of_extensions_can_be_keys() {
    sql main app "CREATE EXTENSION IF NOT EXISTS citext" 2>/dev/null || return 0 # not installed
    two_tables "
        CREATE TABLE a.t (k public.citext PRIMARY KEY, v int); CREATE TABLE b.t (k public.citext PRIMARY KEY, v int);
        INSERT INTO a.t SELECT CASE WHEN i % 2 = 0 THEN 'k' ELSE 'K' END || i, i FROM generate_series(1, 2000) i;
        INSERT INTO b.t SELECT * FROM a.t"
    assert_eq "$(figure '[.matched, .rows_checked]' --full)" '[2000,2000]'
}

test_differences_under_way_are_not_counted() {
    sql main app "TRUNCATE public.users, app_v2.users"
    write_config "$(dsn main app)" "$(dsn main app)"
    sql main app "INSERT INTO public.users (email, full_name) SELECT i || '@x', 'A ' || i FROM generate_series(1, 2000) i"
    service_start
    wait_phase live
    load_start main app old_mixed 200 8 -D rows=2000
    load_start main app new_mixed 200 8 -D rows=2000
    for _ in 1 2 3; do
        assert_exit 0 pgtandem verify --full
        assert_exit 0 pgtandem verify --sample 500
    done
    load_wait old_mixed
    load_wait new_mixed
    assert_exit 0 pgtandem verify --full --json
}

# unseen STATEMENT: written under an origin of pgtandem's own, it is not streamed
unseen() {
    sql main app "SELECT FROM pg_replication_origin_session_setup('pgtandem_users_name_split_copy_0');
                  $1"
}

test_real_differences_are_found_while_the_service_runs() {
    unseen "UPDATE app_v2.users SET bio = 'drifted' WHERE id = (SELECT min(id) FROM app_v2.users)"
    assert_exit 4 pgtandem verify --full
    assert_contains "$output" "different                     1"
    service_stop
    pgtandem teardown --all >/dev/null
}

# A row of each kind: changed, missing in new, missing in old, and an original of the
# new side's application whose copy was lost. The first three were made by ours, so
# that the old row goes over the first, comes back for the second, and the third goes.
break_rows() {
    unseen "UPDATE app_v2.users SET bio = 'drifted' WHERE id IN (11, 12);
            DELETE FROM app_v2.users WHERE id = 13;
            INSERT INTO app_v2.users (id, email, first_name, last_name) VALUES (900001, 'x', 'y', 'z');
            DELETE FROM public.users WHERE id = $1"
}

# An original of the new side
new_original() {
    sql main app "INSERT INTO app_v2.users (email, first_name, last_name)
                  VALUES (gen_random_uuid(), 'Ori', 'Ginal') RETURNING id"
}

assert_rows_are_mended() {
    assert_eq "$(sql main app "SELECT count(*) FROM app_v2.users WHERE bio = 'drifted' OR id = 900001")" 0
    assert_eq "$(sql main app "SELECT count(*) FROM app_v2.users WHERE id = 13")" 1
    assert_eq "$(sql main app "SELECT full_name FROM public.users WHERE id = $1")" "Ori Ginal"
    assert_same_tables main app
}

test_repair_has_the_running_service_mend_what_differs() {
    local id
    sql main app "TRUNCATE public.users, app_v2.users;
                  INSERT INTO public.users (id, email, full_name)
                  SELECT i, i || '@x', 'A ' || i FROM generate_series(1, 2000) i"
    service_start
    wait_phase live
    id=$(new_original)
    wait_drained
    break_rows "$id"
    assert_exit 0 pgtandem verify --full --repair
    assert_contains "$output" "5 rows differed and have been repaired"
    assert_contains "$output" "accuracy: 100 %"
    assert_rows_are_mended "$id"
    assert_eq "$(figure '[.different, .missing_in_old, .missing_in_new, .repaired]' --full --repair)" '[0,0,0,0]'
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.recheck")" 0
    service_stop
}

test_repair_without_a_service_does_it_by_itself() {
    local id
    id=$(new_original)
    assert_exit 0 pgtandem run --once
    break_rows "$id"
    sql main app "UPDATE public.users SET bio = 'on its way' WHERE id = 14"
    assert_exit 0 pgtandem verify --full --repair
    assert_contains "$output" "no service runs"
    assert_contains "$output" "6 rows differed and have been repaired"
    assert_rows_are_mended "$id"
    assert_eq "$(status_field .running)" false
}

test_repair_by_sample_mends_the_rows_of_the_sample() {
    unseen "UPDATE app_v2.users SET bio = 'drifted' WHERE id > 100"
    assert_eq "$(figure '[.rows_checked, .different > 0, .repaired > 0, .matched]' --sample 50 --repair)" '[50,false,true,50]'
    assert_eq "$(figure '.different > 1000' --full)" true
    assert_exit 0 pgtandem verify --full --repair
    assert_same_tables main app
}

test_what_cannot_be_written_stays_different_after_a_repair() {
    unseen "UPDATE app_v2.users SET bio = 'drifted' WHERE id = 15;
            UPDATE app_v2.users SET bio = 'drifted' WHERE id = 16"
    sql main app "UPDATE public.users SET bio = 'refused' WHERE id = 15" # an original
    unseen "UPDATE app_v2.users SET bio = 'drifted' WHERE id = 15;
            ALTER TABLE app_v2.users ADD CONSTRAINT c CHECK (bio <> 'refused') NOT VALID"
    assert_exit 4 pgtandem verify --full --repair
    assert_contains "$output" "different                     1   key 15"
    assert_contains "$output" "1 rows differed and have been repaired"
    assert_contains "$output" "1 parked rows wait"
    sql main app "ALTER TABLE app_v2.users DROP CONSTRAINT c"
    assert_exit 0 pgtandem verify --full --repair
    assert_same_tables main app
    pgtandem teardown --all >/dev/null
}

test_repair_wants_both_links() {
    assert_exit 3 pgtandem verify --repair
    assert_contains "$output" "the migration is in phase setup"
    assert_contains "$output" "hint: start the service"
}

test_wrong_options_and_configurations_are_refused() {
    assert_exit 2 pgtandem verify --full --sample 5
    assert_contains "$output" "not both"
    assert_exit 2 pgtandem verify --sample 0
    assert_exit 2 pgtandem verify --sample ten
    assert_exit 2 pgtandem verify --sample 99999999
    assert_contains "$output" "use --full"
    write_config "$(dsn main app)" "$(dsn main app)" 'tables: [{old: public.user, new: app_v2.users}]'
    assert_exit 2 pgtandem verify
    assert_contains "$output" "public.user does not exist in the old database"
    write_config "host=$T/socket port=1 dbname=app" "$(dsn main app)"
    assert_exit 1 pgtandem verify
    assert_contains "$output" "cannot connect to the old database"
}

run_tests "$@"
