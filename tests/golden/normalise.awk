# normalise.awk - gives a recording the same numbers each time it is made.
#
# Transaction ids become 1001, 1002, ... in the order of their appearance, and
# a transaction's time the same number of microseconds after a fixed second.
# Positions become 0/1000100, 0/1000200, ...: equal ones of one transaction
# stay equal. The keys of a message's head come first and in a fixed order, so
# that a row's values are never touched.

# Replaces the first match of `pattern`, a quoted or bare value behind a key
function put(pattern, key, value) {
    if (match($0, pattern)) {
        $0 = substr($0, 1, RSTART - 1) key value substr($0, RSTART + RLENGTH)
    }
}

function found(pattern) {
    return match($0, pattern) ? substr($0, RSTART, RLENGTH) : ""
}

function position(text) {
    if (!((xid, text) in positions)) {
        positions[xid, text] = sprintf("0/%X", 16777216 + 256 * ++n_positions)
    }
    return "\"" positions[xid, text] "\""
}

{
    xid = found("^{\"action\":\"[A-Z]\",\"xid\":[0-9]+")
    sub(/.*:/, "", xid)
    if (xid != "") {
        if (!(xid in xids)) {
            xids[xid] = 1000 + ++n_xids
        }
        put("\"xid\":[0-9]+", "\"xid\":", xids[xid])
        put("\"timestamp\":\"[^\"]*\"", "\"timestamp\":",
            sprintf("\"2026-11-22 09:10:23.%06d+00\"", xids[xid]))
    }
    lsn = found("\"lsn\":\"[^\"]*\"")
    put("\"lsn\":\"[^\"]*\"", "\"lsn\":", position(substr(lsn, 7)))
    if ($0 ~ /^{"action":"[BC]"/) {
        lsn = found("\"nextlsn\":\"[^\"]*\"")
        put("\"nextlsn\":\"[^\"]*\"", "\"nextlsn\":", position(substr(lsn, 11)))
    }
    print
}
