/* connect_error.c - see connect_error.h. */
#include "pg/connect_error.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "pg/sqlstate.h"

/* the text */

static bool is_state(const char *p) {
    return strspn(p, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5;
}

/* libpq writes "SEVERITY:  SQLSTATE: text". A translated severity may be any word, but
 * colon and two spaces are libpq's own. NULL: not in this line, which ends at `end`. */
static const char *find_state(const char *line, const char *end) {
    for (const char *p = line; p + 10 <= end; p++) {
        if (memcmp(p, ":  ", 3) == 0 && is_state(p + 3) && memcmp(p + 8, ": ", 2) == 0) {
            return p + 3;
        }
    }
    return NULL;
}

static const char *end_of_line(const char *line) {
    return line + strcspn(line, "\n");
}

static const char *next_line(const char *end) {
    return *end == '\n' ? end + 1 : end;
}

bool connect_error_sqlstate(const char *text, char sqlstate[6]) {
    sqlstate[0] = '\0';
    for (const char *line = text; *line != '\0';) {
        const char *end = end_of_line(line);
        const char *state = find_state(line, end);
        if (state != NULL && strcmp(sqlstate, "57P03") != 0) {
            memcpy(sqlstate, state, 5);
            sqlstate[5] = '\0';
        }
        line = next_line(end);
    }
    return sqlstate[0] != '\0';
}

/* What libpq puts behind the message, each on a line of its own, is left out: a DETAIL can
 * hold a row's values. These words are in the language of this process, which sets none. */
static bool is_left_out(const char *line) {
    static const char *const words[] = {"DETAIL:  ", "HINT:  ", "CONTEXT:  ", "LOCATION:  "};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(line, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void add_words(struct buf *out, const char *from, const char *to) {
    for (const char *p = from; p < to; p++) {
        bool space = *p == '\t' || *p == ' ' || *p == '\r';
        if (!space) {
            buf_add_char(out, *p);
        } else if (out->size > 0 && out->data[out->size - 1] != ' ') {
            buf_add_char(out, ' ');
        }
    }
}

static bool is_said(const struct buf *out, const struct buf *line) {
    return line->size == 0 || (out->size > 0 && strstr(buf_text(out), buf_text(line)) != NULL);
}

/* What libpq puts on lines of their own are sentences, not all of which have an end. */
static const char *separator(const struct buf *out) {
    char last = out->size > 0 ? out->data[out->size - 1] : ' ';
    if (last == ' ') {
        return "";
    }
    return strchr(".?!:;", last) != NULL ? " " : "; ";
}

static void add_line(struct buf *out, const char *line, const char *end) {
    struct buf one;
    buf_init(&one);
    const char *state = find_state(line, end);
    if (state != NULL) {
        add_words(&one, line, state);
        line = state + 7;
    }
    add_words(&one, line, end);
    if (!is_said(out, &one)) {
        buf_add_text(out, separator(out));
        buf_add(out, one.data, one.size);
    }
    buf_fini(&one);
}

void connect_error_line(const char *text, char *line, size_t size) {
    struct buf out;
    buf_init(&out);
    for (const char *p = text; *p != '\0';) {
        const char *end = end_of_line(p);
        if (!is_left_out(p)) {
            add_line(&out, p, end);
        }
        p = next_line(end);
    }
    snprintf(line, size, "%s", out.size > 0 ? buf_text(&out) : "");
    size_t n = strlen(line);
    line[n - (n > 0 && line[n - 1] == ' ')] = '\0';
    buf_fini(&out);
}

/* the cure */

/* How the connection was to be made, service file and environment included. */
struct target {
    PQconninfoOption *options;
    const char *role, *database;
    bool replication;
};

static const char *find_option(const PQconninfoOption *options, const char *name) {
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, name) == 0 && o->val != NULL && o->val[0] != '\0') {
            return o->val;
        }
    }
    return NULL;
}

/* libpq asks for a connection that it does not change. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
static PGconn *unqualified(const PGconn *conn) {
    return (PGconn *)conn;
}
#pragma GCC diagnostic pop

static struct target read_target(const PGconn *conn) {
    struct target target = {.options = NULL};
    if (conn != NULL) {
        target.options = PQconninfo(unqualified(conn));
    }
    const char *role = find_option(target.options, "user");
    const char *database = find_option(target.options, "dbname");
    target.role = role != NULL ? role : "the role";
    target.database = database != NULL ? database : target.role;
    target.replication = find_option(target.options, "replication") != NULL;
    return target;
}

static bool hint_denied(struct err *err, const struct target *target) {
    if (target->replication) {
        return err_hint(err,
                        "a replication connection wants the REPLICATION attribute: ALTER ROLE "
                        "\"%s\" REPLICATION",
                        target->role);
    }
    return err_hint(err, "GRANT CONNECT ON DATABASE \"%s\" TO \"%s\"", target->database,
                    target->role);
}

/* Which of the limits it was, only a catalog tells that cannot be reached now. */
static bool hint_too_many(struct err *err, const struct target *target) {
    return err_hint(
        err,
        "close other connections, or raise the limit that is reached: %smax_connections "
        "(with its reserved ones), the role's (ALTER ROLE \"%s\" CONNECTION LIMIT) or "
        "the database's (ALTER DATABASE \"%s\" CONNECTION LIMIT); check counts what "
        "pgtandem needs",
        target->replication ? "max_wal_senders, " : "", target->role, target->database);
}

