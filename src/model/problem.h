/* problem.h - what stands in the way, for people: all of it, not the first.
 *
 * Why: whoever prepares a migration wants one list to work through, not a
 *   new error after every cure.
 * Memory: texts and items live in the list's arena. */
#ifndef PGTANDEM_MODEL_PROBLEM_H
#define PGTANDEM_MODEL_PROBLEM_H

#include <stddef.h>

#include "base/arena.h"

struct problem {
    const char *message; /* what, on which table, and why */
    const char *hint;    /* what to do; never NULL, may be "" */
    int line;            /* of the configuration, 0 when it is not about a line */
};

struct problem_list {
    struct problem *items; /* in `arena` */
    size_t count, capacity;
    struct arena *arena;
};

void problem_list_init(struct problem_list *list, struct arena *arena);

/* Appends a problem without a hint. */
void problem_add(struct problem_list *list, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what to do about the problem that was added last. */
void problem_hint(struct problem_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
