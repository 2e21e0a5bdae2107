/* described.h - a key or a row for the state schema: names of columns and their
 * values, as jsonb_object(text[], text[]) takes them. Absent values are left out.
 *
 * Lifetime: described_init, described_add*, described_end, described_fini. Pure. */
#ifndef PGTANDEM_APPLY_DESCRIBED_H
#define PGTANDEM_APPLY_DESCRIBED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/value.h"
#include "model/mapping.h"

struct described {
    struct buf names, values; /* complete after described_end */
};

void described_init(struct described *d);
void described_fini(struct described *d);
void described_add(struct described *d, const char *name, struct value value);
void described_end(struct described *d);

/* A key of the mapping's target: n_key values. */
void describe_key(struct described *d, const struct mapping *mapping, const struct value *key);
/* Is a row small enough to be kept with a record of it? A jsonb holds no more than 256 MB,
 * and each byte of a row takes several in memory until it is there. */
enum { DESCRIBED_ROW_MAX = 32 * 1024 * 1024 };
bool describe_fits(const struct mapping *mapping, const struct value *row);
/* A row of it, parallel to mapping->columns. */
void describe_row(struct described *d, const struct mapping *mapping, const struct value *row);

#endif
