#!/bin/bash
# Servers that have been at work for long: rows whose transaction ids lie far back, and
# ids that are given away again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main
create_database main app

make_tables() {
    run_sql main app <<'SQL'
CREATE SCHEMA o;
CREATE SCHEMA n;
CREATE TABLE o.t (id int PRIMARY KEY, v text);
CREATE TABLE n.t (id int PRIMARY KEY, v text CHECK (v <> 'bad'));
INSERT INTO o.t SELECT i, CASE WHEN i % 10 = 5 THEN 'bad' ELSE 'v' END FROM generate_series(1, 50) i;
SQL
}

# More than 2^31 ids ago: age() is negative then.
test_the_original_of_a_parked_row_is_never_removed() {
    cluster_age main 0 2000000000
    make_tables
    cluster_age main 1 500000000
    pair_config "$(dsn main app)" "$(dsn main app)" "  - {old: o.t, new: n.t}"
    service_start
    wait_phase live
    wait_rows 30 main app "SELECT count(*) FROM pgtandem.parked WHERE settled_at IS NULL" 5
    pgtandem conflicts retry --all >"$T/retry.log" 2>&1 || true
    wait_rows 30 main app "SELECT min(tries) > 2 FROM pgtandem.parked" t
    assert_eq "$(rows main app "SELECT count(*) FROM o.t")" 50 "rows of the old table"
    assert_eq "$(rows main app "SELECT count(*) FROM pgtandem.parked WHERE settled_at IS NULL")" 5
}

test_old_rows_are_changed_on_either_side() {
    sql main app "UPDATE o.t SET v = 'old' WHERE id = 1; UPDATE n.t SET v = 'new' WHERE id = 2;
                  DELETE FROM o.t WHERE id = 3; DELETE FROM n.t WHERE id = 4; UPDATE o.t SET v = 'good' WHERE id = 5"
    wait_same_rows 30 main app "SELECT * FROM o.t WHERE v <> 'bad' ORDER BY id" main app "SELECT * FROM n.t ORDER BY id"
    wait_rows 30 main app "SELECT id, v FROM o.t WHERE id < 6 ORDER BY id" $'1\told\n2\tnew\n5\tgood'
    service_stop
}

run_tests "$@"
