/* rng.c - splitmix64: small, quick, and good enough to spread faults. */
#include "rng.h"

uint64_t rng_next(struct rng *rng) {
    rng->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = rng->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void rng_init(struct rng *rng, uint64_t seed, uint64_t stream, uint64_t part) {
    rng->state = seed;
    rng->state = rng_next(rng) + stream;
    rng->state = rng_next(rng) + part;
    (void)rng_next(rng);
}

int rng_below(struct rng *rng, int n) {
    return n > 0 ? (int)(rng_next(rng) % (uint64_t)n) : 0;
}

int rng_between(struct rng *rng, int low, int high) {
    return low + rng_below(rng, high - low + 1);
}

bool rng_chance(struct rng *rng, int percent) {
    return rng_below(rng, 100) < percent;
}

int rng_pick(struct rng *rng, const int *weights, int count) {
    int total = 0;
    for (int i = 0; i < count; i++) {
        total += weights[i];
    }
    int dice = rng_below(rng, total);
    for (int i = 0; i < count; i++) {
        dice -= weights[i];
        if (dice < 0) {
            return i;
        }
    }
    return count - 1;
}
