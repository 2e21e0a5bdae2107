#!/bin/bash
# Values of rows, keys and passwords are planted wherever they can be, all with one mark in
# them; then everything fails that can. The mark must be in no log and no output, in no text
# of the state schema and in no process's title, unless values are asked for. That it is
# found then shows that the plants are where they should be.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

MARK='TopSecret|5ec2e75ec2e7'
EVERYTHING=$T/everything # each command's output, one after the other
touch "$EVERYTHING" "$(service_log)"

cluster_start main
printf 'local all locked scram-sha-256\n' >"$T/hba"
cat "$(cluster_folder main)/data/pg_hba.conf" >>"$T/hba"
cp "$T/hba" "$(cluster_folder main)/data/pg_hba.conf"
cluster_reload main
create_database main app
create_database main stopped
sql main postgres "CREATE ROLE locked LOGIN PASSWORD 'right'"

# A transform that tells in its reason what it has been given, and refuses some of it.
make_transform() {
    cat >"$T/leaky.c" <<'C'
#include <pgtandem_transform.h>
#include <stdio.h>
#include <string.h>

static const char *const in_columns[] = {"in", NULL}, *const out_columns[] = {"out", NULL};

static bool forward(struct pgtandem_call *call, const struct pgtandem_text *in,
                    struct pgtandem_text *out) {
    out[0] = in[0];
    if (in[0].size >= 6 && memcmp(in[0].data, "refuse", 6) == 0) {
        snprintf(call->error, call->error_size, "cannot take '%.*s'", (int)in[0].size, in[0].data);
        return false;
    }
    return true;
}

const struct pgtandem_transform pgtandem_transform = {
    .abi = PGTANDEM_TRANSFORM_ABI, .size = sizeof(struct pgtandem_transform),
    .name = "leaky", .summary = "tells", .old_columns = in_columns, .new_columns = out_columns,
    .forward = forward, .reverse = forward,
};
C
    gcc -shared -fPIC -I"$ROOT/plugin" -o "$T/leaky.so" "$T/leaky.c"
}
make_transform

# Emails are keys. Each row's `bio` is its way to offend, if it has one.
make_tables() {
    run_sql main "$1" <<'SQL'
CREATE SCHEMA o;
CREATE SCHEMA n;
CREATE TABLE o.p (email text PRIMARY KEY, ref text, nick text, bio text);
CREATE TABLE n.p (email text PRIMARY KEY, ref uuid, nick varchar(40) UNIQUE, bio text CHECK (bio NOT LIKE 'check%'));
CREATE FUNCTION n.watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.bio LIKE 'raise%' THEN
        RAISE EXCEPTION 'not % of %', NEW.bio, NEW.email USING DETAIL = NEW.bio, HINT = NEW.bio;
    END IF;
    RAISE WARNING 'looking at %', NEW.bio;
    RETURN NEW;
END $$;
CREATE TRIGGER watch BEFORE INSERT OR UPDATE ON n.p FOR EACH ROW EXECUTE FUNCTION n.watch();
ALTER TABLE n.p ENABLE ALWAYS TRIGGER watch;
INSERT INTO o.p VALUES ('TopSecret-first@x', NULL, 'TopSecret first', 'TopSecret bio');
SQL
}

# offend NAME: rows that cannot be written, as SQL; their keys are NAME's.
offend() {
    cat <<SQL
INSERT INTO o.p VALUES ('TopSecret-$1-uuid@x', '5ec2e75ec2e7', NULL, 'TopSecret');
INSERT INTO o.p VALUES ('TopSecret-$1-long@x', NULL, 'TopSecret' || repeat('long', 10), 'TopSecret');
INSERT INTO o.p VALUES ('TopSecret-$1-check@x', NULL, NULL, 'check TopSecret');
INSERT INTO o.p VALUES ('TopSecret-$1-raise@x', NULL, NULL, 'raise TopSecret');
INSERT INTO o.p VALUES ('TopSecret-$1-twice@x', NULL, 'TopSecret first', 'TopSecret');
INSERT INTO o.p VALUES ('TopSecret-$1-refused@x', 'refuse TopSecret', NULL, 'TopSecret');
SQL
}

