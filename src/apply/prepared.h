/* prepared.h - statements a session has prepared, found by their text.
 *
 * Why: a link sends the same few texts over and over, and parsing and planning
 *   would cost more than a small batch itself.
 * Lifetime: one for each life of a session: prepared_reset() after it was
 *   opened again. */
#ifndef PGTANDEM_APPLY_PREPARED_H
#define PGTANDEM_APPLY_PREPARED_H

#include <stddef.h>

#include "apply/statement.h"
#include "pg/session.h"

struct prepared_entry;

struct prepared {
    struct prepared_entry *entries;
    unsigned next_number; /* names are never used twice in a session's life */
    unsigned round;
};

void prepared_init(struct prepared *prepared);
void prepared_reset(struct prepared *prepared);

/* The session's plans are of tables that have been altered since: every statement is
 * prepared again, under another name, when it comes next. */
void prepared_forget(struct prepared *prepared);

/* Queues the statement on a SESSION_PIPELINE, preparing it first if it is new.
 * Returns how many results will come: 1, or 2 with the preparation's. */
int prepared_queue(struct prepared *prepared, struct session *session,
                   const struct statement *statement);

/* The same for a text of one's own, with text parameters. */
int prepared_queue_text(struct prepared *prepared, struct session *session, const char *sql,
                        int n_params, const char *const *params);

/* Call when a round was sent; with failed = true when one came back with an
 * error: what it prepared may not have been, and is forgotten. */
void prepared_end_round(struct prepared *prepared, bool failed);

#endif
