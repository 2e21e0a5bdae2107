/* collect.h - what is up for recheck: from the state tables to the agenda, and back.
 *
 * Keys are put up in pgtandem.recheck of both databases, by links and commands, and
 * by open rows of pgtandem.parked that are due again. A round takes the oldest of
 * them, at most so many; what it has dealt with is taken off the records, and open
 * conflicts and parked rows of keys that agree are settled.
 * Rule: what is settled was there before the round's barrier (`collected_at`): a row
 * that is parked while the round goes on is about what it has not seen. */
#ifndef PGTANDEM_MEND_COLLECT_H
#define PGTANDEM_MEND_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "mend/agenda.h"
#include "pg/migration.h"

/* At most, a round, besides what the last one has left open: rows that are written
 * without end must not keep others waiting behind them. A composite key has several
 * values. */
enum { COLLECT_RECORDS = 200, COLLECT_VALUES = 20000, COLLECT_PARKED = 200 };
enum { COLLECT_STUCK = 20 }; /* and of these at most so many times as much */

/* One row of pgtandem.recheck, or its beginning. */
struct record {
    int64_t id;
    size_t n_values; /* that it has */
    size_t n_read;   /* of them */
    struct item **items;
    size_t n_items;
    enum direction direction; /* of the link whose table's keys they are */
    size_t table;
};

/* What was taken from one database. */
struct collection {
    struct migration *m;
    bool here[2];  /* by direction: the database is that link's target */
    struct db *db; /* a connection to it */
    struct log_source log;
    struct record *records;
    size_t n_records;
    size_t stuck, stuck_values;        /* records that the last round left open, and their values */
    char collected_at[USEC_TEXT_SIZE]; /* by the server's clock */
    struct arena arena;
};

/* For the database that is that link's target, and with one database the other's, too. */
void collection_init(struct collection *c, struct migration *m, enum direction direction,
                     struct db *db);
void collection_fini(struct collection *c);

/* Is anything up, or due again? */
bool collection_is_due(struct collection *c, bool *due, struct err *err)
    __attribute__((warn_unused_result));
/* Is anything left of what was up, or due, at some moment? */
struct collection_mark {
    int64_t last; /* number of the last record */
    char at[USEC_TEXT_SIZE];
};
bool collection_mark(struct collection *c, struct collection_mark *mark, struct err *err)
    __attribute__((warn_unused_result));
bool collection_is_left(struct collection *c, const struct collection_mark *mark, bool *left,
                        struct err *err) __attribute__((warn_unused_result));

/* Reads records, and parked rows that are due. */
bool collection_read(struct collection *c, struct agenda *agenda, struct err *err)
    __attribute__((warn_unused_result));
/* Settles what agrees, then takes what is dealt with off the records. */
bool collection_close(struct collection *c, const struct agenda *agenda, struct err *err)
    __attribute__((warn_unused_result));
/* Rows were written: those that wait for a unique value are due at once, since it may
 * be free now. */
bool collection_hurry(struct collection *c, struct err *err) __attribute__((warn_unused_result));

#endif
