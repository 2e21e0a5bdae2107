/* writer.h - one connection of an application, in a thread: draws transactions,
 * commits most of them, and keeps a record of what it did.
 *
 * A server that goes down is waited for; the transaction it took along is given
 * up, as an application might. What an application must not see is a complaint:
 * a deadlock with pgtandem in it, a lock held for seconds, an error that nothing
 * explains. */
#ifndef CHAOS_WRITER_H
#define CHAOS_WRITER_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>

#include "backends.h"
#include "complaint.h"
#include "plan.h"
#include "record.h"
#include "statement.h"

struct writer {
    /* to be set before it starts */
    struct writing writing;
    struct rng rng;
    int transactions; /* how many it is going to try */
    const char *dsn;
    struct complaints *complaints;
    struct backends *backends;

    pthread_t thread;
    PGconn *conn; /* NULL: none */
    struct tape tape;
    struct arena arena; /* of one plan */
    struct plan plan;
    struct statement statement;
};

void writer_init(struct writer *writer);
void writer_fini(struct writer *writer);

/* Runs the thread; ended by writer_join() when all transactions were tried. */
void writer_start(struct writer *writer);
void writer_join(struct writer *writer);

/* The side's first transaction of a round, at once, in the caller's thread; it is
 * tried until it is committed. */
void writer_write_first(struct writer *writer);

#endif
