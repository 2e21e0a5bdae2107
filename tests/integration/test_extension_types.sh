#!/bin/bash
# A key whose type came with an extension: its operators are found although
# sessions have no search_path to speak of.
. "$(dirname "$0")/lib.sh"

cluster_start main
create_database main app
sql main app "CREATE SCHEMA \"Types\"; CREATE EXTENSION citext SCHEMA \"Types\";
    CREATE TABLE public.users (code \"Types\".citext PRIMARY KEY, full_name text NOT NULL);
    CREATE SCHEMA app_v2;
    CREATE TABLE app_v2.users (code \"Types\".citext PRIMARY KEY, first_name text NOT NULL,
                               last_name text NOT NULL);
    INSERT INTO public.users
    SELECT CASE WHEN i % 2 = 0 THEN 'CODE' ELSE 'code' END || i, 'Ann Number' || i
      FROM generate_series(1, 500) i"
sql main app 'ALTER DATABASE app SET search_path = public, "Types"'
write_config "$(dsn main app)" "$(dsn main app)" 'backfill: {jobs: 2, chunk_rows: 100, chunk_time: 0, warm_up: 0}'

test_the_copy_cuts_and_finds_keys() {
    service_start
    wait_phase live
    assert_eq "$(sql main app 'SELECT count(*) FROM app_v2.users')" 500
}

test_changes_find_their_rows_whatever_the_case() {
    sql main app "UPDATE public.users SET full_name = 'Bob Poe' WHERE code = 'code2';
                  UPDATE public.users SET code = 'Code3' WHERE code = 'CODE3';
                  DELETE FROM public.users WHERE code = 'code4'"
    wait_drained
    sql main app "UPDATE app_v2.users SET last_name = 'Roe' WHERE code = 'CODE5'"
    wait_drained
    assert_eq "$(sql main app "SELECT code, first_name, last_name FROM app_v2.users
                                WHERE code IN ('code2', 'code3', 'code4') ORDER BY code")" \
        'CODE2|Bob|Poe
Code3|Ann|Number3'
    assert_eq "$(sql main app "SELECT full_name FROM public.users WHERE code = 'code5'")" 'Ann Roe'
    pgtandem verify --full
    service_stop
}

# An operator for citext and text that fits better than what PostgreSQL would take.
test_a_schema_of_operators_where_others_may_create_is_refused() {
    sql main app 'GRANT USAGE, CREATE ON SCHEMA "Types" TO PUBLIC'
    local command
    for command in check setup "run --once" "verify --full"; do
        # shellcheck disable=SC2086 # words
        assert_exit 3 pgtandem $command
        assert_contains "$output" 'the operators of a key'"'"'s type are in the schema "Types" of the'
        assert_contains "$output" 'REVOKE CREATE ON SCHEMA "Types" FROM PUBLIC'
    done
    sql main app 'REVOKE CREATE ON SCHEMA "Types" FROM PUBLIC'
    assert_exit 0 pgtandem verify --full
}

test_the_schema_of_an_enum_does_not_matter() {
    sql main app "CREATE TYPE public.colour AS ENUM ('red', 'blue');
                  GRANT CREATE ON SCHEMA public TO PUBLIC;
                  CREATE TABLE public.paint (colour public.colour PRIMARY KEY, name text);
                  CREATE TABLE app_v2.paint (LIKE public.paint INCLUDING ALL);
                  INSERT INTO public.paint VALUES ('blue', 'b'), ('red', 'r')"
    write_config "$(dsn main app)" "$(dsn main app)" "migration: paint
tables: [{old: public.paint, new: app_v2.paint}]
backfill: {jobs: 1}"
    assert_exit 0 pgtandem backfill
    assert_exit 0 pgtandem verify --full
}

run_tests "$@"
