#!/bin/bash
# The model of convergence (tests/model): its rules hold, and it can tell when one is
# left out.
set -euo pipefail
cd "$(dirname "$0")/../model"

# case_of NAME COMMAND...
case_of() {
    local name=$1
    shift
    if "$@"; then
        echo "ok - $name"
    else
        echo "FAILED - $name"
        exit 1
    fi
}

rules_hold() {
    python3 convergence.py --runs "${MODEL_RUNS:-3000}"
}

is_caught() {
    ! python3 convergence.py --runs 400 --without "$1" >"$TMPDIR/model.log" || return 1
    grep -q wrong "$TMPDIR/model.log"
}

TMPDIR=${TMPDIR:-/tmp}
case_of the_rules_hold rules_hold
case_of without_rechecks_they_do_not is_caught recheck
case_of nor_with_the_earlier_commit is_caught later
