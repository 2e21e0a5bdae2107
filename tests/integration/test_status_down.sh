#!/bin/bash
# status when something is not as it should be: databases that are away, processes that
# are gone, links and copies that have stopped. The old side is in one server, the new
# one in another.
. "$(dirname "$0")/lib.sh"

cluster_start old max_slot_wal_keep_size=1GB
cluster_start new
create_scenario old app 2000
create_scenario new app

config() {
    write_config "$(dsn old app)" "$(dsn new app)" "${1:-}"
}
config

# reading: `status --json`, once, in $json; its exit status in $status.
read_status() {
    status=0
    json=$(timeout 60 "$PGTANDEM" status --json 2>"$T/status.err") || status=$?
}

# now FILTER WANTED: of that reading.
assert_now() {
    assert_eq "$(jq -c "$1" <<<"$json")" "$2" "$1 of $json"
}

# shows TEXT...: status for people says so, within 80 columns.
shows() {
    local text part
    text=$(timeout 60 "$PGTANDEM" status 2>/dev/null) || true
    for part; do
        assert_contains "$(tr -s ' \n' ' ' <<<"$text")" "$part"
    done
    assert_eq "$(awk 'length > 80' <<<"$text")" "" "lines longer than 80 columns"
}

# eventually FILTER: becomes true, with everything else as it may be.
eventually() {
    wait_until "${2:-30}" is_so "$1"
}

is_so() {
    [ "$(timeout 60 "$PGTANDEM" status --json 2>/dev/null | jq -r "$1")" = true ]
}

is_live() {
    is_so '.phase == "live" and .forward.state == "streaming" and .reverse.state == "streaming"'
}

test_phases_have_a_beginning_and_a_duration() {
    service_start
    wait_until 60 is_live
    read_status
    assert_eq $status 0
    assert_now '[.phases[].phase]' '["setup","backfill","catchup","live"]'
    assert_now '[.phases[] | .seconds >= 0 and (.since | test("^20..-.*T.*Z$"))] | all' true
    assert_now '.phase_since == .phases[-1].since' true
    assert_now '[.phases[].since] | . == sort' true
    assert_now '[.running, .time >= .since, .ended_for]' '[true,true,null]'
    assert_now '[.gaps, .alerts, .verified]' '[[],[],null]'
    assert_now '[.forward, .reverse | .since != null] | all' true
    shows "phase live since" "before setup, " "service running since" "read at 20"
}

test_slots_say_what_they_keep() {
    sql old app "SELECT FROM pg_logical_emit_message(false, 'noise', repeat('x', 3000000))"
    read_status
    assert_now '.forward.slot | [.wal_status, .retained_bytes > 0, .safe_bytes > 500000000]' '["reserved",true,true]'
    assert_now '.reverse.slot | [.wal_status, .retained_bytes > 0, .safe_bytes]' '["reserved",true,null]'
    shows "may still grow by 1.0 GB no limit" "the server calls it reserved reserved"
}

test_a_live_link_says_how_fast_it_is() {
    assert_eq "$(status_field '.forward.changes_per_second')" 0
    sql old app "UPDATE public.users SET bio = 'fast'"
    eventually '.forward.changes_per_second > 1'
    assert_eq "$(status_field '.forward.seconds_left')" 0
}

test_the_old_database_is_away() {
    cluster_stop old immediate
    eventually '.forward.state == "retrying"'
    read_status
    assert_eq $status 1
    assert_contains "$(cat "$T/status.err")" "cannot connect to the old database"
    assert_contains "$(cat "$T/status.err")" "hint: "
    assert_now '.sides | [.old.reached, .new.reached, .new.error]' '[false,true,null]'
    assert_now '[.sides.old.error_since != null, .sides.old.error != null]' '[true,true]'
    assert_now '[.phase, .running, .backfill.state, .backfill.rows_done]' '["live",true,"done",2000]'
    assert_now '.forward | [.state, .since != null, .last_error != null, .lag_bytes, .slot.retained_bytes,
                            .slot.active, .applied_changes]' '["retrying",true,true,null,null,null,2000]'
    assert_now '.reverse | [.slot.wal_status, .slot.retained_bytes > 0, .lag_bytes >= 0, .state,
                            .applied_changes, .lag_seconds]' '["reserved",true,true,null,null,null]'
    shows "old unknown: cannot reach the old database since 20" "forward last error: "
    cluster_start old
    wait_until 60 is_live
}

