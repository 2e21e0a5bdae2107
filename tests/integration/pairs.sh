# shellcheck shell=bash
# pairs.sh - pairs of tables of any shape: for tests that source it after lib.sh.

# What text and parsing depend on, pinned for the test's own statements.
PINNED="SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET intervalstyle = 'postgres';
        SET bytea_output = 'hex'; SET extra_float_digits = 3; SET lc_monetary = 'C';
        SET array_nulls = on; SET standard_conforming_strings = on; SET client_encoding = 'UTF8';
        SET xmloption = 'content'; SET search_path = public;
        SET default_transaction_read_only = off; SET statement_timeout = 0;"

# pair_config OLD_DSN NEW_DSN TABLES [MORE]: TABLES is the YAML below `tables:`.
pair_config() {
    local backfill='backfill: {jobs: 2}'
    [[ "${4:-}" != *backfill:* ]] || backfill=
    write_config "$1" "$2" "new:
  dsn: \"$2\"
$backfill
tables:
$3
${4:-}"
}

# run_sql NAME DATABASE: the SQL on standard input, under pinned settings.
run_sql() {
    { echo "$PINNED"; cat; } | psql_in "$1" "$2" -f -
}

# rows NAME DATABASE QUERY: as COPY writes them, under pinned settings.
rows() {
    psql_in "$1" "$2" -c "$PINNED COPY ($3) TO STDOUT"
}

# wait_rows SECONDS NAME DATABASE QUERY WANTED: until the query gives exactly that.
wait_rows() {
    local end=$((SECONDS + $1)) got
    until got=$(rows "$2" "$3" "$4" 2>&1) && [ "$got" = "$5" ]; do
        [ $SECONDS -le $end ] || fail "$4: got '$got', wanted '$5'"
        must_be_running
        sleep 0.1
    done
}

# wait_same_rows SECONDS NAME DATABASE QUERY NAME DATABASE QUERY: until both queries
# give the same rows, of which there is at least one.
wait_same_rows() {
    local end=$((SECONDS + $1)) one=$T/one two=$T/two
    while
        rows "$2" "$3" "$4" >"$one" || fail "$4"
        rows "$5" "$6" "$7" >"$two" || fail "$7"
        [ ! -s "$one" ] || ! cmp -s "$one" "$two"
    do
        [ $SECONDS -le $end ] ||
            fail "the rows differ: $(diff -a "$one" "$two" | cut -c 1-500 | head -n 20 || true)"
        must_be_running
        sleep 0.2
    done
}

must_be_running() {
    background_running service || fail "the service has ended: $(tail -n 5 "$(service_log)")"
}

# teardown: everything the migration left, so that the next case starts afresh. The sessions
# of a process that was killed can end a moment later than it.
teardown() {
    local end=$((SECONDS + 10))
    until pgtandem teardown --all >"$T/teardown.log" 2>&1; do
        if [ $SECONDS -gt $end ] || ! grep -q "another pgtandem is at work" "$T/teardown.log"; then
            fail "teardown: $(cat "$T/teardown.log")"
        fi
        sleep 0.2
    done
}

# wait_service_end STATUS [SECONDS]: until the service has ended by itself.
wait_service_end() {
    local status=0
    background_wait service "${2:-60}" || status=$?
    assert_eq "$status" "$1" "exit status of $(tail -n 5 "$(service_log)")"
}

# last_words: what the service said last.
last_words() {
    tail -n "${1:-6}" "$(service_log)"
}

# forget_log: so that last_words are of the next run.
forget_log() {
    : >"$(service_log)"
}
