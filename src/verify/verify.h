/* verify.h - compares both sides of a migration, while writes go on.
 *
 * In full: the old table is read in the order of its keys, each piece's rows
 * are looked up in the new one; then the new table's keys are looked up in the
 * old one, for rows that are there only. By sample: random keys of the old
 * table, and as many of the new one to see whether they are missing in the old.
 *
 * A key that looks different is kept and read again when the links have had
 * time to apply what was under way; it counts only if it still differs then.
 * Memory is bounded, whatever the tables' size: pieces shrink with wide rows,
 * and the number of kept keys has a limit (suspects.h). Nothing is locked or
 * written, and no snapshot is held for longer than one piece takes. */
#ifndef PGTANDEM_VERIFY_VERIFY_H
#define PGTANDEM_VERIFY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "pg/migration.h"
#include "verify/compare.h"

enum { VERIFY_EXAMPLES = 10 };

struct verify_options {
    int64_t sample; /* rows; 0: all of them */
    /* Called now and then; `total` is an estimate. May be NULL. */
    void (*progress)(void *owner, const char *table, int64_t done, int64_t total);
    /* Given `n` keys of a table that differ, in the order of the forward mapping's
     * key, it has them mended as far as they can be; then they are compared again.
     * May be NULL. */
    bool (*repair)(void *owner, size_t table, const struct value *keys, size_t n, struct err *err);
    void *owner;
};

/* One key, as texts in the arena. */
struct verify_key {
    const char **columns;
    size_t n_columns;
};

struct verify_table {
    const struct table_spec *spec;
    int64_t counts[VERDICT_COUNT]; /* of keys */
    struct verify_key examples[VERDICT_COUNT][VERIFY_EXAMPLES];
    size_t n_examples[VERDICT_COUNT];
    int64_t not_reread; /* of those counted, for want of room */
};

struct verify_result {
    struct verify_table *tables; /* parallel to the configuration's */
    size_t n_tables;
    int64_t repaired; /* differed, and did so no more after `repair` */
    bool lagging;     /* links have changes left to apply, and no service applies them */
    int64_t parked;   /* rows that wait to be dealt with, of both links and the copy */
    double seconds;
    struct arena arena;
};

/* Needs m->pairs. The result is to be given back with verify_fini(), after a
 * failure, too. */
bool verify_run(struct migration *m, const struct verify_options *options,
                struct verify_result *result, struct err *err) __attribute__((warn_unused_result));
void verify_fini(struct verify_result *result);

/* Of all tables together */
int64_t verify_total(const struct verify_result *result, enum verdict verdict);
int64_t verify_rows_checked(const struct verify_result *result);
/* Matched of checked; 1 when there was nothing to check. */
double verify_accuracy(const struct verify_result *result);
bool verify_found_differences(const struct verify_result *result);

#endif