# configure DATABASE [MORE]
configure() {
    pair_config "$(dsn main "$1")" "$(dsn main "$1")" "
  - old: o.p
    new: n.p
    transforms:
      - {use: $T/leaky.so, old: [ref], new: [ref]}" "${2:-}"
}

# try STATUS COMMAND...: its output goes to everything else's.
try() {
    assert_exit "$@"
    echo "--- ${*:2}"$'\n'"$output" >>"$EVERYTHING"
}

# shows TEXT COMMAND...: that shows values because it was asked to.
shows() {
    local text=$1 status=0
    shift
    output=$("$@" 2>&1) || status=$?
    assert_contains "$output" "$text" "$*"
}

# All there are just now, for the same look as at outputs.
note_titles() {
    ps -ww -e -o args >>"$EVERYTHING"
}

# No mark in what was said so far: outputs, the service's logs, titles, the state's texts.
assert_silence() {
    local database table column found
    ! sed '' "$EVERYTHING" "$T"/processes/service*.log | grep -E "$MARK" || fail "a secret has been told"
    for database in app stopped; do
        sql main "$database" "SELECT table_name, column_name FROM information_schema.columns
                               WHERE table_schema = 'pgtandem' AND data_type IN ('text', 'character varying', 'name')" |
            while IFS='|' read -r table column; do
                found=$(sql main "$database" "SELECT $column FROM pgtandem.$table WHERE $column ~ '$MARK'")
                [ -z "$found" ] || fail "pgtandem.$table.$column in $database: $found"
            done
    done
}

parked_are() {
    [ "$(sql main app "SELECT count(*) FROM pgtandem.parked WHERE settled_at IS NULL")" = "$1" ]
}

test_copied_streamed_and_rechecked_rows_at_fault() {
    make_tables app
    offend copy | run_sql main app
    configure app "backfill: {max_parked: 1}"
    try 0 pgtandem check
    service_start
    wait_phase live
    wait_until 20 parked_are 6
    note_titles
    offend stream | run_sql main app
    wait_until 20 parked_are 12
    note_titles
    # tried again: the sqlstates of a recheck are the same
    wait_until 20 tried_again
    assert_eq "$(sql main app "SELECT string_agg(DISTINCT sqlstate, ' ' ORDER BY sqlstate) FROM pgtandem.parked")" \
        "22000 22001 22P02 23505 23514 P0001"
    # a row that only a recheck writes
    sql main app "ALTER TABLE n.p DISABLE TRIGGER watch; INSERT INTO n.p VALUES ('TopSecret-mend@x', NULL, 'TopSecret m', 'TopSecret new')"
    wait_until 20 row_is_old "TopSecret-mend@x"
    sql main app "ALTER TABLE n.p ENABLE ALWAYS TRIGGER watch;
        SET session_replication_role = replica; UPDATE o.p SET bio = 'raise TopSecret' WHERE email = 'TopSecret-mend@x'"
    wait_until 20 parked_are 13
}

tried_again() {
    [ "$(sql main app "SELECT count(*) FROM pgtandem.parked WHERE tries > 0")" -ge 12 ]
}

row_is_old() {
    [ -n "$(sql main app "SELECT 1 FROM o.p WHERE email = '$1'")" ]
}

# Both sides write one row while nothing runs.
test_conflicts() {
    service_stop
    sql main app "UPDATE o.p SET bio = 'TopSecret old' WHERE email = 'TopSecret-first@x';
                  UPDATE n.p SET bio = 'TopSecret new' WHERE email = 'TopSecret-first@x'"
    try 0 pgtandem run --once
    [ "$(sql main app "SELECT count(*) FROM pgtandem.conflict")" -gt 0 ] || fail "there is no conflict"
}

