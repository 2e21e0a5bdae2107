/* verify_repair.h - what `verify --repair` does with keys that differ: they are
 * put up for recheck, and waited for until somebody has mended them (mending.h). */
#ifndef PGTANDEM_COMMAND_VERIFY_REPAIR_H
#define PGTANDEM_COMMAND_VERIFY_REPAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/timestamp.h"
#include "command/mending.h"

struct verify_repair {
    struct migration *m;
    size_t table; /* whose keys are being mended */
    struct mending_lot lot;
    int64_t left; /* keys */
    usec_t progressed_at, shown_at;
};

/* verify_options.repair, but for its owner */
bool verify_repair(struct verify_repair *repair, size_t table, const struct value *keys, size_t n,
                   struct err *err) __attribute__((warn_unused_result));

#endif
