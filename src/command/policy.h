/* policy.h - can conflicts be decided as configured?
 *
 * Why: from live on both sides are written to, and without a way to tell which
 *   of two changes is later the sides drift apart. `check` says so in advance,
 *   and `run` refuses to begin. */
#ifndef PGTANDEM_COMMAND_POLICY_H
#define PGTANDEM_COMMAND_POLICY_H

#include <stdbool.h>

#include "base/err.h"
#include "pg/migration.h"

/* Does one side's server know when its transactions were committed, where the
 * policy asks for that? False: ERR_NOT_READY with the cure, or the server's. */
bool policy_is_usable_in(const struct migration *m, struct side *side, struct err *err)
    __attribute__((warn_unused_result));
/* On both sides; needs migration_connect(). */
bool policy_is_usable(struct migration *m, struct err *err) __attribute__((warn_unused_result));

#endif
