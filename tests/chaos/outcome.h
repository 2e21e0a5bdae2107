/* outcome.h - asks a server what became of the writers' transactions, and when.
 *
 * A commit that was not answered is looked up by its id. Asked for when all of the
 * writers have gone. */
#ifndef CHAOS_OUTCOME_H
#define CHAOS_OUTCOME_H

#include <libpq-fe.h>
#include <stddef.h>

#include "complaint.h"
#include "record.h"

/* For the transactions of the side, in all of the tapes. */
void outcomes_resolve(PGconn *conn, enum side side, struct tape *const *tapes, size_t n_tapes,
                      struct complaints *complaints);

#endif
