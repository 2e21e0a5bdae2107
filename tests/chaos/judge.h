/* judge.h - what must hold when the writers have paused and pgtandem has settled.
 *
 *   1. Both sides agree, but for parked rows, and those have a unique value in
 *      their way.
 *   2. A key that only one side has written holds what its last commit left.
 *   3. Of a key that both have written, the later commit's row is there, the new
 *      side's in a tie; under version_column the one with the greater version.
 *   4. Conflicts are recorded where there were some, and not where there can't
 *      have been any; all of them are settled, but for parked rows.
 *
 * Not judged by 2 and 3: keys that were changed, and keys that were, or could have
 * been, parked. Not here: counts, which are the round's (round.h). */
#ifndef CHAOS_JUDGE_H
#define CHAOS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "cases.h"
#include "complaint.h"
#include "report.h"
#include "service.h"

struct judge {
    const struct cases *cases;
    const struct service *service; /* when it was away */
    int64_t base;                  /* the round's first key; others are judged by 1 only */
    bool by_version;               /* the policy: version_column */
    struct reporter *reporter;
    struct complaints *complaints;
};

struct verdict {
    size_t keys, alone, contested, parked, crossed, conflicts; /* judged by 1, 2, 3, ... */
};

/* Is a row parked that nothing is in the way of any more? It is tried again sooner
 * or later, and to be judged after that. */
bool judge_awaits_retry(const struct cases *cases);

void judge_cases(const struct judge *judge, struct verdict *verdict);

#endif
