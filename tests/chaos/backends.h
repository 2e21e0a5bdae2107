/* backends.h - which server processes are the applications' own.
 *
 * Why: a deadlock between two writers is their own affair; one with anybody else
 *   in it is pgtandem's, which should have been the victim. */
#ifndef CHAOS_BACKENDS_H
#define CHAOS_BACKENDS_H

#include <pthread.h>
#include <stdbool.h>

enum { BACKENDS_REMEMBERED = 256 };

struct backends {
    pthread_mutex_t lock;
    int pids[BACKENDS_REMEMBERED]; /* a ring: the oldest are gone long since */
    int next;
};

void backends_init(struct backends *backends);
void backends_fini(struct backends *backends);
void backends_add(struct backends *backends, int pid);

/* Are all processes that the detail of a deadlock names ours? It reads
 * "Process 17 waits for ShareLock on transaction 4711; blocked by process 18." */
bool backends_all_ours(struct backends *backends, const char *detail);

#endif
