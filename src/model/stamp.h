/* stamp.h - who wrote a row last, and when: what conflicts are decided by.
 *
 * A row last written by an application is an ORIGINAL, one last written by a
 * link (or the copier, or a mend) a COPY. "When" is a stamp: the time of the
 * commit, or under the policy version_column the value of that column. Stamps of
 * both sides are compared with each other, and only with each other.
 *
 * Under version_column a delete has no version of its own. Where the column is a
 * timestamptz its commit's time serves; else a delete is later than every update.
 *
 * Pure. */
#ifndef PGTANDEM_MODEL_STAMP_H
#define PGTANDEM_MODEL_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/value.h"
#include "model/change.h"

typedef int64_t stamp_t;

/* A row older than the server's history of commits, or without a version:
 * earlier than everything. */
#define STAMP_UNKNOWN INT64_MIN
#define STAMP_LAST INT64_MAX

enum standing { STANDING_ABSENT, STANDING_COPY, STANDING_ORIGINAL };

struct row_state {
    enum standing standing;
    stamp_t stamp; /* of an original */
};

/* Can a column of the type serve as version_column: an integer or a timestamp? */
bool stamp_type_serves(const struct column_type *type);

/* A version in its type's output format; NULL is STAMP_UNKNOWN. */
stamp_t stamp_of_version(const struct column_type *type, struct value version);

/* Of a change, by its mapping's policy. */
stamp_t stamp_of_change(const struct change *change);

/* Is one side's stamp later than the other's? A tie goes to the new side. */
bool stamp_is_later(stamp_t a, bool a_is_new_side, stamp_t b);

#endif
