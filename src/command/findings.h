/* findings.h - what `check` found: a list for people, and as JSON.
 *
 * Memory: texts and items live in the list's arena. */
#ifndef PGTANDEM_COMMAND_FINDINGS_H
#define PGTANDEM_COMMAND_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define FINDING_LEVELS(X)                                                                          \
    X(ok)      /* nothing to do */                                                                 \
    X(warning) /* may hurt; somebody should know */                                                \
    X(error)   /* the migration would fail or lose data */

enum finding_level {
#define FINDING_ENUM(name) FINDING_##name,
    FINDING_LEVELS(FINDING_ENUM)
#undef FINDING_ENUM
        FINDING_LEVEL_COUNT
};

struct finding {
    enum finding_level level;
    const char
        *where; /* "old database", "new database", "database" (or both: "databases"), "tables" */
    const char *check; /* a word for programs: "wal_level" */
    const char *message;
    const char *hint; /* the cure, or "" */
};

struct findings {
    struct finding *items;
    size_t count, capacity;
    const char *where; /* of what is added next; borrowed */
    struct arena arena;
};

void findings_init(struct findings *findings);
void findings_fini(struct findings *findings);

void findings_add(struct findings *findings, enum finding_level level, const char *check,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The cure of what was added last. */
void findings_hint(struct findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An error that a check ran into, with its own hint. */
void findings_add_err(struct findings *findings, enum finding_level level, const char *check,
                      const struct err *err);

size_t findings_count(const struct findings *findings, enum finding_level level);
void findings_print(const struct findings *findings);
void findings_print_json(const struct findings *findings);

#endif
