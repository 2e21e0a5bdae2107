#!/bin/bash
# conflicts: what is listed of conflicts and parked rows, how they are tried again,
# with a service and without one, and how they are forgotten.
. "$(dirname "$0")/lib.sh"

cluster_start main
create_scenario main app 500
create_scenario main new
write_config "$(dsn main app)" "$(dsn main new)"

# listed FILTER [ARGUMENTS...]: from `conflicts list --json`
listed() {
    local filter=$1
    shift
    pgtandem conflicts list --json "$@" 2>/dev/null | jq -c "$filter"
}

# ids [ARGUMENTS...]: of what is listed, in order
ids() {
    listed '[.conflicts[].id, .parked[].id] | join(" ")' "$@" | tr -d '"'
}

# Forgets what earlier tests have left there
clear_state() {
    sql main app "TRUNCATE pgtandem.conflict, pgtandem.parked, pgtandem.recheck RESTART IDENTITY"
    sql main new "TRUNCATE pgtandem.conflict, pgtandem.parked, pgtandem.recheck RESTART IDENTITY"
}

test_before_setup_there_is_nothing() {
    assert_exit 0 pgtandem conflicts list
    assert_contains "$output" "no open conflicts"
    assert_contains "$output" "no open parked rows"
    assert_eq "$(listed '[.migration, .conflicts, .parked, .conflicts_found, .parked_found]')" \
        '["users_name_split",[],[],0,0]'
    assert_exit 2 pgtandem conflicts discard f1
    assert_exit 2 pgtandem conflicts retry f1
    assert_exit 3 pgtandem conflicts retry --all
    assert_contains "$output" "the migration is in phase setup"
    assert_contains "$output" "hint: start the service"
    assert_exit 0 pgtandem conflicts discard --all
    assert_contains "$output" "discarded 0 conflicts and 0 parked rows"
}

test_wrong_words_are_refused() {
    assert_exit 2 pgtandem conflicts
    assert_contains "$output" "see pgtandem conflicts --help"
    assert_exit 2 pgtandem conflicts lst --json
    assert_contains "$output" 'unknown command "conflicts lst"; did you mean conflicts list?'
    assert_exit 2 pgtandem conflicts list f1
    assert_contains "$output" 'conflicts list takes no argument "f1"'
    assert_exit 2 pgtandem conflicts list --limit 0
    assert_exit 2 pgtandem conflicts retry
    assert_contains "$output" "or say --all"
    assert_exit 2 pgtandem conflicts retry f1 --all
    assert_contains "$output" "not both"
    assert_exit 2 pgtandem conflicts discard
    assert_contains "$output" "see pgtandem conflicts discard --help"
}

test_help_tells_of_the_group_and_of_each() {
    assert_exit 0 pgtandem conflicts --help
    assert_contains "$output" "usage: pgtandem conflicts COMMAND"
    assert_contains "$output" "conflicts discard"
    assert_exit 0 pgtandem conflicts retry --help
    assert_contains "$output" "usage: pgtandem conflicts retry [OPTIONS] [ID...]"
    assert_exit 0 pgtandem --help
    case $output in *"conflicts list"*) fail "the parts of a group are in the list of all" ;; esac
}

# One of each kind, in both databases, some settled, some of another migration.
insert_records() {
    clear_state
    sql main new "
        INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind, decision, incoming,
                                       incoming_at, existing, existing_at, source_lsn, recorded_at, settled_at)
        VALUES ('users_name_split', 'forward', 'app_v2.users', '{\"id\": \"7\"}', 'update_origin_differs', 'kept',
                '{\"id\": \"7\", \"bio\": \"the loser''s words\"}', '2026-01-02 03:04:05.678+00',
                '{\"id\": 7, \"bio\": \"the winner''s words\"}', '2026-01-02 03:04:06+00', '0/1234', '2026-01-03', NULL),
               ('users_name_split', 'forward', 'app_v2.users', '{\"id\": \"8\"}', 'delete_missing', 'skipped',
                NULL, NULL, NULL, NULL, '0/1235', '2026-01-01', '2026-01-01 00:00:09'),
               ('another', 'forward', 'app_v2.users', '{\"id\": \"9\"}', 'insert_exists', 'applied',
                NULL, NULL, NULL, NULL, NULL, '2026-01-01', NULL);
        INSERT INTO pgtandem.parked (migration, link, table_name, key, operation, sqlstate, reason, row_image,
                                     parked_at, tries, retry_at, settled_at)
        VALUES ('users_name_split', 'forward', 'app_v2.users', '{\"id\": \"10\", \"tenant\": \"x\"}', 'update',
                '22001', 'value too long', '{\"bio\": \"private words\"}', '2026-01-01', 3, '2026-01-01 00:01', NULL),
               ('users_name_split', 'copy', 'app_v2.users', '[11]', 'copy', '23505', 'twice', NULL,
                '2026-01-02', 0, '2026-01-02', NULL),
               ('users_name_split', 'forward', 'app_v2.users', '{\"id\": \"12\"}', 'insert', '22001', 'was long',
                NULL, '2026-01-03', 1, '2026-01-03', '2026-01-03 00:00:05')"
    sql main app "
        INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind, decision, recorded_at)
        VALUES ('users_name_split', 'reverse', 'public.users', '{\"id\": \"7\"}', 'insert_exists', 'applied', '2026-01-02');
        INSERT INTO pgtandem.parked (migration, link, table_name, key, operation, sqlstate, reason, parked_at)
        VALUES ('users_name_split', 'reverse', 'public.users', '{\"id\": \"13\"}', 'mend', '23514', 'check', '2026-01-04')"
}

