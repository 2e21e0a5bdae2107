#!/bin/bash
# Who prepares the schema pgtandem beforehand, or may write to a plugin, gains nothing.
. "$(dirname "$0")/lib.sh"

cluster_start main
create_scenario main app 10
write_config "$(dsn main app)" "$(dsn main app)"
sql main app "CREATE ROLE mallory LOGIN; GRANT CREATE ON DATABASE app TO mallory;
              CREATE ROLE owners; CREATE ROLE mover LOGIN REPLICATION"

# as_mallory STATEMENT: what a role can do that may create schemas in the database.
as_mallory() {
    "$PG_BIN/psql" -X -A -t -q -v ON_ERROR_STOP=1 -d "$(dsn main app) user=mallory" -c "$1"
}

# The state tables as pgtandem makes them, but mallory's, and what makes him a superuser
# when a superuser calls it.
prepare_schema() {
    drop_schema
    "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -d "$(dsn main app) user=mallory" \
        -c "SET client_min_messages = warning" -f "$ROOT/sql/state.sql" >/dev/null
    as_mallory "CREATE FUNCTION pgtandem.rise() RETURNS int LANGUAGE plpgsql AS
                    'BEGIN ALTER ROLE mallory SUPERUSER; RETURN 1; END';
                CREATE FUNCTION pgtandem.rise_by_trigger() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN ALTER ROLE mallory SUPERUSER; RETURN NEW; END'"
}

drop_schema() {
    sql main app "DROP SCHEMA IF EXISTS pgtandem CASCADE"
}

assert_mallory_has_not_risen() {
    assert_eq "$(sql main app "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'")" f \
        "mallory is a superuser"
}

# assert_refused PART...: by everything that trusts the schema, with all parts told.
assert_refused() {
    local part
    for command in setup backfill "run --once" "verify --full" "conflicts list" "conflicts retry --all" status pause; do
        # shellcheck disable=SC2086 # words
        assert_exit 3 pgtandem $command
        for part in "the schema pgtandem in" "$@"; do
            assert_contains "$output" "$part" "$command"
        done
    done
    assert_mallory_has_not_risen
    assert_exit 3 pgtandem check
    assert_contains "$output" "$1" check
    pgtandem teardown --all >/dev/null 2>&1 || true
    assert_mallory_has_not_risen
    assert_eq "$(sql main app "SELECT count(*) FROM pg_replication_slots")" 0 "slots made"
}

# given_away: the tables are the superuser's, but what mallory did to them has stayed.
given_away() {
    sql main app "ALTER SCHEMA pgtandem OWNER TO postgres"
    sql main app "DO \$\$ DECLARE t regclass; BEGIN
        FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'pgtandem'::regnamespace AND relkind IN ('r', 'v')
        LOOP EXECUTE 'ALTER TABLE ' || t || ' OWNER TO postgres'; END LOOP; END \$\$"
}

test_tables_of_somebody_else_are_refused() {
    prepare_schema
    as_mallory "CREATE TRIGGER rise BEFORE INSERT OR UPDATE ON pgtandem.progress
                FOR EACH ROW EXECUTE FUNCTION pgtandem.rise_by_trigger()"
    assert_refused 'the schema pgtandem belongs to "mallory"' "then DROP SCHEMA pgtandem CASCADE: setup makes it anew"
    sql main app "ALTER SCHEMA pgtandem OWNER TO postgres"
    assert_refused 'the table pgtandem.after_copy belongs to "mallory"' "then DROP SCHEMA pgtandem CASCADE: setup makes it anew"
    drop_schema
}

# The printed cures, followed to the letter, until setup takes the schema.
test_the_cure_lets_nothing_of_a_stranger_in() {
    prepare_schema
    as_mallory "ALTER TABLE pgtandem.migration ADD CHECK
                    (query_to_xml('SELECT pgtandem.rise()', true, false, '') IS NOT NULL)"
    local cure said
    for _ in 1 2 3; do
        said=$(pgtandem setup 2>&1) && break
        cure=$(sed -n 's/.*hint: .*then \([A-Z][^:]*\).*/\1/p' <<<"$said")
        assert_eq "$cure" "DROP SCHEMA pgtandem CASCADE"
        sql main app "$cure"
    done
    assert_exit 0 pgtandem setup
    assert_mallory_has_not_risen
    assert_eq "$(sql main app "SELECT count(*) FROM pg_constraint WHERE conbin::text <> '' AND
        pg_get_expr(conbin, conrelid) LIKE '%query_to_xml%'")" 0 "the constraint is still there"
    # what a stranger left beside our tables goes alone
    sql main app "GRANT CREATE ON SCHEMA pgtandem TO mallory"
    as_mallory "CREATE TABLE pgtandem.beside (id int)"
    assert_exit 3 pgtandem pause
    assert_contains "$output" "then DROP TABLE pgtandem.beside"
    sql main app "DROP TABLE pgtandem.beside; REVOKE CREATE ON SCHEMA pgtandem FROM mallory"
    pgtandem teardown --all >/dev/null
    drop_schema
}

