/* session.h - one connection to PostgreSQL, driven by the loop.
 *
 * Why: everything libpq asks of a non-blocking client (poll, flush, consume,
 *   get) is done here, once; owners get events.
 * Settings: every session is pinned to the same text formats (ISO dates, UTC,
 *   hex bytea, exact floats), to an empty search_path and to UTF-8, whatever
 *   the role's or database's own settings are; see session.c.
 * Lifetime: session_init, session_open (waits), use, session_close. An owner
 *   may close the session from inside any of its events: none is delivered while
 *   libpq is at work, which would go on with a connection that is gone. `lost` is
 *   always delivered by the loop, never from inside a call of the owner; and again
 *   when something is asked of a session that is lost, so that nobody waits for an
 *   answer that cannot come.
 * Patience: connecting has an end, 15 s unless the owner says otherwise. A server that does not
 * answer, behind whatever, is taken for lost when nothing has moved in either direction for as long
 * as the owner has said. Errors: `lost` ends a session's life; the owner closes it, and may open it
 *   again. */
#ifndef PGTANDEM_PG_SESSION_H
#define PGTANDEM_PG_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/lsn.h"
#include "pg/loop.h"

#define SESSION_STATES(X)                                                                          \
    X(closed)                                                                                      \
    X(connecting)                                                                                  \
    X(idle)                                                                                        \
    X(busy)      /* results are on their way */                                                    \
    X(copy_out)  /* data come from the server */                                                   \
    X(copy_in)   /* data go to the server */                                                       \
    X(copy_both) /* streaming replication */                                                       \
    X(lost)      /* broken; `lost` has been or will be delivered */

enum session_state {
#define SESSION_ENUM(name) SESSION_##name,
    SESSION_STATES(SESSION_ENUM)
#undef SESSION_ENUM
};

/* What a server says beside its results. */
struct session_notice {
    char severity[12]; /* "WARNING", whatever the server's language */
    char sqlstate[6];
    char text[256]; /* in the server's language: for people only */
};

/* All of them may be NULL. */
struct session_events {
    /* One result of a statement, failed or not; borrowed for the call. */
    void (*result)(void *owner, const PGresult *result);
    /* All results up to the sync (pipeline) or of the request have come. */
    void (*ready)(void *owner);
    /* One message of COPY or replication data; borrowed for the call. */
    void (*copy_data)(void *owner, const char *data, size_t size);
    /* Everything queued has been handed to the kernel. */
    void (*drained)(void *owner);
    /* Before whatever the server has sent behind it. */
    void (*notice)(void *owner, const struct session_notice *notice);
    void (*lost)(void *owner, const struct err *err);
};

enum session_kind {
    SESSION_SQL,         /* one statement at a time; COPY is possible */
    SESSION_PIPELINE,    /* libpq's pipeline mode */
    SESSION_REPLICATION, /* a walsender of a database */
};

struct session_handles; /* what libuv needs to outlive a close */
struct session_notices; /* those that are to be delivered */

struct session {
    struct loop *loop;
    const char *dsn;         /* borrowed */
    const char *application; /* borrowed; shown in pg_stat_activity */
    const char *settings;    /* more "-c name=value", or NULL; borrowed */
    const char *label;       /* whose server it is, for messages; NULL: not said; borrowed */
    usec_t connect_within;   /* that long; 0: the usual */
    enum session_kind kind;
    enum session_state state;
    const struct session_events *events;
    void *owner;

    PGconn *conn;
    struct session_handles *handles;
    size_t syncs_pending; /* SESSION_PIPELINE */
    bool paused;          /* no reading: back-pressure */
    bool wants_write;
    bool notify_drained;
    bool opened;
    bool erred; /* since it was ready last */
    struct session_notices *notices;
    usec_t patience;  /* LOOP_FOREVER: no end of it */
    usec_t active_at; /* usec_monotonic(): when something moved last */
    struct err error; /* why it was lost */
};

void session_init(struct session *session, struct loop *loop, enum session_kind kind,
                  const char *dsn, const char *application, const struct session_events *events,
                  void *owner);

/* Connects; waits in the loop (see loop_wait). */
bool session_open(struct session *session, struct err *err) __attribute__((warn_unused_result));
void session_close(struct session *session);
bool session_is_open(const struct session *session);

/* Hands an idle, open session to another owner, and into or out of pipeline
 * mode; a SESSION_REPLICATION stays one. */
void session_rebind(struct session *session, enum session_kind kind,
                    const struct session_events *events, void *owner);

/* SESSION_SQL and SESSION_REPLICATION: one request, its results arrive as
 * events, then `ready`. Several statements only without parameters. */
void session_send(struct session *session, const char *sql, int n_params,
                  const char *const *params);

/* SESSION_PIPELINE: a text of one statement with text parameters, unnamed. */
void session_queue(struct session *session, const char *sql, int n_params,
                   const char *const *params);
/* The same with parameters in PostgreSQL's binary format. */
void session_queue_binary(struct session *session, const char *sql, int n_params,
                          const char *const *params, const int *lengths);
/* The same with everything libpq can say; `name` of a statement prepared with
 * session_queue_prepare. Parameters are copied by libpq. */
void session_queue_prepare(struct session *session, const char *name, const char *sql, int n_params,
                           const Oid *types);
void session_queue_prepared(struct session *session, const char *name, int n_params,
                            const char *const *params, const int *lengths, const int *formats);
/* Ends the pipeline's round and sends it; `ready` follows its results. */
void session_sync(struct session *session);

/* COPY IN and COPY BOTH. Data are copied into libpq's buffer. */
void session_put_copy(struct session *session, const char *data, size_t size);
/* NULL reason: the data are complete; else the COPY is to fail. */
void session_end_copy(struct session *session, const char *reason);
/* True while the kernel has not taken everything; `drained` will tell. */
bool session_is_clogged(struct session *session);

/* How long a server may take for the next sign of life while it is to answer; from now
 * on, and until session_close. LOOP_FOREVER, the default, is for statements that may
 * take as long as they like. */
void session_set_patience(struct session *session, usec_t patience);

/* For how long the server has owed an answer and given no sign of life; 0 while it owes
 * none, or is not listened to. */
usec_t session_silence(const struct session *session);

/* The process id of the server's process that serves it; 0 while there is none. */
int session_backend(const struct session *session);

/* Stops or resumes reading. Data that already arrived wait. */
void session_pause(struct session *session, bool pause);

const char *session_state_name(enum session_state state);

#endif