test_what_people_see() {
    try 0 pgtandem status
    try 0 pgtandem status --json
    try 0 pgtandem conflicts list --all
    assert_contains "$output" "a value is not valid for its column's type"
    assert_contains "$output" '22000: transform "leaky" refused the row'
    assert_contains "$output" "p_bio_check"
    try 0 pgtandem conflicts list --all --json
    assert_eq "$(jq -c '[.values, ([.conflicts[], .parked[] | .key, .incoming, .existing, .row, .diagnostics] | unique)]' <<<"$output")" \
        '[false,[null]]'
    try 4 pgtandem verify --full
    assert_contains "$output" "keys: see --values"
    try 1 pgtandem conflicts retry --all
    assert_contains "$output" "open: the row cannot be written: 22001"
    try 0 pgtandem check
    assert_silence
}

test_values_are_there_for_those_who_ask() {
    shows "email=TopSecret-stream-long@x" pgtandem conflicts list --values
    for words in 'invalid input syntax for type uuid: "5ec2e75ec2e7"' "cannot take 'refuse TopSecret'" \
        "not raise TopSecret of TopSecret-copy-raise@x" "Failing row contains (TopSecret-copy-check@x" \
        "Key (nick)=(TopSecret first) already exists"; do
        assert_contains "$output" "$words"
    done
    shows '"TopSecret-copy-uuid@x"' pgtandem conflicts list --values --json
    shows TopSecret-stream-check@x pgtandem verify --full --values --json
}

test_a_row_that_stops_a_link() {
    local way
    teardown
    make_tables stopped
    configure stopped "conflicts: {on_row_error: stop}"
    service_start
    wait_phase live
    service_stop
    for way in uuid twice raise refused; do
        : >"$(service_log)"
        offend stop | grep -e "-$way@" | run_sql main stopped
        service_start
        background_wait service 20 || true
        assert_contains "$(cat "$(service_log)")" "a row of o.p"
        assert_contains "$(cat "$(service_log)")" "status --values shows its key"
        cat "$(service_log)" >>"$EVERYTHING"
        try 0 pgtandem status
        try 0 pgtandem status --json
        assert_contains "$output" "a row of o.p: "
        shows "(email) = (TopSecret-stop-$way@x)" pgtandem status --values
        shows "(email) = (TopSecret-stop-$way@x)" pgtandem status --values --json
        [ $way = refused ] || sql main stopped "DELETE FROM o.p WHERE email = 'TopSecret-stop-$way@x'; SELECT pg_replication_slot_advance('pgtandem_users_name_split_forward', pg_current_wal_lsn())" >/dev/null
    done
    assert_silence
}

test_debug_logs_tell() {
    shows "with values: the row with (email) = (TopSecret-stop-refused@x): cannot take 'refuse TopSecret'" \
        pgtandem --log-level debug run --once
}

# Each row at fault is sent again, and stops the copy in one way.
test_a_row_that_stops_a_copy() {
    local way
    teardown
    for way in uuid raise refused; do
        sql main stopped "TRUNCATE n.p; DELETE FROM o.p"
        offend copy | grep -e "-$way@" | run_sql main stopped
        try 1 pgtandem backfill
        assert_contains "$output" "a row of o.p: it cannot be copied to n.p"
        try 0 pgtandem status
        shows "the row with (email) = (TopSecret-copy-$way@x)" pgtandem status --values
        shows "the row with (email) = (TopSecret-copy-$way@x)" pgtandem --log-level debug backfill
        teardown
    done
}

test_statements_after_the_copy_that_fail() {
    sql main stopped "TRUNCATE n.p; TRUNCATE o.p;
        INSERT INTO o.p VALUES ('TopSecret-a@x', NULL, NULL, 'TopSecret'), ('TopSecret-b@x', NULL, NULL, 'TopSecret')"
    local statement
    for statement in "CREATE UNIQUE INDEX CONCURRENTLY ON n.p (bio)" "CREATE UNIQUE INDEX ON n.p (bio)" \
        "ALTER TABLE n.p ADD CHECK (bio = '')" "DO \$\$ BEGIN RAISE EXCEPTION '%', (SELECT min(bio) FROM n.p); END \$\$" \
        "SELECT bio::int FROM n.p"; do
        echo "$statement;" >"$T/after.sql"
        configure stopped "backfill: {after_copy: [$T/after.sql]}"
        try 1 pgtandem backfill
        assert_contains "$output" "statement 1 failed"
        shows TopSecret pgtandem status --values
        shows TopSecret pgtandem --log-level debug backfill
    done
    # what an index computes, it may warn of
    sql main stopped "CREATE FUNCTION n.loud(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
        'BEGIN RAISE WARNING ''loud %'', t; RETURN t; END'"
    echo "CREATE INDEX ON n.p (n.loud(bio))" >"$T/after.sql"
    try 0 pgtandem backfill
    assert_contains "$output" "ANALYZE n.p: the server has not done it, or warns of it"
    assert_silence
    teardown
}

