/* control.h - what people ask of a copy from any host: pgtandem.control.
 *
 * The row is in the new database and outlives the process: a copy that was paused
 * stays so when it is started again. */
#ifndef PGTANDEM_PG_CONTROL_H
#define PGTANDEM_PG_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/timestamp.h"
#include "pg/migration.h"

enum { CONTROL_AS_CONFIGURED = -1 };

struct control {
    bool paused;
    char paused_at[USEC_TEXT_SIZE]; /* "" when it is not */
    /* CONTROL_AS_CONFIGURED, or a limit; 0: none */
    int64_t rows_per_second;
    usec_t replica_lag;
    int64_t active_sessions;
    int64_t slot_wal;
    double query_max; /* NaN: as configured */
};

/* Nothing was asked for. */
void control_init(struct control *control);

/* The columns of a SELECT from pgtandem.control, and what they say, from `column`
 * on; NULLs are what control_init() leaves. */
#define CONTROL_COLUMNS                                                                            \
    "paused_at, max_rows_per_second, replica_lag, active_sessions, slot_wal, query_max"
void control_from_result(struct control *control, const PGresult *result, int row, int column);

bool control_read(struct migration *m, struct control *control, struct err *err)
    __attribute__((warn_unused_result));
/* Each writes its own columns: somebody else may be about to write the others. */
bool control_write_pause(struct migration *m, bool paused, struct err *err)
    __attribute__((warn_unused_result));
bool control_write_limits(struct migration *m, const struct control *control, struct err *err)
    __attribute__((warn_unused_result));

#endif
