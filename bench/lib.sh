# shellcheck shell=bash
# lib.sh - what the benchmarks share: how they end, how they measure and what they
# print. To be sourced instead of tests/cluster.sh, which comes with it.
#
# Measurements are files in $T/figures, one a series, one line each. Progress goes
# to standard error, results to standard output.
# shellcheck source=tests/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/cluster.sh"

mkdir "$T/figures"

# ---- the end ----

clean_up() {
    local status=$?
    trap - EXIT
    trap '' INT TERM
    set +e
    if [ $status -ne 0 ] && [ $status -lt 128 ]; then
        tail -n 5 "$T"/processes/*.log >&2 2>/dev/null
    fi
    end_everything 2>/dev/null
    rm -rf "$T"
    exit $status
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- measuring ----

say() {
    printf '%s\n' "$*" >&2
}

now() {
    echo "${EPOCHREALTIME/,/.}"
}

# calculate EXPRESSION [FORMAT]
calculate() {
    awk "BEGIN { printf \"${2:-%.3f}\", $1 }"
}

# record SERIES VALUE: one measurement. Several of a series make a median.
record() {
    echo "$2" >>"$T/figures/$1"
}

# note SERIES VALUE: the same, to be seen
note() {
    record "$1" "$2"
    say "    $1: $2"
}

median() {
    [ -e "$T/figures/$1" ] || return 0
    sort -g "$T/figures/$1" | awk '{ v[NR] = $1 } END {
        print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

maximum() {
    sort -g "$T/figures/$1" 2>/dev/null | tail -n 1
}

# timed SERIES COMMAND...: how many of ROWS a second it deals with
timed() {
    local from
    from=$(now)
    "${@:2}"
    note "$1" "$(calculate "$ROWS / ($(now) - $from)" %.0f)"
}

wanted() {
    [[ " $ONLY " == *" $1 "* ]]
}

# ---- telling ----

table_head() {
    printf '%-52s %10s %10s %-7s %6s   %s\n' "" pgtandem other "" ratio "is to be"
}

# row WHAT PGTANDEM AGAINST UNIT BAR: one line; BAR is what the ratio is to be
row() {
    local ours=$2 theirs=$3 ratio
    [ -n "$ours" ] && [ -n "$theirs" ] || return 0
    ratio=$(calculate "$ours / ($theirs > 0 ? $theirs : 1e9)" %.2f)
    printf '%-52s %10s %10s %-7s %6s   %s\n' "$1" "$ours" "$theirs" "$4" "$ratio" "$5"
}

# write_json CLUSTER JQ_ARGUMENTS...: all figures and their medians, in $JSON, with
# what the arguments (--arg, --argjson) say of the run
write_json() {
    local cluster=$1 file
    mkdir -p "$(dirname "$JSON")"
    for file in "$T"/figures/*; do
        jq -n --arg name "$(basename "$file")" --slurpfile runs "$file" --arg median "$(median "$(basename "$file")")" \
            '{($name): {median: ($median | tonumber), runs: $runs}}'
    done | jq -s --argjson cores "$(nproc)" --arg server "$(sql "$cluster" postgres 'SHOW server_version')" \
        "${@:2}" '$ARGS.named + {figures: add}' >"$JSON"
}