test_records_of_both_databases_are_listed_the_latest_first() {
    pgtandem setup >/dev/null 2>&1
    insert_records
    assert_eq "$(ids)" "f1 r1 pr1 pc2 pf1"
    assert_eq "$(ids --all)" "f1 r1 f2 pr1 pf3 pc2 pf1"
    assert_eq "$(ids --all --limit 2)" "f1 r1 pr1 pf3"
    assert_eq "$(listed '[.conflicts_found, .parked_found]' --all --limit 2)" "[3,4]"
    assert_eq "$(listed '[.conflicts_found, .parked_found]')" "[2,3]"
    assert_exit 0 pgtandem conflicts list --limit 1
    assert_contains "$output" "2 open conflicts, of which the latest 1 are shown"
}

test_json_says_everything() {
    assert_eq "$(listed '.conflicts[0]' --values)" "$(jq -c . <<'JSON'
{"id":"f1","link":"forward","table":"app_v2.users","key":{"id":"7"},"kind":"update_origin_differs",
 "decision":"kept","incoming":{"id":"7","bio":"the loser's words"},"incoming_at":"2026-01-02T03:04:05.678000Z",
 "existing":{"id":7,"bio":"the winner's words"},"existing_at":"2026-01-02T03:04:06.000000Z",
 "source_lsn":"0/1234","recorded_at":"2026-01-03T00:00:00.000000Z","settled_at":null}
JSON
)"
    assert_eq "$(listed '.parked[2]' --values)" "$(jq -c . <<'JSON'
{"id":"pf1","link":"forward","table":"app_v2.users","key":{"id":"10","tenant":"x"},"operation":"update",
 "sqlstate":"22001","reason":"value too long","constraint":null,"diagnostics":null,"row":{"bio":"private words"},"commit_time":null,
 "source_lsn":null,"parked_at":"2026-01-01T00:00:00.000000Z","settled_at":null,"tries":3,
 "retry_at":"2026-01-01T00:01:00.000000Z"}
JSON
)"
    assert_eq "$(listed '[.values, .conflicts[0].key, .conflicts[0].incoming, .conflicts[0].existing]')" \
        '[false,{"id":"7"},null,null]'
    assert_eq "$(listed '.parked[2] | [.key, .row, .reason]')" '[null,null,"a value is too long for its column"]'
    assert_eq "$(listed '.conflicts[2] | [.settled_at, .incoming, .existing]' --all --values)" \
        '["2026-01-01T00:00:09.000000Z",null,null]'
}

test_people_see_values_only_when_they_ask_for_them() {
    assert_exit 0 pgtandem conflicts list
    assert_contains "$output" "f1  2026-01-03 00:00:00  forward  app_v2.users"
    assert_contains "$output" "id=7  update_origin_differs  kept      open"
    assert_contains "$output" "22001: a value is too long for its column" # an earlier version's record
    case $output in *tenant*) fail "a key that is not numbers alone is shown: $output" ;; esac
    assert_contains "$output" "open, next try 2026-01-01 00:01:00"
    case $output in *words*) fail "values are shown: $output" ;; esac
    assert_exit 0 pgtandem conflicts list --values --all
    assert_contains "$output" "id=10, tenant=x"
    assert_contains "$output" "22001: value too long"
    assert_contains "$output" "incoming of 2026-01-02 03:04:05: {\"id\": \"7\", \"bio\": \"the loser's words\"}"
    assert_contains "$output" "existing of 2026-01-02 03:04:06: {\"id\": 7, \"bio\": \"the winner's words\"}"
    assert_contains "$output" "existing: no row"
    assert_contains "$output" "settled 2026-01-01 00:00:09"
    assert_contains "$output" "private words"
}

