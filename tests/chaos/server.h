/* server.h - a PostgreSQL server that is crashed, restarted and kept waiting.
 *
 * It was made and first started by tests/cluster.sh. Its synchronous standby is
 * pg_receivewal: while that is stopped, commits are on disk and are decoded, but
 * are not yet visible. */
#ifndef CHAOS_SERVER_H
#define CHAOS_SERVER_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

struct server {
    const char *name;
    const char *folder;     /* holds data/ and log */
    const char *socket_dir; /* where its socket is */
    const char *port;
    const char *pg_bin; /* PostgreSQL's programs */
    bool with_standby;
    pid_t standby; /* 0: none */
    int standbys;  /* how many there were */
};

/* Starts the standby and makes commits wait for it; the server runs already. */
void server_begin(struct server *server);
void server_end(struct server *server);

/* To the database postgres. */
PGconn *server_connect(const struct server *server);

/* Ends the program when the server does not stop or start: nothing can be judged. */
void server_crash(struct server *server);
void server_stop(struct server *server);
void server_start(struct server *server);

void server_stall_standby(struct server *server);
void server_release_standby(struct server *server);

#endif
