/* rng.h - the one source of chance: what a seed gives, it gives again.
 *
 * Each part of a round (a writer, the faults) has a stream of its own, so that
 * how one of them fares does not change what another one does. */
#ifndef CHAOS_RNG_H
#define CHAOS_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

/* `stream` and `part` tell apart what draws from one seed. */
void rng_init(struct rng *rng, uint64_t seed, uint64_t stream, uint64_t part);
uint64_t rng_next(struct rng *rng);
/* 0 to n - 1 */
int rng_below(struct rng *rng, int n);
/* low to high, both included */
int rng_between(struct rng *rng, int low, int high);
bool rng_chance(struct rng *rng, int percent);
/* An index into `weights`, each as likely as its weight. */
int rng_pick(struct rng *rng, const int *weights, int count);

#endif
