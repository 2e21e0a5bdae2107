# shellcheck shell=bash
# lib.sh - what the integration tests stand on. A test sources it, defines
# functions test_*, and ends with `run_tests "$@"`:
#
#     . "$(dirname "$0")/lib.sh"
#     cluster_start main
#     create_scenario main app 1000
#     write_config "$(dsn main app)" "$(dsn main app)"
#
#     test_a_row_arrives_on_the_other_side() {
#         service_start
#         wait_phase live
#         ...
#     }
#     run_tests "$@"
#
# The functions run in the order in which they stand, each in a subshell, so
# that what one of them fails at ends only itself. What is to be remembered from
# one to the next (clusters, processes) is in files below $T, the test's
# temporary folder.
#
# Servers, tables and processes in the background are in tests/cluster.sh.
#
#   PGTANDEM   the program under test (build/pgtandem)
#   PG_BIN     PostgreSQL's programs (/usr/lib/postgresql/15/bin)
#   KEEP       when set, $T stays after a failure
set -euo pipefail

# shellcheck source=tests/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cluster.sh"

# ---- comparing ----

# assert_eq GOT WANTED [WHAT]
assert_eq() {
    [ "$1" = "$2" ] || fail "${3:-value}: got '$1', wanted '$2'"
}

# assert_contains TEXT PART [WHAT]
assert_contains() {
    case $1 in
    *"$2"*) ;;
    *) fail "${3:-text} does not contain '$2': $1" ;;
    esac
}

# assert_exit STATUS COMMAND...: what it printed, on both outputs, is in $output.
output=
assert_exit() {
    local wanted=$1 status=0
    shift
    output=$("$@" 2>&1) || status=$?
    [ "$status" -eq "$wanted" ] || fail "'$*' ended with status $status, not $wanted: $output"
}

# assert_same_tables OLD_NAME OLD_DATABASE [NEW_NAME NEW_DATABASE]: the two tables
# hold the same users, as far as the mapping goes.
assert_same_tables() {
    local differences
    differences=$(same_tables "$@") || fail "the tables could not be compared: $differences"
    [ -z "$differences" ] || fail "the tables differ: $differences"
}

# wait_same_tables SECONDS OLD_NAME OLD_DATABASE [NEW_NAME NEW_DATABASE]
wait_same_tables() {
    local end=$((SECONDS + $1))
    shift
    until [ -z "$(same_tables "$@")" ]; do
        [ $SECONDS -le $end ] || break
        sleep 0.2
    done
    assert_same_tables "$@"
}

# ---- pgtandem ----

# pgtandem ARGUMENTS...: with $PGTANDEM_CONFIG.
pgtandem() {
    "$PGTANDEM" "$@"
}

# status_field FILTER: one value of `status --json`, such as .forward.lag_bytes
status_field() {
    pgtandem status --json 2>/dev/null | jq -r "$1"
}

# service_start [ARGUMENTS...]: `pgtandem run` in the background.
service_start() {
    background service "$PGTANDEM" run "$@"
}

service_log() {
    background_log service
}

# service_stop: SIGTERM, upon which the service ends well, within 5 seconds.
service_stop() {
    local status=0
    background_signal service TERM
    background_wait service 5 || status=$?
    [ $status -eq 0 ] || fail "the service ended with status $status: $(tail -n 20 "$(service_log)")"
}

# service_kill: SIGKILL, as an out-of-memory killer would.
service_kill() {
    background_signal service KILL
    background_wait service 5 || true
}

# wait_phase PHASE [SECONDS]
wait_phase() {
    wait_until "${2:-60}" phase_is "$1"
}

phase_is() {
    background_running service ||
        fail "the service ended while waiting for $1: $(tail -n 20 "$(service_log)")"
    [ "$(status_field .phase)" = "$1" ]
}

# wait_drained [SECONDS]: until both links have applied all there is.
wait_drained() {
    wait_until "${1:-60}" links_are_drained
}

links_are_drained() {
    [ "$(status_field '[.forward, .reverse | .lag_bytes] == [0, 0]')" = true ]
}

# ---- running the test cases ----

# run_tests [NAME...]: all test_* functions of the script, or those that are named.
run_tests() {
    local name status any_failed=no
    while read -r name; do
        declare -F "test_$name" >/dev/null || continue
        [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
        # not `if (...)` or `(...) ||`: set -e would then not hold inside
        set +e
        (
            set -eE
            trap 'echo "at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND" >&2' ERR
            "test_$name" </dev/null
        )
        status=$?
        set -e
        if [ $status -eq 0 ]; then
            echo "ok - $name"
        else
            echo "FAILED - $name"
            any_failed=yes
        fi
    done < <(sed -n 's/^test_\([a-z0-9_]*\)() {.*/\1/p' "$0")
    if [ $any_failed = yes ]; then
        show_logs
        exit 1
    fi
}

show_logs() {
    local log
    for log in "$T"/processes/*.log "$T"/clusters/*/log; do
        [ -e "$log" ] || continue
        echo "--- the end of ${log#"$T"/}"
        tail -n 10 "$log"
    done
}

clean_up() {
    local status=$?
    trap - EXIT
    set +e
    end_everything
    if [ $status -ne 0 ] && [ -n "${KEEP:-}" ]; then
        echo "kept: $T" >&2
    else
        rm -rf "$T"
    fi
    exit $status
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
