/* backends.c - remembers the ids of the writers' server processes. */
#include "backends.h"

#include <stdlib.h>
#include <string.h>

void backends_init(struct backends *backends) {
    memset(backends->pids, 0, sizeof backends->pids);
    backends->next = 0;
    pthread_mutex_init(&backends->lock, NULL);
}

void backends_fini(struct backends *backends) {
    pthread_mutex_destroy(&backends->lock);
}

void backends_add(struct backends *backends, int pid) {
    pthread_mutex_lock(&backends->lock);
    backends->pids[backends->next++ % BACKENDS_REMEMBERED] = pid;
    pthread_mutex_unlock(&backends->lock);
}

static bool is_ours(const struct backends *backends, int pid) {
    for (int i = 0; i < BACKENDS_REMEMBERED; i++) {
        if (backends->pids[i] == pid) {
            return true;
        }
    }
    return false;
}

bool backends_all_ours(struct backends *backends, const char *detail) {
    static const char word[] = "rocess "; /* with either P */
    bool all = true;
    pthread_mutex_lock(&backends->lock);
    for (const char *at = detail; all && (at = strstr(at, word)) != NULL;) {
        at += sizeof word - 1;
        all = is_ours(backends, (int)strtol(at, NULL, 10));
    }
    pthread_mutex_unlock(&backends->lock);
    return all;
}
