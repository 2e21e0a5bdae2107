/* session.c - see session.h.
 *
 * libpq's rules for a client that never blocks, all in this file:
 *   - ask PQsocket() again after every PQconnectPoll();
 *   - after everything that queues output, PQflush(); 1 means: wait for both
 *     readable and writable;
 *   - after PQconsumeInput(), take everything that is there: data first
 *     (PQgetCopyData until 0), then results while PQisBusy() is false;
 *   - in a pipeline, NULL ends a statement's results, and PGRES_PIPELINE_SYNC
 *     the round; nothing may be asked for after the last sync;
 *   - stop polling before PQfinish(), and at once when a connection is lost. */
#include "pg/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "pg/sqlstate.h"

static const usec_t connect_timeout = 15 * USEC_SECOND;

/* What the text of values depends on is pinned, and what could make a session
 * of ours end or see less than the whole table is switched off. */
static const char pinned_settings[] =
    "-c datestyle=ISO,YMD -c timezone=UTC -c intervalstyle=postgres -c bytea_output=hex"
    " -c extra_float_digits=3 -c lc_monetary=C -c xmloption=content -c array_nulls=on"
    " -c search_path="
    " -c standard_conforming_strings=on -c default_transaction_isolation=read\\ committed"
    " -c default_transaction_read_only=off -c default_transaction_deferrable=off"
    " -c synchronous_commit=on -c row_security=off -c statement_timeout=0"
    " -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 -c jit=off";

struct session_handles {
    uv_poll_t poll;
    uv_timer_t kick; /* runs the session from the loop: after resume, or to tell of a loss */
    int open;
    struct session *session; /* NULL once closed */
};

const char *session_state_name(enum session_state state) {
    static const char *const names[] = {
#define SESSION_NAME(name) #name,
        SESSION_STATES(SESSION_NAME)
#undef SESSION_NAME
    };
    return names[state];
}

void session_init(struct session *session, struct loop *loop, enum session_kind kind,
                  const char *dsn, const char *application, const struct session_events *events,
                  void *owner) {
    memset(session, 0, sizeof *session);
    session->loop = loop;
    session->kind = kind;
    session->dsn = dsn;
    session->application = application;
    session->events = events;
    session->owner = owner;
}

bool session_is_open(const struct session *session) {
    return session->state != SESSION_closed && session->state != SESSION_connecting &&
           session->state != SESSION_lost;
}

/* handles */

static void on_handle_closed(uv_handle_t *handle) {
    struct session_handles *handles = handle->data;
    if (--handles->open == 0) {
        free(handles);
    }
}

/* libpq closes the socket of a connection that broke, and the next one that is
 * opened, whoever's, gets its number: from then on it must not be watched here. */
static void stop_polling(struct session_handles *handles) {
    if (!uv_is_closing((uv_handle_t *)&handles->poll)) {
        uv_close((uv_handle_t *)&handles->poll, on_handle_closed);
    }
}

static void drop_handles(struct session *session) {
    struct session_handles *handles = session->handles;
    if (handles == NULL) {
        return;
    }
    session->handles = NULL;
    handles->session = NULL;
    stop_polling(handles);
    uv_close((uv_handle_t *)&handles->kick, on_handle_closed);
}

static void make_handles(struct session *session) {
    struct session_handles *handles = mem_zero(1, sizeof *handles);
    handles->session = session;
    handles->open = 2;
    uv_poll_init(&session->loop->uv, &handles->poll, PQsocket(session->conn));
    uv_timer_init(&session->loop->uv, &handles->kick);
    handles->poll.data = handles->kick.data = handles;
    session->handles = handles;
}

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_kick(uv_timer_t *timer);

static void kick(struct session *session) {
    if (session->handles != NULL) {
        uv_timer_start(&session->handles->kick, on_kick, 0, 0);
    }
}

/* The one place that decides what to wait for. */
static int interest(const struct session *session) {
    int events = 0;
    if (session->state == SESSION_lost || session->state == SESSION_closed) {
        return 0;
    }
    if (!session->paused) {
        events |= UV_READABLE;
    }
    if (session->wants_write) {
        events |= UV_WRITABLE;
    }
    return events;
}

/* The one place that starts or stops waiting. */
static void rearm(struct session *session) {
    if (session->handles == NULL || uv_is_closing((uv_handle_t *)&session->handles->poll)) {
        return;
    }
    int events = interest(session);
    if (events == 0) {
        uv_poll_stop(&session->handles->poll);
    } else {
        uv_poll_start(&session->handles->poll, events, on_poll);
    }
}