test_what_would_run_code_is_refused_whoever_owns_it() {
    local did word
    while IFS='|' read -r word did; do
        prepare_schema
        as_mallory "$did"
        given_away
        assert_exit 3 pgtandem setup
        assert_contains "$output" "$word" "$did"
        assert_exit 3 pgtandem pause
        assert_mallory_has_not_risen
        drop_schema
    done <<'SQL'
pgtandem.link has the trigger rise|CREATE TRIGGER rise BEFORE INSERT ON pgtandem.link FOR EACH ROW EXECUTE FUNCTION pgtandem.rise_by_trigger()
pgtandem.progress has the rule rise|CREATE RULE rise AS ON INSERT TO pgtandem.progress DO ALSO SELECT pgtandem.rise()
pgtandem.migration has row level security|CREATE POLICY rise ON pgtandem.migration USING (pgtandem.rise() = 1)
pgtandem.migration has row level security|ALTER TABLE pgtandem.migration ENABLE ROW LEVEL SECURITY
pgtandem.migration calls the function pgtandem.rise()|ALTER TABLE pgtandem.migration ALTER rows_estimated SET DEFAULT pgtandem.rise()
pgtandem.link calls the function pgtandem.rise()|ALTER TABLE pgtandem.link ADD CHECK (pgtandem.rise() = 1)
pgtandem.link calls the function pgtandem.rise_too()|CREATE FUNCTION pgtandem.rise_too() RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'; ALTER TABLE pgtandem.link ADD risen int GENERATED ALWAYS AS (pgtandem.rise_too()) STORED
pgtandem.link calls the function pgtandem.rise_too()|CREATE FUNCTION pgtandem.rise_too() RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'; CREATE INDEX ON pgtandem.link ((pgtandem.rise_too()))
pgtandem.link calls the function pgtandem.rise_too()|CREATE FUNCTION pgtandem.rise_too() RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'; CREATE STATISTICS pgtandem.risen ON (pgtandem.rise_too()), state FROM pgtandem.link
pgtandem.migration calls the function query_to_xml(text,boolean,boolean,text)|ALTER TABLE pgtandem.migration ADD CHECK (query_to_xml('SELECT pgtandem.rise()', true, false, '') IS NOT NULL)
pgtandem.link calls the function query_to_xml(text,boolean,boolean,text)|ALTER TABLE pgtandem.link ALTER last_error SET DEFAULT "query_to_xml" ('SELECT pgtandem.rise()', true, false, '')::text
pgtandem.link calls the function lower(text)|ALTER TABLE pgtandem.link ADD risen text GENERATED ALWAYS AS (lower(state)) STORED
pgtandem.link calls the function lower(text)|CREATE INDEX ON pgtandem.link (lower(state))
pgtandem.link calls the function lower(text)|CREATE INDEX ON pgtandem.link (state) WHERE lower(state) = ''
pgtandem.link calls the function textlike(text,text)|ALTER TABLE pgtandem.link ADD CHECK (NOT state LIKE 'risen')
pgtandem.link calls the type pgtandem.risen|CREATE DOMAIN pgtandem.risen AS text CHECK (pgtandem.rise() = 1); ALTER TABLE pgtandem.link ALTER last_error TYPE pgtandem.risen
pgtandem.link is not an ordinary table, as pgtandem makes it, but a view|ALTER TABLE pgtandem.link RENAME TO away; CREATE VIEW pgtandem.link AS SELECT * FROM pgtandem.away
pgtandem.link is not an ordinary table, as pgtandem makes it, but one that inherits|CREATE TABLE pgtandem.heir () INHERITS (pgtandem.link)
pgtandem.link is not an ordinary table, as pgtandem makes it, but an unlogged one|ALTER TABLE pgtandem.link SET UNLOGGED
PUBLIC may create objects in the schema pgtandem|GRANT CREATE ON SCHEMA pgtandem TO PUBLIC
PUBLIC may put a trigger on pgtandem.link|GRANT TRIGGER ON pgtandem.link TO PUBLIC
pgtandem.migration is referred to by a foreign key of mallory.heir|CREATE SCHEMA AUTHORIZATION mallory; CREATE TABLE mallory.heir (name text REFERENCES pgtandem.migration ON DELETE CASCADE)
SQL
}

