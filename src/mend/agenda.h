/* agenda.h - the keys that are up for recheck, and what is known of each.
 *
 * Why: a key is put up by many (two links, a parked row, a person), and is looked
 *   at once a round. What was seen in earlier rounds is remembered here: a
 *   difference counts only when it has stood still from one round to another,
 *   with a barrier (barrier.h) between; until then it may be on its way.
 * A round: agenda_begin, agenda_add for everything that is up, then each item's
 *   fate, agenda_end.
 * Pure. Memory: items are the agenda's; a key's values are valid as long as its
 *   item is, which is to the end of its last round at least. */
#ifndef PGTANDEM_MEND_AGENDA_H
#define PGTANDEM_MEND_AGENDA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/value.h"

#define FATES(X)                                                                                   \
    X(open)       /* not looked at yet, or different */                                            \
    X(equal)      /* both sides were seen to agree */                                              \
    X(parked)     /* cannot be mended now, and is among the parked rows */                         \
    X(unreadable) /* no key that the table could hold */

enum fate {
#define FATE_ENUM(name) FATE_##name,
    FATES(FATE_ENUM)
#undef FATE_ENUM
};

enum { XMIN_SIZE = 12 };

/* Which version of a row each side held; "" where it held none. */
struct sighting {
    char old_xmin[XMIN_SIZE], new_xmin[XMIN_SIZE];
};

struct agenda_entry; /* its place in the table of items */

struct item {
    struct agenda_entry *entry;
    size_t table;
    const struct value *key; /* n_key values, in the order of the forward mapping's key */
    size_t n_key;

    enum fate fate;   /* in this round */
    unsigned round;   /* in which it was put up last */
    bool from_parked; /* a parked row stands for it already */
    bool blocked;     /* in this round: by another row's unique value */
    unsigned tries;   /* to mend it, since it was put up */
    bool was_seen;    /* different, in an earlier round: */
    struct sighting seen;
};

struct agenda {
    struct agenda_entry *entries;
    struct item **items; /* of this round, in the order in which they were put up */
    size_t count, capacity;
    unsigned round;
};

void agenda_init(struct agenda *agenda);
void agenda_fini(struct agenda *agenda);

void agenda_begin(struct agenda *agenda);
/* Puts up a key, or finds it where it was put up before. The key is copied. */
struct item *agenda_add(struct agenda *agenda, size_t table, const struct value *key, size_t n_key);
/* Forgets items that have met their fate, or were not put up again. */
void agenda_end(struct agenda *agenda);

/* Tells what a key was seen to be while it differed. True: it was the very same in
 * an earlier round, and so has stood still. */
bool item_has_stood_still(struct item *item, const char *old_xmin, const char *new_xmin);

#endif
