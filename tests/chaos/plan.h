/* plan.h - what one transaction of an application is going to do, drawn by chance.
 *
 * Pure: a plan depends on what was drawn, never on what a database answered, so
 * that a seed gives the same plans however a round goes.
 *
 * A round has keys of its own, so that rounds do not disturb each other, in
 * groups that differ in who writes them and in what may become of them. */
#ifndef CHAOS_PLAN_H
#define CHAOS_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "rng.h"
#include "side.h"

#define KEY_GROUPS(X)                                                                              \
    X(hot, GROUP_HOT, 0, 10)           /* both sides write them */                                 \
    X(steady, GROUP_STEADY, 12, 6)     /* both do, and only update */                              \
    X(moving, GROUP_MOVING, 20, 8)     /* both do, and change the keys */                          \
    X(swapped, GROUP_SWAPPED, 40, 6)   /* both do, and swap their emails */                        \
    X(own_old, GROUP_OWN_OLD, 100, 40) /* one side alone writes them */                            \
    X(own_new, GROUP_OWN_NEW, 200, 40)                                                             \
    X(own_moving_old, GROUP_OWN_MOVING_OLD, 160, 10) /* the same, and changes the keys */          \
    X(own_moving_new, GROUP_OWN_MOVING_NEW, 260, 10)                                               \
    X(bulk_old, GROUP_BULK_OLD, 1000, 4000) /* one side, thousands at a time */                    \
    X(bulk_new, GROUP_BULK_NEW, 5000, 4000)

enum key_group {
#define GROUP_ENUM(name, id, first, count) id,
    KEY_GROUPS(GROUP_ENUM)
#undef GROUP_ENUM
        GROUP_NONE
};

enum { KEYS_PER_ROUND = 10000 };

const char *group_name(enum key_group group);
/* Its first key, counted from the round's first, and how many it has. */
int64_t group_first(enum key_group group);
int group_size(enum key_group group);
enum key_group group_of(int64_t key);

#define STEP_KINDS(X)                                                                              \
    X(insert, STEP_INSERT)                                                                         \
    X(update, STEP_UPDATE)                                                                         \
    X(delete, STEP_DELETE)                                                                         \
    X(move, STEP_MOVE)               /* changes the key to `other` */                              \
    X(swap, STEP_SWAP)               /* of emails with `other` */                                  \
    X(bulk_insert, STEP_BULK_INSERT) /* keys from `key` to `other` */                              \
    X(bulk_update, STEP_BULK_UPDATE)                                                               \
    X(bulk_delete, STEP_BULK_DELETE)                                                               \
    X(savepoint, STEP_SAVEPOINT)                                                                   \
    X(roll_back, STEP_ROLL_BACK) /* to the savepoint */

enum step_kind {
#define STEP_ENUM(name, id) id,
    STEP_KINDS(STEP_ENUM)
#undef STEP_ENUM
};

enum { SET_EMAIL = 1, SET_FULL_NAME = 2, SET_FIRST_NAME = 4, SET_LAST_NAME = 8, SET_BIO = 16 };

struct step {
    enum step_kind kind;
    int64_t key, other;
    unsigned set; /* which columns an update or insert writes, SET_... */
    bool bump;    /* an update writes updated_at, too */
    const char *email, *full_name, *first_name, *last_name, *bio; /* bio may be NULL */
    int pause;                                                    /* milliseconds before it */
};

enum { PLAN_STEPS = 16 };

struct plan {
    int gap;     /* milliseconds before it begins */
    bool commit; /* or roll it all back */
    struct step steps[PLAN_STEPS];
    int count;
};

/* What a plan is drawn for. */
struct writing {
    enum side side;
    int64_t base;     /* the round's first key */
    int writer;       /* of the side */
    int mean_gap;     /* milliseconds */
    bool always_bump; /* updated_at grows with every update */
    bool bulk;        /* large transactions, by the first writer of a side */
    bool disjoint;    /* no key is written by both sides */
};

/* `number`: the writer's how many-th; texts are the arena's. */
void plan_draw(struct plan *plan, struct rng *rng, const struct writing *writing, int number,
               struct arena *arena);

/* The first transaction of a side in a round: rows to begin with. */
void plan_first(struct plan *plan, struct rng *rng, const struct writing *writing,
                struct arena *arena);

#endif