test_the_new_database_is_away() {
    local slot
    slot=$(status_field .forward.slot.retained_bytes)
    cluster_stop new immediate
    eventually .running # it shows that it lives in the old database, which was away before
    sql old app "UPDATE public.users SET bio = 'while the new database is away'"
    read_status
    assert_eq $status 1
    assert_contains "$(cat "$T/status.err")" "cannot connect to the new database"
    assert_now '[.phase, .backfill.state, .backfill.rows_done, .rechecks]' '[null,null,null,null]'
    assert_now '[.running, .since != null, .heard_at != null]' '[true,true,true]'
    assert_now ".forward | [.slot.retained_bytes > $slot, .slot.wal_status, .lag_bytes > 0, .applied_changes]" \
        '[true,"reserved",true,null]'
    assert_now '.reverse | [.applied_changes, .slot.wal_status]' '[0,null]'
    shows "service running since" "phase unknown: cannot reach the new database since 20" \
        "backfill unknown: cannot reach the new database"
    assert_exit 1 pgtandem teardown --all
    assert_contains "$output" "a pgtandem is at work on the migration"
    assert_eq "$(sql old app "SELECT count(*) FROM pg_replication_slots")" 1 "slots that are left"
}

test_both_are_away() {
    cluster_stop old immediate
    read_status
    assert_eq $status 1
    assert_eq "$(grep -c '^pgtandem: cannot connect' "$T/status.err")" 2 "messages"
    assert_now '[.migration, .time != null, .running, .phase]' '["users_name_split",true,null,null]'
    assert_now '[.forward, .reverse | .state, .lag_bytes, .parked] | unique' '[null]'
    shows "service unknown: " "old unknown: cannot reach" "new unknown: cannot reach"
}

test_after_a_kill_it_is_known_since_when() {
    service_kill
    cluster_start old
    read_status
    # without the lock's database nobody knows whether the service lives
    assert_now '[.running, .heard_at != null, .forward.slot.active]' '[null,true,false]'
    cluster_start new
    read_status
    assert_eq $status 0
    assert_now '[.running, .ended_for, .since != null, .since == .heard_at]' '[false,"killed, or cut off",true,true]'
    assert_now '[.forward, .reverse | .state, (.since != null)]' '["stopped",true,"stopped",true]'
    assert_now '[.forward, .reverse | .changes_per_second, .seconds_left] | unique' '[null]'
    assert_now '.forward | [.lag_bytes > 0, .lag_seconds > 0]' '[true,true]'
    shows "service not running: killed or cut off, heard of last at 20"
}

test_a_server_that_does_not_answer_ends_the_wait() {
    local postmaster
    postmaster=$(head -n 1 "$(cluster_folder old)/data/postmaster.pid")
    kill -STOP "$postmaster"
    read_status
    kill -CONT "$postmaster"
    assert_eq $status 1
    assert_contains "$(cat "$T/status.err")" "cannot connect to the old database"
    assert_now '[.sides.old.reached, .phase, .running]' '[false,"live",false]'
}

test_one_table_that_cannot_be_read_hides_nothing_else() {
    sql new app "ALTER TABLE pgtandem.after_copy RENAME TO elsewhere"
    read_status
    sql new app "ALTER TABLE pgtandem.elsewhere RENAME TO after_copy"
    # the schema is not whole: it counts as not there, as before setup
    assert_now '[.sides.new.reached, .reverse.slot.wal_status]' '[true,"reserved"]'
    sql new app "ALTER TABLE pgtandem.conflict RENAME settled_at TO elsewhere"
    read_status
    sql new app "ALTER TABLE pgtandem.conflict RENAME elsewhere TO settled_at"
    assert_eq $status 1
    assert_now '[.phase, .backfill.rows_done, .forward.conflicts, .reverse.conflicts]' '["live",2000,null,0]'
}

test_tables_of_an_earlier_version_are_read() {
    local database
    for database in old new; do
        sql $database app "ALTER TABLE pgtandem.migration DROP phase_history;
            ALTER TABLE pgtandem.copy DROP trouble, DROP since;
            ALTER TABLE pgtandem.link DROP state_since, DROP changes_per_second,
                DROP process_began_at, DROP process_ended_at, DROP process_ended_for"
    done
    read_status
    assert_eq $status 0
    assert_now '[.phase, [.phases[].phase], .running, .since, .forward.state]' '["live",["live"],false,null,"stopped"]'
    service_start
    wait_until 60 is_live
    read_status
    assert_now '[.running, .since != null, .forward.since != null]' '[true,true,true]'
    service_stop
}

test_a_service_that_was_asked_to_stop_has_stopped() {
    read_status
    assert_now '[.running, .ended_for, .since != null, .forward.state, .reverse.state]' '[false,null,true,"stopped","stopped"]'
    assert_now '[.forward, .reverse | .lag_seconds < 5] | unique' '[true]'
    shows "service not running since 20"
}

