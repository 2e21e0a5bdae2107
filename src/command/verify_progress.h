/* verify_progress.h - how far a comparison is: a bar on a terminal, else a
 * line every now and then, on standard error. */
#ifndef PGTANDEM_COMMAND_VERIFY_PROGRESS_H
#define PGTANDEM_COMMAND_VERIFY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timestamp.h"
#include "copy/rate.h"

struct verify_progress {
    const char *migration;
    const char *table; /* the one under way */
    int64_t done;      /* of its rows, when it was shown last */
    bool terminal;     /* standard error is one */
    usec_t shown_at;
    struct rate rate;
};

void verify_progress_begin(struct verify_progress *progress, const char *migration);
/* For verify_options.progress; owner: a struct verify_progress. */
void verify_progress_show(void *owner, const char *table, int64_t done, int64_t total);
void verify_progress_end(struct verify_progress *progress);

#endif