test_a_query_of_the_limits_that_is_none() {
    local query
    for query in "SELECT min(bio) FROM o.p" "SELECT bio::int FROM o.p"; do
        sql main stopped "TRUNCATE n.p"
        configure stopped "limits: {query: {sql: \"$query\", max: 1}}"
        try "${wanted:-2}" pgtandem backfill
        assert_contains "$output" "limits.query cannot be asked"
        wanted=1
        teardown
    done
    assert_silence
}

# refused DSN [VARIABLE=value...]: no command gets in, and none tells the password.
refused() {
    local command status
    write_config "$1" "$1"
    for command in status check "run --once" "conflicts list" "--log-level debug status"; do
        status=0
        # shellcheck disable=SC2086 # words
        output=$(env "${@:2}" "$PGTANDEM" $command 2>&1) || status=$?
        [ $status -ne 0 ] || fail "$* was let in"
        echo "--- $command"$'\n'"$output" >>"$EVERYTHING"
    done
}

# Passwords: wrong, and in every place.
test_passwords() {
    local locked
    locked="host=$T/socket port=$(cat "$T/clusters/main.port") dbname=app user=locked"
    printf '[secret]\npassword=TopSecretService\n' >"$T/service.conf"
    echo "*:*:*:*:TopSecretPgpass" >"$T/pgpass"
    chmod 600 "$T/pgpass"
    refused "$locked password=TopSecretDsn"
    refused "postgresql://locked:TopSecretUri@/app?host=$T/socket&port=$(cat "$T/clusters/main.port")"
    refused "$locked" PGPASSWORD=TopSecretEnvironment
    refused "$locked service=secret" PGSERVICEFILE="$T/service.conf"
    refused "$locked" PGPASSFILE="$T/pgpass"
    assert_silence
}

# Configurations that are wrong where the password is.
test_configurations_that_are_wrong() {
    local text
    while read -r text; do
        printf 'migration: m\n%b\nnew:\n  dsn: "host=/nowhere"\ntables:\n  - {old: o.p, new: n.p}\n' "$text" >"$PGTANDEM_CONFIG"
        output=$(pgtandem status 2>&1) && fail "it was taken: $text"
        echo "--- $text" | sed -E "s/$MARK/*/g" >>"$EVERYTHING"
        echo "$output" >>"$EVERYTHING"
    done <<'YAML'
old: postgresql://u:TopSecret@h/d
old: [postgresql://u:TopSecret@h/d]
old: {dsn: [TopSecret]}
old: {dsn: {TopSecret: x}}
old: {dsn: host=h, password=TopSecret}
old:\n  dsn: "host=h"\n  password: TopSecret
old:\n  dsn: "host=h password=TopSecret
old:\n  dsn: "host=h"\n  dsn: "host=h password=TopSecret"
old:\n  dsn: *TopSecret
old:\n  dsn: "host=/nowhere password='TopSecret"
old:\n  dsn: "host=/nowhere password=TopSecret\\\\"
old:\n  dsn: "host=/nowhere password=right TopSecret"
old:\n  dsn: "host=/nowhere password=right TopSecret=1"
old:\n  dsn: "postgresql://u:TopSecret%zz@/d"
old:\n  dsn: "postgresql://u:TopSecret@/d?TopSecret"
old:\n  dsn: "postgresql://u:right@TopSecret@/d"
old:\n  dsn: "postgresql://u:right/TopSecret@h/d"
YAML
    assert_silence
}

run_tests "$@"
