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
#include "pg/connect_error.h"
#include "pg/dsn.h"
#include "pg/sqlstate.h"

static const usec_t connect_timeout = 15 * USEC_SECOND;

/* What the text of values depends on is pinned, and what could make a session
 * of ours end or see less than the whole table is switched off. */
static const char pinned_settings[] =
    "-c datestyle=ISO,YMD -c timezone=UTC -c intervalstyle=postgres -c bytea_output=hex"
    " -c extra_float_digits=3 -c lc_monetary=C -c xmloption=content -c array_nulls=on"
    " -c search_path= -c client_min_messages=warning"
    " -c standard_conforming_strings=on -c default_transaction_isolation=read\\ committed"
    " -c default_transaction_read_only=off -c default_transaction_deferrable=off"
    " -c synchronous_commit=on -c row_security=off -c statement_timeout=0"
    " -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 -c jit=off"
    /* a server that has lost us without a word lets go of what the session holds */
    " -c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=4"
    " -c tcp_user_timeout=60000";

enum { HANDLES = 3 };

struct session_handles {
    uv_poll_t poll;
    uv_timer_t kick;  /* runs the session from the loop: after resume, or to tell of a loss */
    uv_timer_t watch; /* looks whether the server still answers */
    bool doubted;     /* it has not, for the session's patience: one more look */
    int open;
    struct session *session; /* NULL once closed */
};

enum { NOTICES_MAX = 32 }; /* between two looks; what comes in such numbers repeats itself */

struct session_notices {
    struct session_notice items[NOTICES_MAX];
    size_t count;
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
    uv_close((uv_handle_t *)&handles->watch, on_handle_closed);
}