static const struct {
    const char *sqlstate, *hint;
} cures[] = {
    {"28P01", "check the password in pgpass, the service file or PGPASSWORD"},
    {"28000", "check pg_hba.conf, and the role's name and its LOGIN attribute"},
    {"3D000", "check the database name in the dsn"},
    {"55000", "if the database is the right one: ALTER DATABASE ... ALLOW_CONNECTIONS true"},
    {"57P03", "the server is starting up or shutting down; try again when it is up"},
    {"08P01", "name the server itself in the dsn: a pooler such as PgBouncer takes neither the "
              "settings that pgtandem needs nor replication"},
    {"42704", "the options of the dsn, or PGOPTIONS, name a setting that the server does not know"},
    {"22023", "the options of the dsn, or PGOPTIONS, give a setting a value that it does not take"},
};

static bool add_hint(struct err *err, const struct target *target) {
    if (err_has_sqlstate(err, "42501")) {
        return hint_denied(err, target);
    }
    if (err_has_sqlstate(err, "53300")) {
        return hint_too_many(err, target);
    }
    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++) {
        if (strcmp(err->sqlstate, cures[i].sqlstate) == 0) {
            return err_hint(err, "%s", cures[i].hint);
        }
    }
    return err_hint(err, "check that the server runs and that host and port in the dsn are right");
}

/* No row is at stake yet, and what a pooler refuses it will refuse again. */
static enum err_class class_of(const char *sqlstate) {
    enum err_class class = sqlstate_class(sqlstate, RAISER_SERVER);
    if (strncmp(sqlstate, "XX", 2) == 0) {
        return ERR_CLASS_PASSING;
    }
    return class == ERR_CLASS_ROW || strcmp(sqlstate, "08P01") == 0 ? ERR_CLASS_FATAL : class;
}

static void set_message(struct err *err, const PGconn *conn, const char *sqlstate) {
    char line[ERR_MESSAGE_SIZE];
    connect_error_line(PQerrorMessage(conn), line, sizeof line);
    err_set(err, ERR_FAILED, "%s", line[0] != '\0' ? line : "the server closed the connection");
    memcpy(err->sqlstate, sqlstate, 6);
    err->class = class_of(sqlstate);
}

bool err_from_connection(struct err *err, const PGconn *conn) {
    char state[6];
    if (!connect_error_sqlstate(PQerrorMessage(conn), state)) {
        memcpy(state, PQconnectionNeedsPassword(conn) ? "28P01" : "08006", 6);
    }
    set_message(err, conn, state);
    struct target target = read_target(conn);
    add_hint(err, &target);
    PQconninfoFree(target.options);
    return false;
}

bool err_from_lost_connection(struct err *err, const PGconn *conn) {
    char state[6];
    bool ended = connect_error_sqlstate(PQerrorMessage(conn), state) &&
                 (strncmp(state, "57", 2) == 0 || strncmp(state, "53", 2) == 0);
    set_message(err, conn, ended ? state : "08006");
    return err_hint(err, "look into the server's log for the reason; pgtandem connects again");
}

/* settings */

bool connect_error_check_settings(const PGconn *conn, struct err *err) {
    /* of those that a session pins, the server reports these */
    static const char *const wanted[][2] = {
        {"DateStyle", "ISO, YMD"}, {"IntervalStyle", "postgres"}, {"TimeZone", "UTC"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const char *value = PQparameterStatus(conn, wanted[i][0]);
        if (value != NULL && strcmp(value, wanted[i][1]) != 0) {
            err_set(err, ERR_FAILED,
                    "the session was not given the settings it asked for: %s is "
                    "\"%s\", not \"%s\"",
                    wanted[i][0], value, wanted[i][1]);
            memcpy(err->sqlstate, "08P01", 6);
            return err_hint(err, "name the server itself in the dsn: something between, such as "
                                 "PgBouncer with ignore_startup_parameters, leaves them out");
        }
    }
    return true;
}