static void set_state(struct session *session, enum session_state state) {
    session->state = state;
}

static void lose(struct session *session) {
    if (session->state == SESSION_lost) {
        return;
    }
    err_from_connection(&session->error, session->conn);
    set_state(session, SESSION_lost);
    if (session->handles != NULL) {
        stop_polling(session->handles);
    }
    kick(session);
}

/* connecting */

static void on_connect_poll(uv_poll_t *poll, int status, int events) {
    struct session_handles *handles = poll->data;
    (void)status;
    (void)events;
    uv_poll_stop(poll);
    handles->session->opened = true; /* something happened; session_open looks what */
}

static bool wait_for_socket(struct session *session, PostgresPollingStatusType status,
                            usec_t timeout, struct err *err) {
    make_handles(session);
    session->opened = false;
    uv_poll_start(&session->handles->poll,
                  status == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE, on_connect_poll);
    bool ok = loop_wait(session->loop, &session->opened, timeout, "a connection", err);
    drop_handles(session);
    session->opened = false;
    return ok;
}

static bool connect_until_ok(struct session *session, struct err *err) {
    usec_t deadline = usec_monotonic() + connect_timeout;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK) {
        if (status == PGRES_POLLING_FAILED) {
            return err_from_connection(err, session->conn);
        }
        usec_t left = deadline - usec_monotonic();
        if (!wait_for_socket(session, status, left > 1 ? left : 1, err)) {
            if (err->code == ERR_TIMEOUT) {
                err->code = ERR_FAILED;
                snprintf(err->sqlstate, sizeof err->sqlstate, "08001");
                err_hint(err, "check that the server runs and can be reached");
            }
            return false;
        }
        status = PQconnectPoll(session->conn);
    }
    return true;
}

/* The user's own `options`, from the dsn or from the environment. */
static void add_user_options(struct buf *options, const char *dsn) {
    const char *from_environment = getenv("PGOPTIONS");
    PQconninfoOption *parsed = PQconninfoParse(dsn, NULL);
    const char *own = from_environment;
    for (PQconninfoOption *o = parsed; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, "options") == 0 && o->val != NULL) {
            own = o->val;
        }
    }
    if (own != NULL) {
        buf_add_text(options, own);
        buf_add_char(options, ' ');
    }
    PQconninfoFree(parsed);
}

static PGconn *start_connecting(const struct session *session) {
    struct buf options;
    buf_init(&options);
    add_user_options(&options, session->dsn);
    buf_add_text(&options, pinned_settings);
    if (session->settings != NULL) {
        buf_add_char(&options, ' ');
        buf_add_text(&options, session->settings);
    }
    bool replication = session->kind == SESSION_REPLICATION;
    /* later words win over what the dsn says */
    const char *keywords[] = {"dbname",          "application_name", "options",
                              "client_encoding", "replication",      NULL};
    const char *values[] = {
        session->dsn, session->application, options.data, "UTF8", replication ? "database" : NULL,
        NULL};
    PGconn *conn = PQconnectStartParams(keywords, values, 1);
    buf_fini(&options);
    return conn;
}

static void on_notice(void *owner, const PGresult *result) {
    struct session *session = owner;
    if (session->events->notice != NULL) {
        session->events->notice(session->owner, result);
    }
}

static bool finish_opening(struct session *session, struct err *err) {
    PQsetnonblocking(session->conn, 1);
    PQsetNoticeReceiver(session->conn, on_notice, session);
    if (session->kind == SESSION_PIPELINE && PQenterPipelineMode(session->conn) != 1) {
        return err_from_connection(err, session->conn);
    }
    make_handles(session);
    set_state(session, SESSION_idle);
    rearm(session);
    return true;
}

bool session_open(struct session *session, struct err *err) {
    session->syncs_pending = 0;
    session->paused = session->wants_write = session->notify_drained = false;
    session->conn = start_connecting(session);
    set_state(session, SESSION_connecting);
    bool ok = session->conn != NULL && PQstatus(session->conn) != CONNECTION_BAD
                  ? connect_until_ok(session, err)
                  : err_from_connection(err, session->conn);
    if (ok) {
        ok = finish_opening(session, err);
    }
    if (!ok) {
        session_close(session);
    }
    return ok;
}

