#!/bin/bash
# Tables that depend on each other: what a foreign key does on the target by itself is no
# failure of the link, and what only one statement can do is done by one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main
create_database main app
sql main app "CREATE ROLE mover LOGIN REPLICATION; GRANT CREATE ON DATABASE app TO mover"

make_tables() {
    local side
    sql main app "DROP SCHEMA IF EXISTS o CASCADE; DROP SCHEMA IF EXISTS n CASCADE"
    for side in o n; do
        run_sql main app <<SQL
CREATE SCHEMA $side;
CREATE TABLE $side.parent (id int PRIMARY KEY, v text);
CREATE TABLE $side.child (id int PRIMARY KEY, parent int NOT NULL REFERENCES $side.parent ON DELETE CASCADE, v text);
ALTER TABLE $side.parent OWNER TO mover;
ALTER TABLE $side.child OWNER TO mover;
GRANT USAGE ON SCHEMA $side TO mover;
SQL
    done
    sql main app "INSERT INTO o.parent SELECT i, 'p' FROM generate_series(1, 100) i;
                  INSERT INTO o.child SELECT i, (i + 9) / 10, 'c' FROM generate_series(1, 1000) i"
}

# begin DSN [MORE]
begin() {
    ! background_running service || { service_stop && teardown; }
    make_tables
    pair_config "$1" "$1" "  - {old: o.parent, new: n.parent}
  - {old: o.child, new: n.child}" "${2:-}"
    service_start
    wait_phase live
}

same() {
    wait_same_rows 30 main app "SELECT 'p', id, v FROM o.parent UNION ALL SELECT 'c', id, v FROM o.child ORDER BY 1, 2" \
        main app "SELECT 'p', id, v FROM n.parent UNION ALL SELECT 'c', id, v FROM n.child ORDER BY 1, 2"
}

# A role that may not switch triggers off: the cascade takes the children before the link does.
test_children_that_a_cascade_has_taken_are_no_failure() {
    local i
    sql main app "GRANT EXECUTE ON FUNCTION pg_replication_origin_session_setup(text),
        pg_replication_origin_session_reset(), pg_replication_origin_xact_setup(pg_lsn, timestamptz),
        pg_replication_origin_xact_reset(), pg_replication_origin_session_progress(boolean),
        pg_replication_origin_progress(text, boolean), pg_replication_origin_create(text),
        pg_replication_origin_drop(text), pg_replication_origin_session_is_setup(),
        pg_replication_origin_oid(text), pg_replication_origin_advance(text, pg_lsn) TO mover;
        GRANT SELECT ON pg_replication_origin TO mover; GRANT EXECUTE ON FUNCTION pg_show_replication_origin_status() TO mover"
    begin "host=$T/socket port=$(cat "$T/clusters/main.port") dbname=app user=mover"
    for i in 1 2 3 4 5; do
        sql main app "DELETE FROM o.parent WHERE id = $i"
        sql main app "DELETE FROM n.parent WHERE id = 50 + $i"
    done
    sql main app "DELETE FROM o.parent WHERE id BETWEEN 10 AND 40"
    same
    assert_eq "$(rows main app "SELECT count(*) FROM pgtandem.parked")" 0 "parked rows"
    assert_eq "$(rows main app "SELECT count(*) FROM pgtandem.conflict")" 0 "conflicts"
}

# What is left although it was to be deleted is another matter.
test_a_delete_that_a_trigger_suppresses_is_parked() {
    sql main app "CREATE FUNCTION n.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER keep BEFORE DELETE ON n.child FOR EACH ROW WHEN (OLD.id = 900) EXECUTE FUNCTION n.keep()"
    sql main app "DELETE FROM o.child WHERE id IN (899, 900, 901)"
    wait_rows 30 main app "SELECT key->>'id', operation FROM pgtandem.parked" $'900\tdelete'
    wait_rows 10 main app "SELECT id FROM n.child WHERE id BETWEEN 899 AND 901" 900
    sql main app "DROP TRIGGER keep ON n.child"
    same
}

test_tables_that_are_emptied_together() {
    begin "$(dsn main app)" "stream: {on_truncate: apply}"
    sql main app "BEGIN; INSERT INTO o.parent VALUES (500, 'x'); TRUNCATE o.parent, o.child; INSERT INTO o.parent VALUES (1, 'new'); COMMIT"
    wait_rows 30 main app "SELECT (SELECT count(*) FROM n.child), (SELECT string_agg(v, '') FROM n.parent)" $'0\tnew'
    sql main app "INSERT INTO n.child VALUES (1, 1, 'c'); "
    wait_rows 30 main app "SELECT count(*) FROM o.child" 1
    sql main app "TRUNCATE n.child, n.parent"
    wait_rows 30 main app "SELECT (SELECT count(*) FROM o.child), (SELECT count(*) FROM o.parent)" $'0\t0'
    service_stop
}

run_tests "$@"