# An earlier version put the server's words, values included, into the reason.
test_old_records_are_brought_up_to_date() {
    sql main new "ALTER TABLE pgtandem.parked DROP COLUMN diagnostics, DROP COLUMN constraint_name"
    sql main new "ALTER TABLE pgtandem.link DROP COLUMN last_error_values"
    assert_exit 0 pgtandem conflicts list
    assert_contains "$output" "22001: a value is too long for its column"
    case $output in *"value too long"*) fail "the server's words are shown: $output" ;; esac
    assert_exit 0 pgtandem status --values
    pgtandem setup >/dev/null 2>&1
    assert_eq "$(sql main new "SELECT reason, diagnostics FROM pgtandem.parked WHERE id = 1")" \
        'the row was refused|"value too long"'
    assert_exit 0 pgtandem conflicts list --values
    assert_contains "$output" "said: value too long"
}

test_only_what_is_named_is_discarded() {
    assert_exit 2 pgtandem conflicts discard f1 f99
    assert_contains "$output" 'there is no conflict or parked row "f99"'
    assert_exit 2 pgtandem conflicts discard r2 # forward's second
    assert_exit 2 pgtandem conflicts discard 1
    assert_exit 2 pgtandem conflicts discard f3 # of another migration
    assert_eq "$(ids --all)" "f1 r1 f2 pr1 pf3 pc2 pf1"
    assert_exit 0 pgtandem conflicts discard r1 pf3
    assert_eq "$output" "discarded 1 conflict and 1 parked row"
    assert_exit 0 pgtandem conflicts discard pf1 -- f2
    assert_contains "$output" "1 of these parked rows had not been settled"
    assert_contains "$output" "until somebody changes the row"
    assert_eq "$(ids --all)" "f1 pr1 pc2"
}

test_all_that_is_discarded_is_of_this_migration() {
    assert_exit 0 pgtandem conflicts discard --all
    assert_contains "$output" "discarded 1 conflict and 2 parked rows"
    assert_eq "$(ids --all)" ""
    assert_eq "$(sql main new "SELECT count(*) FROM pgtandem.conflict")" 1 "of another migration"
}

test_nothing_is_tried_before_both_links_run() {
    insert_records
    assert_exit 3 pgtandem conflicts retry pf1
    assert_contains "$output" "in phase setup"
    assert_eq "$(listed '.parked[2].retry_at')" '"2026-01-01T00:01:00.000000Z"'
    assert_eq "$(sql main new "SELECT count(*) FROM pgtandem.recheck")" 0
    clear_state
}

# cross KEY: both sides update a row while nothing runs; the new side does so later
cross() {
    sql main app "UPDATE public.users SET bio = 'old $1' WHERE id = $1"
    sql main new "UPDATE app_v2.users SET bio = 'new $1' WHERE id = $1"
}

nothing_is_open() {
    [ -z "$(ids)" ]
}

test_writes_that_cross_are_on_record_and_settled() {
    service_start
    wait_phase live
    assert_exit 0 pgtandem conflicts retry --all
    assert_contains "$output" "0 settled, 0 open"
    service_stop
    cross 1
    cross 2
    sql main app "DELETE FROM public.users WHERE id = 3"
    sql main new "DELETE FROM app_v2.users WHERE id = 4"
    sql main app "UPDATE public.users SET bio = 'after all' WHERE id = 4"
    service_start
    wait_drained
    wait_until 30 nothing_is_open
    assert_eq "$(listed '[.conflicts[] | [.key.id, .kind, .decision] | join(" ")] | unique | .[]' --all)" \
        '"1 update_origin_differs kept"
"2 update_origin_differs kept"
"4 delete_origin_differs kept"
"4 update_missing skipped"'
    assert_eq "$(listed '[.conflicts[] | select(.key.id == "1") | .incoming.bio, .existing.bio]' --all --values)" '["old 1","new 1"]'
    wait_same_tables 30 main app main new
    assert_eq "$(sql main app "SELECT string_agg(bio, ', ' ORDER BY id) FROM public.users WHERE id <= 2")" "new 1, new 2"
    assert_eq "$(sql main new "SELECT bio FROM app_v2.users WHERE id = 4")" "after all"
    assert_eq "$(status_field '[.forward, .reverse | .conflicts, .conflicts_open] | map(tostring) | join(" ")')" "3 0 1 0"
}

