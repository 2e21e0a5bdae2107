/* check.h - the parts of the preflight, shared by the files check_*.c.
 *
 * Every part adds what it finds and goes on: a person wants the whole list. A
 * part whose question the server refuses to answer adds that as an error. */
#ifndef PGTANDEM_COMMAND_CHECK_H
#define PGTANDEM_COMMAND_CHECK_H

#include <stdbool.h>

#include "command/findings.h"
#include "pg/migration.h"
#include "pg/state.h"

/* A database, the role that comes to it, and what is asked of both. */
struct site {
    struct side *side;
    const char *where;
    bool is_source[2];  /* by enum direction: the link reads here ... */
    bool is_target[2];  /* ... and writes here */
    bool counts_server; /* what belongs to the server as a whole is counted here, ... */
    bool is_one_server; /* ... for both sides, which live in it */
    bool is_reached;
};

struct check {
    struct migration *m;
    struct findings findings;
    struct site sites[2];
    size_t n_sites;
    struct migration_state state; /* `exists` is false when it could not be read */
};

/* check_server.c: settings and the life of a server */
void check_server(struct check *check, const struct site *site);
/* check_role.c: what the role that connects may do */
void check_role(struct check *check, const struct site *site);
/* check_replication.c: slots, origins, decoding */
void check_replication(struct check *check, const struct site *site);
/* check_sessions.c: room for the sessions that are to be opened */
void check_sessions(struct check *check, const struct site *site);
/* check_limits.c: whether standbys and sessions can be seen; limits.query; and the log that
 * the copy itself writes */
void check_visibility(struct check *check, const struct site *site);
void check_query(struct check *check);
void check_log_of_copy(struct check *check);
/* check_clocks.c: the time of two servers; needs both connections */
void check_clocks(struct check *check);
/* check_after_copy.c: the statements after the copy */
void check_after_copy(struct check *check);
/* check_tables.c: the tables, and the mapping between them */
void check_tables(struct check *check);
/* check_sequences.c: where one pair of tables gets its numbers from. Needs its mapping */
void check_sequences(struct check *check, size_t table);

#endif
