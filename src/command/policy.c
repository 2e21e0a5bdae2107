/* policy.c - see policy.h. */
#include "command/policy.h"

bool policy_is_usable_in(const struct migration *m, struct side *side, struct err *err) {
    bool on;
    if (m->config->conflicts.policy != POLICY_LAST_COMMIT_WINS) {
        return true;
    }
    if (!db_bool(&side->db, err, &on, "SELECT current_setting('track_commit_timestamp') = 'on'", 0,
                 NULL)) {
        return false;
    }
    if (on) {
        return true;
    }
    err_set(err, ERR_NOT_READY,
            "track_commit_timestamp is off in %s: conflicts.policy last_commit_wins cannot tell "
            "who wrote a row last, or when",
            side->label);
    return err_hint(err, "set track_commit_timestamp = on in postgresql.conf and restart the "
                         "server, or choose conflicts.policy version_column with a column that "
                         "every UPDATE raises");
}

bool policy_is_usable(struct migration *m, struct err *err) {
    return policy_is_usable_in(m, &m->old_side, err) && policy_is_usable_in(m, &m->new_side, err);
}
