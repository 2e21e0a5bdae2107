/* round.h - one round: both sides are written to, things break, and when the
 * writers have paused and pgtandem has settled, everything is judged. */
#ifndef CHAOS_ROUND_H
#define CHAOS_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "backends.h"
#include "complaint.h"
#include "faults.h"
#include "judge.h"
#include "settle.h"
#include "writer.h"

enum { WRITERS_A_SIDE = 3, WRITERS = SIDES * WRITERS_A_SIDE };

/* Everything that lasts from round to round. */
struct stage {
    uint64_t seed;
    bool by_version;               /* the policy: version_column */
    bool disjoint;                 /* no key is written by both sides */
    const char *judge_dsn[SIDES];  /* straight to the servers */
    const char *writer_dsn[SIDES]; /* the same, as an application */
    struct victims victims;
    long long taken[SIDES]; /* changes, by the end of the round before */
    struct complaints complaints;
    struct backends backends;
    struct writer writers[WRITERS], first[SIDES];
};

void stage_init(struct stage *stage);
void stage_fini(struct stage *stage);
/* Until the migration is live: before the first round. False when it does not get
 * there; the complaints tell why. */
bool stage_open(struct stage *stage) __attribute__((warn_unused_result));

/* How a round went, for one line about it. */
struct round {
    int number;
    struct schedule schedule;
    int mean_gap;    /* of the writers, in milliseconds */
    bool bulk;       /* with large transactions */
    bool wait_first; /* the first rows are on both sides when the writers begin */
    size_t transactions[SIDES], changes[SIDES];
    struct verdict verdict;
    double seconds, settle_seconds;
};

/* Plays the round and judges it; `all_keys` compares those of earlier rounds, too.
 * False when something was wrong: the complaints tell what. */
bool round_play(struct stage *stage, struct round *round, int number, bool all_keys)
    __attribute__((warn_unused_result));

#endif