test_a_settled_record_stays_settled_when_it_is_tried_again() {
    local id
    id=$(listed '.conflicts[0].id' --all | tr -d '"')
    assert_exit 0 pgtandem conflicts retry "$id"
    assert_contains "$output" "$id       settled"
}

# park_a_row KEY: the new side refuses what the old one holds
park_a_row() {
    sql main new "ALTER TABLE app_v2.users ADD CONSTRAINT no_x CHECK (bio <> 'x') NOT VALID"
    sql main app "UPDATE public.users SET bio = 'x' WHERE id = $1"
}

something_is_parked() {
    [ "$(status_field .forward.parked)" = 1 ]
}

test_a_row_that_is_refused_again_stays_parked_until_its_reason_has_gone() {
    local id
    park_a_row 10
    wait_until 30 something_is_parked
    id=$(ids)
    assert_exit 1 pgtandem conflicts retry --all
    assert_contains "$output" "$id"
    assert_contains "$output" "open: the row cannot be written: 23514: "
    assert_contains "$output" "0 settled, 1 open"
    sql main new "ALTER TABLE app_v2.users DROP CONSTRAINT no_x;
                  UPDATE pgtandem.parked SET retry_at = now() + interval '1 hour'"
    assert_exit 0 pgtandem conflicts retry "$id"
    assert_contains "$output" "settled"
    assert_eq "$(sql main new "SELECT bio FROM app_v2.users WHERE id = 10")" x
    assert_eq "$(status_field .forward.parked)" 0
}