# mallory's schema comes to light when pgtandem, which has seen none, waits to make its own.
test_a_schema_that_is_made_in_the_last_moment_is_refused() {
    drop_schema
    {
        echo "BEGIN;"
        cat "$ROOT/sql/state.sql"
        echo "CREATE FUNCTION pgtandem.rise() RETURNS trigger LANGUAGE plpgsql AS
                  'BEGIN ALTER ROLE mallory SUPERUSER; RETURN NEW; END';
              CREATE TRIGGER rise BEFORE INSERT ON pgtandem.progress
                  FOR EACH ROW EXECUTE FUNCTION pgtandem.rise();
              DO \$\$ BEGIN
                  WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP
                      PERFORM pg_sleep(0.02);
                  END LOOP; END \$\$;
              COMMIT;"
    } >"$T/mallory.sql"
    background mallory "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -d "$(dsn main app) user=mallory" -f "$T/mallory.sql"
    wait_until 10 mallory_is_ready
    assert_exit 3 pgtandem setup
    assert_contains "$output" 'the schema pgtandem belongs to "mallory"'
    background_wait mallory 10
    assert_mallory_has_not_risen
    drop_schema
}

mallory_is_ready() {
    [ "$(sql main app "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mallory' AND query LIKE '%pg_locks WHERE NOT%'")" = 1 ]
}

test_default_privileges_give_nobody_a_way_in() {
    drop_schema
    sql main app "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO mallory;
                  ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC"
    assert_exit 0 pgtandem setup
    assert_eq "$(sql main app "SELECT has_table_privilege('mallory', 'pgtandem.link', 'TRIGGER'),
                                      has_table_privilege('mallory', 'pgtandem.link', 'SELECT'),
                                      has_schema_privilege('mallory', 'pgtandem', 'CREATE')")" "f|t|f"
    sql main app "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM mallory;
                  ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM PUBLIC"
    pgtandem teardown --all >/dev/null
}

# state_schema_for ROLE: what check says of the schema to a role
state_schema_for() {
    write_config "$(dsn main app) user=$1" "$(dsn main app) user=$1"
    { pgtandem check --json || true; } 2>/dev/null | jq -r '.[] | select(.check == "state_schema") | .message'
    write_config "$(dsn main app)" "$(dsn main app)"
}

test_a_member_of_the_owner_and_a_superuser_are_trusted() {
    drop_schema
    sql main app "CREATE SCHEMA pgtandem AUTHORIZATION owners"
    { echo "SET ROLE owners;"; cat "$ROOT/sql/state.sql"; } >"$T/owners.sql"
    sql_file main app "$T/owners.sql"
    sql main app "GRANT USAGE ON SCHEMA pgtandem TO mover;
                  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgtandem TO mover"
    assert_contains "$(state_schema_for mover)" 'the schema pgtandem belongs to "owners"'
    assert_contains "$(state_schema_for postgres)" 'the schema pgtandem belongs to "owners"'
    sql main app "GRANT owners TO mover"
    assert_eq "$(state_schema_for mover)" "the schema pgtandem can be used"
    sql main app "REVOKE owners FROM mover"
    sql main app "REASSIGN OWNED BY owners TO postgres"
    assert_eq "$(state_schema_for mover)" "the schema pgtandem can be used"
    drop_schema
}

test_an_applications_own_schema_is_told_so() {
    sql main app "CREATE SCHEMA pgtandem; CREATE TABLE pgtandem.bicycles (id int PRIMARY KEY);
                  CREATE TABLE pgtandem.link (id int)"
    assert_refused "an application's own: the table pgtandem.bicycles is in it"
    drop_schema
}

test_a_plugin_that_others_may_write_to_is_refused() {
    mkdir "$T/plugins"
    cp "$(dirname "$(readlink -f "$PGTANDEM")")/plugin/split_name.so" "$T/plugins/ours.so"
    write_config "$(dsn main app)" "$(dsn main app)" "tables:
  - {old: public.users, new: app_v2.users,
     transforms: [{use: ./plugins/ours.so, old: [full_name], new: [first_name, last_name]}]}"
    assert_exit 0 pgtandem check
    chmod 666 "$T/plugins/ours.so"
    assert_exit 2 pgtandem setup
    assert_contains "$output" "plugins/ours.so\" may be written to by others"
    assert_contains "$output" "hint: chmod go-w"
    chmod 644 "$T/plugins/ours.so"
    chmod 777 "$T/plugins"
    assert_exit 2 pgtandem setup
    assert_exit 3 pgtandem check
    assert_contains "$output" "plugins\" may be written to by others"
    write_config "$(dsn main app)" "$(dsn main app)"
}

run_tests "$@"
