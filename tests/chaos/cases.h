/* cases.h - all that is known of each key when a round is over: the rows that both
 * sides hold, what the applications wrote, what pgtandem has recorded. */
#ifndef CHAOS_CASES_H
#define CHAOS_CASES_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "complaint.h"
#include "record.h"
#include "side.h"

struct key_case {
    int64_t key;
    const struct image *rows[SIDES]; /* NULL: absent */
    struct write *const *writes;     /* in the order of their commits */
    size_t n_writes;
    bool written[SIDES], moved, deleted; /* by the applications */
    bool parked[SIDES];                  /* and still is; by the side that the link reads */
    bool was_parked;
    int conflicts, open_conflicts;
};

struct cases {
    struct key_case *list; /* by key */
    size_t count;
    struct arena arena;
};

/* Of the keys from `first` on, as the tables hold them now. Records of a key that
 * nobody has written are complained about, if it is one from `base` on: of earlier
 * rounds only the rows that are left are known. */
void cases_init(struct cases *cases, PGconn *const conns[SIDES], const struct history *history,
                int64_t first, int64_t base, struct complaints *complaints);
void cases_fini(struct cases *cases);

#endif