static bool make_handles(struct session *session, struct err *err) {
    struct session_handles *handles = mem_zero(1, sizeof *handles);
    int status = uv_poll_init(&session->loop->uv, &handles->poll, PQsocket(session->conn));
    if (status != 0) {
        free(handles);
        return err_set(err, ERR_FAILED, "cannot wait for a connection's socket: %s",
                       uv_strerror(status));
    }
    uv_timer_init(&session->loop->uv, &handles->kick);
    uv_timer_init(&session->loop->uv, &handles->watch);
    handles->poll.data = handles->kick.data = handles->watch.data = handles;
    handles->open = HANDLES;
    handles->session = session;
    session->handles = handles;
    return true;
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

static void end_as_lost(struct session *session) {
    set_state(session, SESSION_lost);
    if (session->handles != NULL) {
        stop_polling(session->handles);
    }
    kick(session);
}

/* libpq's text may begin with the error of a statement, and that with a row's values. */
static void explain_loss(struct session *session) {
    struct err *err = &session->error;
    err_from_lost_connection(err, session->conn);
    if (session->erred) {
        err_set_server(err, "%s", err->message);
        snprintf(err->message, sizeof err->message, "the connection was lost behind an error");
    }
}

static void lose(struct session *session) {
    if (session->state != SESSION_lost) {
        explain_loss(session);
        end_as_lost(session);
    }
}

/* For whatever is to be sent. */
static bool can_send(struct session *session) {
    if (session->state == SESSION_lost) {
        kick(session); /* who has not heard of it must not wait */
    }
    return session_is_open(session);
}

/* patience */

/* In COPY IN it is the client's turn, and the server only has to take what was sent. */
static bool owes_answer(const struct session *session) {
    bool takes = session->state == SESSION_copy_in && session->wants_write;
    bool answers = session->state == SESSION_busy || session->state == SESSION_copy_out;
    return (takes || answers) && !session->paused;
}

usec_t session_silence(const struct session *session) {
    return owes_answer(session) ? usec_monotonic() - session->active_at : 0;
}

static void on_watch(uv_timer_t *timer);

static void watch_after(struct session_handles *handles, usec_t delay) {
    uv_update_time(handles->watch.loop);
    uv_timer_start(&handles->watch, on_watch, (uint64_t)(delay / 1000 + 1), 0);
}

/* Something has moved, or is to move from now on. */
static void note_activity(struct session *session) {
    session->active_at = usec_monotonic();
    struct session_handles *handles = session->handles;
    if (handles == NULL) {
        return;
    }
    handles->doubted = false;
    if (session->patience != LOOP_FOREVER && !uv_is_active((uv_handle_t *)&handles->watch)) {
        watch_after(handles, session->patience);
    }
}

static void lose_patience(struct session *session) {
    err_set(&session->error, ERR_FAILED, "no answer and no sign of life from the server for %.0f s",
            (double)(usec_monotonic() - session->active_at) / USEC_SECOND);
    err_set_class(&session->error, ERR_CLASS_PASSING);
    err_hint(&session->error, "look whether the server, its host and the network are well: the "
                              "process of the server may hang, or packets get lost");
    end_as_lost(session);
}

/* A process that was stopped itself finds its timers due before it has read what came
 * meanwhile: so a second look decides. */
static void on_watch(uv_timer_t *timer) {
    struct session_handles *handles = timer->data;
    struct session *session = handles->session;
    if (session == NULL || session->patience == LOOP_FOREVER || !owes_answer(session)) {
        return;
    }
    usec_t left = session->patience - session_silence(session);
    if (left > 0) {
        watch_after(handles, left);
    } else if (!handles->doubted) {
        handles->doubted = true;
        watch_after(handles, USEC_SECOND / 10);
    } else {
        lose_patience(session);
    }
}

void session_set_patience(struct session *session, usec_t patience) {
    session->patience = patience;
    if (session->handles != NULL) {
        uv_timer_stop(&session->handles->watch);
    }
    note_activity(session);
}

int session_backend(const struct session *session) {
    return session->conn == NULL ? 0 : PQbackendPID(session->conn);
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
    if (!make_handles(session, err)) {
        return false;
    }
    session->opened = false;
    uv_poll_start(&session->handles->poll,
                  status == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE, on_connect_poll);
    char what[160];
    snprintf(what, sizeof what, "a connection to %s",
             session->label != NULL ? session->label : "a server");
    bool ok = loop_wait(session->loop, &session->opened, timeout, what, err);
    drop_handles(session);
    session->opened = false;
    return ok;
}

static bool connect_until_ok(struct session *session, struct err *err) {
    usec_t deadline = usec_monotonic() +
                      (session->connect_within > 0 ? session->connect_within : connect_timeout);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK) {
        if (status == PGRES_POLLING_FAILED) {
            return err_from_connection(err, session->conn);
        }
        usec_t left = deadline - usec_monotonic();
        if (!wait_for_socket(session, status, left > 1 ? left : 1, err)) {
            if (err->code == ERR_TIMEOUT) {
                err->code = ERR_FAILED;
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
    /* Later words win over earlier ones. Where there is TCP, a peer that is gone is noticed
     * within a minute; the dsn may say otherwise. */
    const char *keywords[] = {"keepalives_idle",  "keepalives_interval",
                              "keepalives_count", "tcp_user_timeout",
                              "dbname",           "application_name",
                              "options",          "client_encoding",
                              "replication",      NULL};
    const char *values[] = {"20",         "10",         "4",
                            "60000",      session->dsn, session->application,
                            options.data, "UTF8",       replication ? "database" : NULL,
                            NULL};
    PGconn *conn = PQconnectStartParams(keywords, values, 1);
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE); /* by which connect_error.h finds SQLSTATEs */
    buf_fini(&options);
    return conn;
}

/* notices */

static void copy_field(char *into, size_t size, const PGresult *result, int field) {
    const char *text = PQresultErrorField(result, field);
    snprintf(into, size, "%s", text != NULL ? text : "");
}

/* Called by libpq, in the middle of its work: nothing may be done here but to keep it. */
static void on_notice(void *owner, const PGresult *result) {
    struct session *session = owner;
    if (session->notices == NULL) {
        session->notices = mem_zero(1, sizeof *session->notices);
    }
    if (session->notices->count == NOTICES_MAX) {
        return;
    }
    struct session_notice *notice = &session->notices->items[session->notices->count++];
    copy_field(notice->severity, sizeof notice->severity, result, PG_DIAG_SEVERITY_NONLOCALIZED);
    copy_field(notice->sqlstate, sizeof notice->sqlstate, result, PG_DIAG_SQLSTATE);
    copy_field(notice->text, sizeof notice->text, result, PG_DIAG_MESSAGE_PRIMARY);
}

/* False: an owner has closed or paused the session upon one. */
static bool deliver_notices(struct session *session, const PGconn *conn) {
    struct session_notices *notices = session->notices;
    session->notices = NULL; /* a handler may close the session, or make it speak again */
    for (size_t i = 0; notices != NULL && i < notices->count && session->conn == conn; i++) {
        if (session->events->notice != NULL) {
            session->events->notice(session->owner, &notices->items[i]);
        }
    }
    free(notices);
    return session->conn == conn && session_is_open(session);
}

static void forget_notices(struct session *session) {
    free(session->notices);
    session->notices = NULL;
}

static bool finish_opening(struct session *session, struct err *err) {
    PQsetnonblocking(session->conn, 1);
    if (!connect_error_check_settings(session->conn, err)) {
        return false;
    }
    if (session->kind == SESSION_PIPELINE && PQenterPipelineMode(session->conn) != 1) {
        return err_from_connection(err, session->conn);
    }
    if (!make_handles(session, err)) {
        return false;
    }
    set_state(session, SESSION_idle);
    rearm(session);
    return true;
}

bool session_open(struct session *session, struct err *err) {
    session->syncs_pending = 0;
    session->paused = session->wants_write = session->notify_drained = session->erred = false;
    session->conn = start_connecting(session);
    set_state(session, SESSION_connecting);
    PQsetNoticeReceiver(session->conn, on_notice, session);
    /* before libpq's own words: they may name a part of a password */
    bool ok = session->conn == NULL || session->kind == SESSION_REPLICATION ||
              dsn_check_started(session->conn, err);
    if (ok) {
        ok = session->conn != NULL && PQstatus(session->conn) != CONNECTION_BAD
                 ? connect_until_ok(session, err)
                 : err_from_connection(err, session->conn);
    }
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
    session->patience = LOOP_FOREVER;
    forget_notices(session);
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
    if (!can_send(session)) {
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
    if (!can_send(session)) {
        return;
    }
    int ok = n_params == 0
                 ? PQsendQuery(session->conn, sql)
                 : PQsendQueryParams(session->conn, sql, n_params, NULL, params, NULL, NULL, 0);
    check_sent(session, ok);
    if (ok) {
        set_state(session, SESSION_busy);
    }
    note_activity(session);
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
    if (!can_send(session)) {
        return;
    }
    check_sent(session, PQpipelineSync(session->conn));
    if (session_is_open(session)) {
        session->syncs_pending++;
        set_state(session, SESSION_busy);
    }
    note_activity(session);
    flush(session);
}

void session_put_copy(struct session *session, const char *data, size_t size) {
    if (session_is_open(session)) {
        check_sent(session, PQputCopyData(session->conn, data, (int)size) == 1);
        note_activity(session);
        flush(session);
    }
}

void session_end_copy(struct session *session, const char *reason) {
    if (session_is_open(session)) {
        check_sent(session, PQputCopyEnd(session->conn, reason) == 1);
        if (session->state == SESSION_copy_in) {
            set_state(session, SESSION_busy);
        }
        note_activity(session);
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
    note_activity(session);
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
    bool here = deliver_notices(session, conn);
    if (size > 0) {
        if (here && session->events->copy_data != NULL) {
            session->events->copy_data(session->owner, data, (size_t)size);
        }
        PQfreemem(data);
        return still_reading(session, conn);
    }
    if (!here) {
        return false;
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
    session->erred = false;
    if (session->events->ready != NULL) {
        session->events->ready(session->owner);
    }
}

/* And not the server's last word. */
static bool is_statement_error(const PGresult *result) {
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != NULL && strcmp(severity, "ERROR") == 0;
}

static void deliver_result(struct session *session, PGresult *result) {
    session->erred |= is_statement_error(result);
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
        deliver_notices(session, conn);
        return false;
    }
    PGresult *result = PQgetResult(conn);
    if (!deliver_notices(session, conn)) {
        PQclear(result);
        return false;
    }
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
    note_activity(session);
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
    note_activity(session);
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