void session_close(struct session *session) {
    drop_handles(session);
    PQfinish(session->conn);
    session->conn = NULL;
    set_state(session, SESSION_closed);
}

void session_rebind(struct session *session, enum session_kind kind,
                    const struct session_events *events, void *owner) {
    session->events = events;
    session->owner = owner;
    if (!session_is_open(session) || kind == session->kind) {
        return;
    }
    session->kind = kind;
    int ok = kind == SESSION_PIPELINE ? PQenterPipelineMode(session->conn)
                                      : PQexitPipelineMode(session->conn);
    if (ok != 1) {
        lose(session);
    }
}

/* sending */

static void flush(struct session *session) {
    if (!session_is_open(session)) {
        return;
    }
    int left = PQflush(session->conn);
    if (left < 0) {
        lose(session);
        return;
    }
    session->wants_write = left > 0;
    rearm(session);
}

static void check_sent(struct session *session, int ok) {
    if (!ok && session_is_open(session)) {
        lose(session);
    }
}

void session_send(struct session *session, const char *sql, int n_params,
                  const char *const *params) {
    if (!session_is_open(session)) {
        return;
    }
    int ok = n_params == 0
                 ? PQsendQuery(session->conn, sql)
                 : PQsendQueryParams(session->conn, sql, n_params, NULL, params, NULL, NULL, 0);
    check_sent(session, ok);
    if (ok) {
        set_state(session, SESSION_busy);
    }
    flush(session);
}

void session_queue(struct session *session, const char *sql, int n_params,
                   const char *const *params) {
    if (session_is_open(session)) {
        check_sent(session,
                   PQsendQueryParams(session->conn, sql, n_params, NULL, params, NULL, NULL, 0));
    }
}

void session_queue_binary(struct session *session, const char *sql, int n_params,
                          const char *const *params, const int *lengths) {
    if (!session_is_open(session)) {
        return;
    }
    int *formats = mem_zero((size_t)n_params, sizeof *formats);
    for (int i = 0; i < n_params; i++) {
        formats[i] = 1;
    }
    check_sent(session,
               PQsendQueryParams(session->conn, sql, n_params, NULL, params, lengths, formats, 0));
    free(formats);
}

void session_queue_prepare(struct session *session, const char *name, const char *sql, int n_params,
                           const Oid *types) {
    if (session_is_open(session)) {
        check_sent(session, PQsendPrepare(session->conn, name, sql, n_params, types));
    }
}

void session_queue_prepared(struct session *session, const char *name, int n_params,
                            const char *const *params, const int *lengths, const int *formats) {
    if (session_is_open(session)) {
        check_sent(session,
                   PQsendQueryPrepared(session->conn, name, n_params, params, lengths, formats, 0));
    }
}

void session_sync(struct session *session) {
    if (!session_is_open(session)) {
        return;
    }
    check_sent(session, PQpipelineSync(session->conn));
    if (session_is_open(session)) {
        session->syncs_pending++;
        set_state(session, SESSION_busy);
    }
    flush(session);
}

void session_put_copy(struct session *session, const char *data, size_t size) {
    if (session_is_open(session)) {
        check_sent(session, PQputCopyData(session->conn, data, (int)size) == 1);
        flush(session);
    }
}

void session_end_copy(struct session *session, const char *reason) {
    if (session_is_open(session)) {
        check_sent(session, PQputCopyEnd(session->conn, reason) == 1);
        if (session->state == SESSION_copy_in) {
            set_state(session, SESSION_busy);
        }
        flush(session);
        kick(session); /* a COPY that failed midway was answered long ago */
    }
}

bool session_is_clogged(struct session *session) {
    session->notify_drained = session->wants_write;
    return session->wants_write;
}

void session_pause(struct session *session, bool pause) {
    if (session->paused == pause) {
        return;
    }
    session->paused = pause;
    rearm(session);
    if (!pause) {
        kick(session); /* libpq may hold data that no socket will announce */
    }
}

/* receiving: each step returns false when there is nothing more for now, or
 * when the owner closed or paused the session from inside an event */

static bool still_reading(const struct session *session, const PGconn *conn) {
    return session->conn == conn && session_is_open(session) && !session->paused;
}

