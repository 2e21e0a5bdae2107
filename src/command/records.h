/* records.h - conflicts and parked rows, as the state schemas of both databases
 * hold them.
 *
 * Ids: a letter and the number in the table. `f12` and `r12` are conflicts of the
 *   forward and the reverse link, `pf12`, `pr12` and `pc12` rows that these links
 *   or the copy parked. A link's records are in the database that it writes to,
 *   so that no two of a migration have the same id.
 * Open, settled: a record is settled when both sides' rows have been seen to
 *   agree again.
 * Memory: everything is in the list's arena. */
#ifndef PGTANDEM_COMMAND_RECORDS_H
#define PGTANDEM_COMMAND_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "pg/migration.h"

/* All are texts, NULL where there is nothing; rows and keys are JSON, times are
 * ISO 8601 in UTC with microseconds. */
#define RECORD_FIELDS(X)                                                                           \
    X(id)                                                                                          \
    X(link)                                                                                        \
    X(table) /* the one that the link writes to */                                                 \
    X(key)                                                                                         \
    X(key_text)       /* "id=7" */                                                                 \
    X(key_is_numbers) /* "t" */                                                                    \
    X(what)           /* kind of the conflict, or the operation that failed */                     \
    X(decision)       /* of a conflict */                                                          \
    X(sqlstate)       /* why a row was parked */                                                   \
    X(reason)                                                                                      \
    X(constraint)                                                                                  \
    X(diagnostics) /* what the server or a transform said; NULL: an earlier version's record,      \
                      whose reason holds that */                                                   \
    X(incoming)    /* the row as it should have been written */                                    \
    X(incoming_at)                                                                                 \
    X(existing) /* of a conflict: what was there */                                                \
    X(existing_at)                                                                                 \
    X(source_lsn)                                                                                  \
    X(at)                                                                                          \
    X(settled_at) /* NULL: open */                                                                 \
    X(tries)      /* of a parked row, and when it is tried again */                                \
    X(retry_at)

struct record {
    bool is_parked;
#define RECORD_MEMBER(name) const char *name;
    RECORD_FIELDS(RECORD_MEMBER)
#undef RECORD_MEMBER
};

struct records {
    struct record *items; /* conflicts, then parked rows; the latest first */
    size_t count, capacity;
    int64_t n_conflicts, n_parked; /* as many as fit the filter, without its limit */
    struct arena arena;
};

struct record_filter {
    bool settled; /* those, too */
    bool parked_only;
    const char *ids; /* a text[], or NULL for all */
    int64_t limit;   /* of each kind; 0: none */
};

void records_init(struct records *records);
void records_fini(struct records *records);

/* Reads both databases, after setup or before; needs migration_connect(). What
 * was in the list is forgotten. The order of two records never changes. */
bool records_read(struct migration *m, const struct record_filter *filter, struct records *records,
                  struct err *err) __attribute__((warn_unused_result));
/* NULL when there is none of that id */
const struct record *records_find(const struct records *records, const char *id);

/* Deletes records (NULL: all of them). *left_open: rows whose parking is forgotten
 * although nobody has seen them agree. */
struct records_discarded {
    int64_t conflicts, parked, left_open;
};
bool records_discard(struct migration *m, const char *ids, struct records_discarded *discarded,
                     struct err *err) __attribute__((warn_unused_result));

/* Has open records looked at as soon as possible: parked rows are due now, the
 * keys of conflicts are put up for recheck. Needs m->pairs. */
bool records_put_up(struct migration *m, const char *ids, struct err *err)
    __attribute__((warn_unused_result));

#endif