test_a_conflict_whose_row_is_parked_is_open_until_that_is_written() {
    local conflict
    clear_state
    park_a_row 15
    wait_until 30 something_is_parked
    conflict=f$(sql main new "INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind, decision)
        VALUES ('users_name_split', 'forward', 'app_v2.users', '{\"id\": \"15\"}', 'insert_exists', 'kept') RETURNING id")
    assert_exit 1 pgtandem conflicts retry "$conflict"
    assert_contains "$output" "$conflict       open: the row cannot be written: 23514: "
    sql main new "ALTER TABLE app_v2.users DROP CONSTRAINT no_x;
                  UPDATE pgtandem.parked SET retry_at = now() + interval '1 hour'"
    assert_exit 0 pgtandem conflicts retry "$conflict"
    assert_contains "$output" "1 settled, 0 open"
    assert_eq "$(ids)" "" "the parked row is settled with it"
    service_stop
}

test_without_a_service_the_command_does_it() {
    local id
    clear_state
    sql main new "ALTER TABLE app_v2.users ADD CONSTRAINT no_y CHECK (bio <> 'y')"
    sql main app "UPDATE public.users SET bio = 'y' WHERE id = 11"
    pgtandem run --once >/dev/null 2>&1 || fail "run --once"
    id=$(ids)
    assert_eq "$(listed '.parked[0] | [.key.id, .sqlstate, .link]')" '["11","23514","forward"]'
    assert_exit 1 pgtandem conflicts retry "$id"
    assert_contains "$output" "no service runs"
    assert_contains "$output" "open: the row cannot be written: 23514: "
    sql main new "ALTER TABLE app_v2.users DROP CONSTRAINT no_y"
    cross 12
    assert_exit 0 pgtandem conflicts retry "$id"
    assert_contains "$output" "1 settled, 0 open"
    assert_eq "$(status_field .running)" false
    assert_eq "$(sql main new "SELECT string_agg(bio, ' ' ORDER BY id) FROM app_v2.users WHERE id IN (11, 12)")" "y new 12"
    wait_same_tables 30 main app main new
}

test_conflicts_are_looked_at_again_by_their_key() {
    clear_state
    # written under an origin of ours, the first row differs unseen
    sql main new "SELECT FROM pg_replication_origin_session_setup('pgtandem_users_name_split_copy_0');
                  UPDATE app_v2.users SET bio = 'drifted' WHERE id = 20"
    sql main new "INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind, decision)
                  SELECT 'users_name_split', 'forward', 'app_v2.users', jsonb_build_object('id', id::text),
                         'update_origin_differs', 'kept' FROM generate_series(20, 23) AS id"
    sql main app "INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind, decision)
                  VALUES ('users_name_split', 'reverse', 'public.users', '{\"id\": \"24\"}', 'insert_exists', 'kept')"
    assert_exit 0 pgtandem conflicts retry f1 f2 r1
    assert_contains "$output" "3 settled, 0 open"
    assert_eq "$(ids)" "f4 f3"
    assert_same_tables main app main new
    assert_exit 0 pgtandem conflicts retry --all
    assert_eq "$(ids)" ""
}

test_with_both_sides_in_one_database_every_record_is_there_once() {
    pgtandem teardown --all >/dev/null
    sql main app "TRUNCATE app_v2.users"
    write_config "$(dsn main app)" "$(dsn main app)"
    service_start
    wait_phase live
    service_stop
    cross_here 30
    service_start
    wait_drained
    wait_until 30 nothing_is_open
    assert_eq "$(ids --all)" "f1"
    assert_exit 0 pgtandem conflicts retry f1
    assert_exit 0 pgtandem conflicts discard --all
    assert_contains "$output" "discarded 1 conflict and"
    assert_same_tables main app
    service_stop
    sql main app "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)
                  SELECT 'users_name_split', l, 't', '{1}' FROM unnest(ARRAY['forward', 'reverse', 'reverse']) AS l"
    assert_eq "$(status_field .rechecks)" 3
}

cross_here() {
    sql main app "UPDATE public.users SET bio = 'old $1' WHERE id = $1"
    sql main app "UPDATE app_v2.users SET bio = 'new $1' WHERE id = $1"
}

test_keys_whose_columns_stand_in_another_order_are_found() {
    pgtandem teardown --all >/dev/null
    sql main app "CREATE SCHEMA a; CREATE SCHEMA b;
                  CREATE TABLE a.t (k text, n int, v text, PRIMARY KEY (k, n));
                  CREATE TABLE b.t (n int, v text, k text, PRIMARY KEY (n, k));
                  INSERT INTO a.t SELECT i || ',\"', i + 1, 'a' FROM generate_series(1, 10) i"
    write_config "$(dsn main app)" "$(dsn main app)" 'tables: [{old: a.t, new: b.t}]'
    pgtandem run --once >/dev/null 2>&1 || fail "run --once"
    sql main app "SELECT FROM pg_replication_origin_session_setup('pgtandem_users_name_split_copy_0');
                  UPDATE b.t SET v = 'drifted'"
    sql main app "INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind, decision)
                  SELECT 'users_name_split', l, t, jsonb_build_object('n', (i + 1)::text, 'k', i || ',\"'), 'insert_exists', 'kept'
                    FROM (VALUES (1, 'forward', 'b.t'), (2, 'reverse', 'a.t'), (3, 'reverse', 'a.t')) AS v(i, l, t)"
    assert_exit 0 pgtandem conflicts retry --all
    assert_contains "$output" "3 settled, 0 open"
    assert_eq "$(sql main app "SELECT string_agg(n::text, ' ' ORDER BY n) FROM b.t WHERE v = 'a'")" "2 3 4"
    assert_exit 0 pgtandem verify --full --repair
    assert_contains "$output" "7 rows differed and have been repaired"
    assert_eq "$(sql main app "SELECT count(*) FROM b.t WHERE v = 'a'")" 10
}

# What is open stays, however much and however old it is; of what is settled, the newest.
test_only_settled_records_are_ever_removed() {
    sql main app "TRUNCATE pgtandem.conflict, pgtandem.parked;
        INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind, decision, settled_at)
        SELECT 'users_name_split', 'forward', 'b.t', jsonb_build_object('k', 'none', 'n', i::text), 'delete_missing', 'skipped',
               CASE WHEN i % 11 = 0 THEN now() END FROM generate_series(1, 110011) i;
        INSERT INTO pgtandem.parked (migration, link, table_name, key, operation, sqlstate, reason, retry_at, settled_at)
        SELECT 'users_name_split', 'forward', 'b.t', jsonb_build_object('k', 'none', 'n', i::text), 'insert', '23514', 'r', 'infinity',
               CASE WHEN i % 2 = 0 THEN now() END FROM generate_series(1, 20004) i"
    service_start
    wait_until 30 nothing_is_to_be_removed
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.conflict WHERE settled_at IS NULL")" 100010 "open conflicts"
    assert_eq "$(sql main app "SELECT count(*) FROM pgtandem.parked WHERE settled_at IS NULL")" 10002 "open parked rows"
    assert_eq "$(sql main app "SELECT min(key->>'n') FROM pgtandem.parked WHERE settled_at IS NOT NULL AND (key->>'n')::int < 10")" 6
    service_stop
}

nothing_is_to_be_removed() {
    [ "$(sql main app "SELECT (SELECT count(*) FROM pgtandem.conflict WHERE settled_at IS NOT NULL),
                              (SELECT count(*) FROM pgtandem.parked WHERE settled_at IS NOT NULL)")" = '10000|10000' ]
}

run_tests "$@"