static bool take_copy_data(struct session *session) {
    PGconn *conn = session->conn;
    char *data = NULL;
    int size = PQgetCopyData(conn, &data, 1);
    if (size > 0) {
        if (session->events->copy_data != NULL) {
            session->events->copy_data(session->owner, data, (size_t)size);
        }
        PQfreemem(data);
        return still_reading(session, conn);
    }
    if (size == -1) {
        set_state(session, SESSION_busy); /* the COPY is over, its result follows */
        return true;
    }
    if (size == -2) {
        lose(session);
    }
    return false;
}

static void deliver_ready(struct session *session) {
    if (session->events->ready != NULL) {
        session->events->ready(session->owner);
    }
}

static void deliver_result(struct session *session, PGresult *result) {
    switch (PQresultStatus(result)) {
        case PGRES_COPY_OUT:
            set_state(session, SESSION_copy_out);
            break;
        case PGRES_COPY_IN:
            set_state(session, SESSION_copy_in);
            break;
        case PGRES_COPY_BOTH:
            set_state(session, SESSION_copy_both);
            break;
        default:
            break;
    }
    if (session->events->result != NULL) {
        session->events->result(session->owner, result);
    }
    PQclear(result);
}

static bool take_pipeline_result(struct session *session, PGresult *result) {
    PGconn *conn = session->conn;
    if (result == NULL && PQstatus(conn) != CONNECTION_BAD) {
        return true; /* the end of one statement's results */
    }
    if (result == NULL && (PQisBusy(conn) || (result = PQgetResult(conn)) == NULL)) {
        return false; /* a broken connection: there would be no end of them */
    }
    if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
        deliver_result(session, result);
        return still_reading(session, conn);
    }
    PQclear(result);
    if (--session->syncs_pending == 0) {
        set_state(session, SESSION_idle);
    }
    deliver_ready(session);
    return still_reading(session, conn);
}

static bool take_result(struct session *session) {
    PGconn *conn = session->conn;
    if (PQisBusy(conn)) {
        return false;
    }
    PGresult *result = PQgetResult(conn);
    if (session->kind == SESSION_PIPELINE) {
        return take_pipeline_result(session, result);
    }
    if (result == NULL) {
        set_state(session, SESSION_idle);
        deliver_ready(session);
        return still_reading(session, conn);
    }
    deliver_result(session, result);
    return still_reading(session, conn);
}

static bool take_one(struct session *session) {
    switch (session->state) {
        case SESSION_copy_out:
        case SESSION_copy_both:
            return take_copy_data(session);
        case SESSION_busy:
            return take_result(session);
        case SESSION_copy_in: /* an error shows when the COPY is ended */
        case SESSION_closed:
        case SESSION_connecting:
        case SESSION_idle:
        case SESSION_lost:
            return false;
    }
    return false;
}

static void take_all(struct session *session) {
    const PGconn *conn = session->conn;
    while (still_reading(session, conn) && take_one(session)) {
        /* one event after the other */
    }
    /* a connection can break with its last results already delivered */
    if (session->conn == conn && session_is_open(session) && PQstatus(conn) == CONNECTION_BAD) {
        lose(session);
    }
}

static void tell_drained(struct session *session) {
    if (session_is_open(session) && !session->wants_write && session->notify_drained) {
        session->notify_drained = false;
        if (session->events->drained != NULL) {
            session->events->drained(session->owner);
        }
    }
}

static void on_readable(struct session *session) {
    if (PQconsumeInput(session->conn) == 0) {
        /* what came before the end is still to be had: often the reason */
        const PGconn *conn = session->conn;
        take_all(session);
        if (session->conn == conn) {
            lose(session);
        }
        return;
    }
    flush(session); /* reading can make room for writing */
    tell_drained(session);
    take_all(session);
}

static void on_writable(struct session *session) {
    flush(session);
    tell_drained(session);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct session_handles *handles = poll->data;
    if (status < 0) {
        events = UV_READABLE; /* libpq finds out what is wrong */
    }
    if ((events & UV_WRITABLE) != 0 && handles->session != NULL) {
        on_writable(handles->session);
    }
    if ((events & UV_READABLE) != 0 && handles->session != NULL &&
        session_is_open(handles->session)) {
        on_readable(handles->session);
    }
}

static void on_kick(uv_timer_t *timer) {
    struct session_handles *handles = timer->data;
    struct session *session = handles->session;
    if (session == NULL) {
        return;
    }
    if (session->state == SESSION_lost) {
        if (session->events->lost != NULL) {
            struct err error = session->error;
            session->events->lost(session->owner, &error);
        }
        return;
    }
    take_all(session);
}
