/* resolve.h - what to do with an incoming change: the one place that decides.
 *
 * Pure: from the change and what the target holds under its keys to an action.
 * Two policies. BLIND: until live, nobody but pgtandem writes to the target,
 * whose rows may come from later moments than the change; images by key bring
 * every row to its true state, so a row that is there or not is no conflict.
 * LIVE: an application writes there too; a change that meets what it did not
 * expect is applied to the row that is there, and counted.
 *
 *   change             at key  at new key  BLIND            LIVE (conflict)
 *   insert             absent  -           insert           insert
 *                      there   -           update           update (row exists)
 *   update             there   -           update           update
 *                      absent  -           insert           nothing (row missing)
 *   delete             there   -           delete           delete
 *                      absent  -           nothing          nothing (row missing)
 *   update of the key  there   absent      move             move
 *                      absent  absent      insert           insert (row missing)
 *                      there   there       replace          replace (row exists)
 *                      absent  there       update new key   update new key (row missing)
 *
 * An insert for which the change lacks a value (unchanged TOAST) becomes
 * READ_SOURCE; when the source has lost the row since, NOTHING: a later change
 * of the stream tells what became of it. */
#ifndef PGTANDEM_MODEL_RESOLVE_H
#define PGTANDEM_MODEL_RESOLVE_H

#include <stdbool.h>

#include "model/change.h"

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

enum conflict { CONFLICT_NONE, CONFLICT_ROW_EXISTS, CONFLICT_ROW_MISSING };

struct decision {
    enum action action;
    enum conflict conflict;
};

/* `at_key`, `at_new_key`: whether the target holds a row there; the latter
 * counts only for a change that moves its key. Not for truncate. */
struct decision resolve(enum policy policy, const struct change *change, bool at_key,
                        bool at_new_key);

#endif
