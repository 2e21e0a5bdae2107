/* mutant.h - ways to break pgtandem on purpose, to see that tests would tell.
 *
 * Why: a test that cannot fail proves nothing. A build with
 *   -DPGTANDEM_MUTANT=<name> breaks one rule; tests/chaos expects to catch each.
 * The program as it is shipped is built without: MUTANT_IS() is then a constant
 * false, and nothing of it is left. */
#ifndef PGTANDEM_BASE_MUTANT_H
#define PGTANDEM_BASE_MUTANT_H

#include <stdbool.h>

#define MUTANTS(X)                                                                                 \
    X(none)                                                                                        \
    X(filter_lost)      /* the server filters nothing, and that is not proved first */             \
    X(filter_off)       /* nor does the link look: its own writes come back */                     \
    X(progress_outside) /* progress is stored in a transaction before the rows' own */             \
    X(unguarded)        /* a row is written although it changed since it was read */               \
    X(no_rechecks)      /* nothing is put up for recheck */                                        \
    X(earlier_wins)     /* of two commits the earlier one */

enum mutant {
#define MUTANT_ENUM(name) MUTANT_##name,
    MUTANTS(MUTANT_ENUM)
#undef MUTANT_ENUM
};

#ifdef PGTANDEM_MUTANT
#define MUTANT_PASTE(name) MUTANT_##name
#define MUTANT_NAMED(name) MUTANT_PASTE(name)
#define MUTANT_IS(name) (MUTANT_NAMED(PGTANDEM_MUTANT) == MUTANT_##name)
#else
#define MUTANT_IS(name) false
#endif

/* Either of the two in which the server filters nothing. */
static inline bool mutant_is_unfiltered(void) {
    bool lost = MUTANT_IS(filter_lost);
    return lost ? lost : MUTANT_IS(filter_off);
}

#endif
