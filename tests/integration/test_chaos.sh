#!/bin/bash
# A few rounds of chaos that are always the same ones; `make chaos` plays others.
#
#   ROUNDS, SEED and the rest: see tests/chaos/run
set -euo pipefail

export ROUNDS=${ROUNDS:-6} SEED=${SEED:-7} SEASON=${SEASON:-2}
export NEMESIS=${NEMESIS:-$(dirname "$PGTANDEM")/tests/chaos/nemesis}
export LOGS=${LOGS:-$(dirname "$PGTANDEM")/logs}
exec "$(dirname "$0")/../chaos/run"
