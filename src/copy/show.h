/* show.h - how far the copy is, for people: a bar on a terminal, else a line
 * every now and then. */
#ifndef PGTANDEM_COPY_SHOW_H
#define PGTANDEM_COPY_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timestamp.h"
#include "copy/job.h"
#include "copy/rate.h"

struct show {
    const struct job *job;
    bool terminal; /* standard error is one */
    int64_t total; /* rows, estimated */
    int64_t rows_before;
    usec_t started_at, shown_at;
    struct rate rate;
    double speed; /* rows a second, lately */
};

/* `rows_before`: copied by earlier runs */
void show_begin(struct show *show, const struct job *job, int64_t total, int64_t rows_before);
/* `rows_running`: of chunks that are not committed yet */
void show_progress(struct show *show, int64_t rows_running);
/* By the speed of late; negative: nobody knows. */
double show_seconds_left(const struct show *show, int64_t rows_running);
/* `ok`: the copy is complete */
void show_end(struct show *show, bool ok);

#endif
