/* review.h - reads the rows under keys on both sides, compares them, and mends those
 * that have differed for long enough. Behind a barrier (barrier.h).
 *
 * Keys are read in pieces, bounded in rows and bytes; what differs in a piece is
 * written before the next one is read. Rows that other rows' unique values keep from
 * being written are read again when all pieces are through, and written together. */
#ifndef PGTANDEM_MEND_REVIEW_H
#define PGTANDEM_MEND_REVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "mend/agenda.h"
#include "mend/site.h"
#include "verify/table_reader.h"

/* A pair of tables. */
struct review_table {
    const struct mapping_pair *pair;
    struct cast_list casts;
    struct table_reader readers[2]; /* by direction: FORWARD reads the new table */
    size_t piece;                   /* keys a query */
};

/* What became of a round's keys. */
struct review_counts {
    size_t equal, mended, parked, open;
};

struct review {
    struct migration *m;
    struct site *sites; /* by direction */
    struct log_source log;
    struct review_table *tables;
    size_t turn;
    bool late[2]; /* by direction: deletes of that link are on record that found nothing */
    struct review_counts counts; /* of the round */
    struct arena lasting;
    struct arena scratch; /* of a piece */
};

/* Needs m->pairs. */
void review_init(struct review *review, struct migration *m, struct site *sites);
void review_fini(struct review *review);

/* Gives every open item of the agenda its fate, as far as that is possible now. */
bool review_agenda(struct review *review, struct agenda *agenda, struct err *err)
    __attribute__((warn_unused_result));

#endif