test_a_link_that_failed_stays_so() {
    config 'stream: {on_truncate: stop}'
    service_start
    wait_until 60 is_live
    sql old app "CREATE TABLE keep AS SELECT * FROM public.users; TRUNCATE public.users"
    background_wait service 30 || true
    sql old app "INSERT INTO public.users SELECT * FROM keep"
    read_status
    assert_eq $status 0
    assert_now '[.running, .forward.state, .forward.since != null, .reverse.state]' '[false,"failed",true,"stopped"]'
    assert_now '[.forward.last_error, .ended_for | contains("was truncated")]' '[true,true]'
    shows "service not running since" "was truncated" "failed"
    assert_exit 0 pgtandem setup
    assert_eq "$(status_field .forward.state)" failed
    config 'stream: {on_truncate: apply}'
    service_start
    wait_until 60 is_live
    assert_eq "$(status_field '[.forward.last_error, .ended_for] | unique | tostring')" '[null]'
}

test_a_slot_that_is_lost_makes_its_link_so() {
    service_stop
    sql new app "SELECT pg_drop_replication_slot('pgtandem_users_name_split_reverse')" >/dev/null
    read_status
    shows "lost" "unknown"
    assert_now '.reverse | [.state, .since, .lag_bytes, .lag_seconds, .slot.wal_status]' '["lost",null,null,null,null]'
    cluster_restart old max_slot_wal_keep_size=1MB
    for _ in 1 2 3; do
        sql old app "SELECT FROM pg_logical_emit_message(false, 'noise', repeat('x', 1000000)), pg_switch_wal()"
    done
    sql old app CHECKPOINT
    read_status
    assert_now '.forward | [.state, .slot.wal_status, .slot.retained_bytes, .slot.safe_bytes]' '["lost","lost",null,null]'
    shows "lost"
    assert_exit 1 timeout 30 "$PGTANDEM" run --once
    read_status
    assert_now '[.running, .since != null, (.ended_for | contains("is lost"))]' '[false,true,true]'
    cluster_restart old max_slot_wal_keep_size=-1
    assert_exit 0 pgtandem teardown --all
    sql new app "TRUNCATE app_v2.users"
}

copy_config() {
    config "backfill: {jobs: 1, chunk_rows: 100, chunk_time: 0, warm_up: 0, $1}
limits: {lock_timeout: 100ms}"
}

test_a_copy_that_tries_again_has_no_speed() {
    copy_config "max_rows_per_second: 300"
    background backfill "$PGTANDEM" backfill
    eventually '.backfill.activity == "copying" and .backfill.rows_done >= 200 and .backfill.seconds_left != null'
    shows "backfill running" "rows/s, ready in about"
    background locker "$PG_BIN/psql" -X -q -d "$(dsn new app)" -c "BEGIN; LOCK TABLE app_v2.users; SELECT pg_sleep(600)"
    eventually '.backfill.activity == "retrying"'
    read_status
    assert_now '[.running, .phase]' '[true,"backfill"]'
    assert_now '.backfill | [.state, .rows_done < 2000, .rows_per_second, .seconds_left, .waiting_for]' '["running",true,0,null,null]'
    assert_now '.backfill | [.reason != null, .since != null]' '[true,true]'
    shows "backfill running" "trying again since 20"
}

test_a_copy_that_waits_has_no_speed() {
    assert_exit 0 pgtandem pause
    eventually '.backfill.activity == "paused"'
    read_status
    assert_now '.backfill | [.paused, .rows_per_second, .seconds_left, .since != null]' '[true,0,null,true]'
    assert_now '.backfill.waiting_for | contains("pgtandem resume")' true
    shows "waiting for pgtandem resume"
    sql new app "SELECT pg_terminate_backend(pid) FROM pg_locks
                 WHERE relation = 'app_v2.users'::regclass AND mode = 'AccessExclusiveLock' AND granted" >/dev/null
    background_signal backfill KILL
    background_wait backfill 5 || true
    eventually '.running == false'
    read_status
    assert_now '.backfill | [.state, .activity, .paused, .rows_per_second, .seconds_left, .waiting_for, .reason]' \
        '["running","interrupted",true,0,null,null,null]'
    assert_now '.backfill.since == .heard_at' true
    shows "backfill interrupted, " "paused: pgtandem resume lets it go on"
    assert_exit 0 pgtandem resume
}

test_a_copy_that_ended_says_what_for() {
    copy_config "max_parked: 0"
    sql new app "ALTER TABLE app_v2.users ADD CONSTRAINT refused CHECK (id < 1950) NOT VALID"
    assert_exit 1 timeout 60 "$PGTANDEM" backfill
    read_status
    assert_eq $status 0
    assert_now '[.running, .backfill.state, .backfill.activity, .backfill.since != null]' '[false,"running","interrupted",true]'
    assert_now '[.ended_for, .backfill.reason | contains("rows cannot be copied")]' '[true,true]'
    assert_now '.backfill | [.rows_per_second, .seconds_left]' '[0,null]'
    shows "backfill interrupted, " "rows cannot be copied"
    copy_config "max_parked: 1"
    assert_exit 0 timeout 60 "$PGTANDEM" backfill
    read_status
    assert_now '[.backfill.state, .backfill.activity, .ended_for]' '["done",null,null]'
}

run_tests "$@"
