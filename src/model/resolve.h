/* resolve.h - what to do with an incoming change: the one place that decides.
 *
 * Pure: from the change and what the target holds under its keys to an action.
 * Two policies. BLIND: until live, nobody but pgtandem writes to the target,
 * whose rows may come from later moments than the change; images by key bring
 * every row to its true state, so a row that is there or not is no conflict.
 * LIVE: an application writes there too.
 *
 * What a key can hold, in the eyes of a change: nothing; a copy (a row last
 * written by pgtandem); an original (last written by an application) that is
 * earlier than the change, or later, when it stays. stamp.h says what earlier
 * is. BLIND sees copies only.
 *
 *   change     at key   new key  BLIND    LIVE       recheck  conflict
 *   insert     nothing  -        insert   insert
 *              copy     -        update   update
 *              earlier  -                 update     key      insert_exists, applied
 *              later    -                 -          key      insert_exists, kept
 *   update     nothing  -        insert   -          key      update_missing, skipped
 *              copy     -        update   update
 *              earlier  -                 update     key
 *              later    -                 -          key      update_origin_differs, kept
 *   delete     nothing  -        -        -          key      delete_missing, skipped
 *              copy     -        delete   delete     key
 *              earlier  -                 delete     key
 *              later    -                 -          key      delete_origin_differs, kept
 *   update of  copy     nothing  move     move       both
 *   the key    earlier  nothing           move       both
 *              later    nothing           move       both     update_origin_differs, applied
 *              nothing  nothing  insert   insert     both     update_missing, applied
 *              any row  copy     replace  replace    both
 *              any row  earlier           replace    both     update_exists, applied
 *              any row  later             delete     both     update_exists, kept
 *              nothing  copy     update   update     both     update_missing, applied
 *              nothing  earlier           update     both     update_missing, applied
 *              nothing  later             -          both     update_exists, kept
 *
 * The last three update the row at the new key. A key change removes the old key,
 * contest or not: two sides that rename one row cannot both keep it. An insert
 * for which the change lacks a value
 * (unchanged TOAST) is, when BLIND, READ_SOURCE (NOTHING when the source has lost
 * the row since: a later change of the stream tells what became of it), and when
 * LIVE left to the recheck (update_missing, skipped).
 *
 * Every change that met an original or found nothing to change, every delete and
 * every key change puts its keys up for recheck (remedy.h). Recorded as conflicts
 * are changes that were not applied, and those that ended something an
 * application had just done. Of two changes that cross, one arrives where the
 * other's row is later, so that each contest is on record once at least; an
 * update over an earlier original may be nothing of the kind, but the first one
 * that comes to an old row.
 *
 * Source of the rules: tests/model/convergence.py, which runs them. */
#ifndef PGTANDEM_MODEL_RESOLVE_H
#define PGTANDEM_MODEL_RESOLVE_H

#include <stdbool.h>

#include "model/change.h"
#include "model/stamp.h"

enum policy { POLICY_BLIND, POLICY_LIVE };

#define ACTIONS(X)                                                                                 \
    X(NOTHING)                                                                                     \
    X(INSERT)                                                                                      \
    X(UPDATE) /* the row at the change's key */                                                    \
    X(DELETE)                                                                                      \
    X(MOVE)           /* give the row at the key its new key and values */                         \
    X(REPLACE)        /* delete the row at the key, update the one at the new key */               \
    X(UPDATE_NEW_KEY) /* update the row at the new key */                                          \
    X(READ_SOURCE)    /* complete the change from the source, then decide again */

enum action {
#define ACTION_ENUM(name) ACTION_##name,
    ACTIONS(ACTION_ENUM)
#undef ACTION_ENUM
};
const char *action_name(enum action action);

/* Named as PostgreSQL names the conflicts of its own logical replication. */
#define CONFLICTS(X)                                                                               \
    X(none)                                                                                        \
    X(insert_exists)                                                                               \
    X(update_exists) /* a key change met a row at its new key */                                   \
    X(update_origin_differs)                                                                       \
    X(update_missing)                                                                              \
    X(delete_origin_differs)                                                                       \
    X(delete_missing)

enum conflict {
#define CONFLICT_ENUM(name) CONFLICT_##name,
    CONFLICTS(CONFLICT_ENUM)
#undef CONFLICT_ENUM
};
const char *conflict_name(enum conflict conflict);

#define OUTCOMES(X)                                                                                \
    X(applied) /* the change, although it met something */                                         \
    X(kept)    /* what was there, because it is later */                                           \
    X(skipped) /* the change: there was nothing to apply it to */

enum outcome {
#define OUTCOME_ENUM(name) OUTCOME_##name,
    OUTCOMES(OUTCOME_ENUM)
#undef OUTCOME_ENUM
};
const char *outcome_name(enum outcome outcome);

/* What a key holds in the eyes of one change. */
enum found { FOUND_NOTHING, FOUND_COPY, FOUND_EARLIER, FOUND_LATER };

struct decision {
    enum action action;
    enum conflict conflict;
    enum outcome outcome; /* of a conflict */
    bool recheck;         /* the key, and the new one of a key change */
};

enum found resolve_found(const struct change *change, struct row_state row);

/* `at_new_key` counts only for a change that moves its key. Not for truncate. */
struct decision resolve(enum policy policy, const struct change *change, enum found at_key,
                        enum found at_new_key);

#endif
