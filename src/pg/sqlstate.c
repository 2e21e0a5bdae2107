/* sqlstate.c - see sqlstate.h: errors from results and connections. */
#include "pg/sqlstate.h"

#include <stdio.h>
#include <string.h>

struct cure {
    const char *sqlstate;
    const char *text; /* part of the message, or NULL for any */
    const char *hint;
};

/* What a person can do about errors that the server itself gives no hint for. */
static const struct cure cures[] = {
    {"42501", "may not be used as an output plugin",
     "add wal2json to output_plugin_libraries in postgresql.conf "
     "(output_plugin_libraries = 'pgoutput, test_decoding, wal2json') and reload the server"},
    {"58P01", "wal2json",
     "install wal2json on the database server (Debian: postgresql-15-wal2json)"},
    {"55000", "wal_level", "set wal_level = logical in postgresql.conf and restart the server"},
    {"55000", "can no longer get changes",
     "the server dropped log that the slot needed (max_slot_wal_keep_size): run teardown --all, "
     "empty the new table and begin again with a new backfill"},
    {"55006", "replication slot",
     "another client is using the slot, or an earlier one is still ending: end it, or wait"},
    {"55006", "replication origin",
     "another session is using the origin, or an earlier one is still ending: end it, or wait"},
    {"42501", "replication", "give the role the REPLICATION attribute: ALTER ROLE ... REPLICATION"},
    {"42501", "pg_replication_origin",
     "grant the role EXECUTE on the pg_replication_origin_* functions; the guide lists the grants"},
    {"42501", NULL, "grant the role what it lacks; the guide lists the grants it needs"},
    {"53100", NULL, "make room on the database server's disk; pgtandem goes on when there is some"},
    {"53400", "replication slots", "raise max_replication_slots and restart the server"},
    {"53400", "replication state", "raise max_replication_slots and restart the server"},
    {"53300", NULL, "raise max_connections or max_wal_senders, or close other connections"},
    {"42704", "replication slot", "the slot is gone; run teardown --all and begin again"},
    {"28P01", NULL, "check the password in pgpass, the service file or PGPASSWORD"},
    {"28000", NULL, "check pg_hba.conf and the role's name"},
    {"3D000", NULL, "check the database name in the dsn"},
    {"57P03", NULL, "the server is starting up or shutting down; try again when it is up"},
};

static void add_cure(struct err *err) {
    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++) {
        const struct cure *c = &cures[i];
        if (strcmp(c->sqlstate, err->sqlstate) == 0 &&
            (c->text == NULL || strstr(err->message, c->text) != NULL)) {
            err_hint(err, "%s", c->hint);
            return;
        }
    }
}

static void set_sqlstate(struct err *err, const char *sqlstate) {
    snprintf(err->sqlstate, sizeof err->sqlstate, "%s", sqlstate);
}

/* libpq's own messages have several lines. */
static void copy_as_line(char *line, size_t size, const char *text) {
    size_t n = 0;
    for (const char *p = text; *p != '\0' && n + 1 < size; p++) {
        bool is_space = *p == '\n' || *p == '\t' || *p == ' ';
        if (!is_space) {
            line[n++] = *p;
        } else if (n > 0 && line[n - 1] != ' ') {
            line[n++] = ' ';
        }
    }
    line[n - (n > 0 && line[n - 1] == ' ')] = '\0';
}

/* Functions by which the servers' procedural languages raise what a user's code wants
 * raised. These are names in their source, the same in every language and version. */
static bool is_raise(const char *function) {
    static const char *const raisers[] = {"exec_stmt_raise", "exec_stmt_assert", "plperl_util_elog",
                                          "do_util_elog",    "PLy_output",       "pltcl_elog"};
    for (size_t i = 0; function != NULL && i < sizeof raisers / sizeof *raisers; i++) {
        if (strcmp(function, raisers[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum raiser find_raiser(const PGresult *result) {
    if (is_raise(PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION))) {
        return RAISER_USER;
    }
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    return context != NULL ? RAISER_FUNCTION : RAISER_SERVER;
}

struct named_field {
    int field;
    const char *before;
};

/* " (constraint "users_email_key", table app_v2.users)" */
static void add_fields(char *text, size_t size, const PGresult *result) {
    static const struct named_field fields[] = {
        {PG_DIAG_CONSTRAINT_NAME, "constraint "}, {PG_DIAG_COLUMN_NAME, "column "},
        {PG_DIAG_DATATYPE_NAME, "type "},         {PG_DIAG_SCHEMA_NAME, "schema "},
        {PG_DIAG_TABLE_NAME, "table "},
    };
    size_t n = strlen(text), begin = n;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *name = PQresultErrorField(result, fields[i].field);
        if (name != NULL && n < size) {
            snprintf(text + n, size - n, "%s%s\"%s\"", n == begin ? " (" : ", ", fields[i].before,
                     name);
            n = strlen(text);
        }
    }
    snprintf(text + n, size - n, "%s", n > begin ? ")" : "");
}

/* The primary message and the DETAIL, as they are. */
static void keep_server_words(struct err *err, const char *text, const PGresult *result) {
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    err_set_server(err, "%s%s%s%s", text, detail != NULL ? " (" : "", detail != NULL ? detail : "",
                   detail != NULL ? ")" : "");
    snprintf(err->constraint, sizeof err->constraint, "%s", constraint != NULL ? constraint : "");
}

static void set_words(struct err *err, const char *state, const PGresult *result) {
    char text[ERR_MESSAGE_SIZE];
    snprintf(text, sizeof text, "%s", sqlstate_words(state));
    add_fields(text, sizeof text, result);
    err_set(err, ERR_FAILED, "%s", text);
}

bool err_from_result(struct err *err, const PGresult *result) {
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    enum raiser raiser = find_raiser(result);
    char line[ERR_MESSAGE_SIZE];
    if (text == NULL) {
        copy_as_line(line, sizeof line, PQresultErrorMessage(result));
        text = line[0] != '\0' ? line : "the server closed the connection";
    }
    state = state != NULL ? state : "08006";
    enum err_class class = sqlstate_class(state, raiser);
    if (class == ERR_CLASS_ROW) {
        set_words(err, state, result);
    } else {
        err_set(err, ERR_FAILED, "%s", text);
    }
    err->class = class;
    keep_server_words(err, text, result);
    set_sqlstate(err, state);
    if (hint != NULL && class != ERR_CLASS_ROW) {
        err_hint(err, "%s", hint);
    }
    add_cure(err);
    return false;
}

/* libpq gives no SQLSTATE for a failed connection, only text. */
static const char *sqlstate_of_connection(const char *text) {
    static const struct {
        const char *part, *sqlstate;
    } known[] = {
        {"password authentication failed", "28P01"},
        {"no password supplied", "28P01"},
        {"no pg_hba.conf entry", "28000"},
        {"authentication failed", "28000"},
        {"is not permitted to log in", "28000"},
        {"must be superuser or replication role to start walsender", "42501"},
        {"the database system is", "57P03"},
        {"too many clients", "53300"},
        {"too many connections", "53300"},
        {"remaining connection slots", "53300"},
        {"number of requested standby connections exceeds", "53300"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strstr(text, known[i].part) != NULL) {
            return known[i].sqlstate;
        }
    }
    if (strstr(text, "FATAL:") != NULL && strstr(text, "does not exist") != NULL) {
        return strstr(text, "role \"") != NULL ? "28000" : "3D000";
    }
    return "08006";
}

bool err_from_connection(struct err *err, const PGconn *conn) {
    char text[ERR_MESSAGE_SIZE];
    copy_as_line(text, sizeof text, PQerrorMessage(conn));
    err_set(err, ERR_FAILED, "%s", text[0] != '\0' ? text : "the server closed the connection");
    set_sqlstate(err, sqlstate_of_connection(text));
    err->class = sqlstate_class(err->sqlstate, RAISER_SERVER);
    add_cure(err);
    if (err->hint[0] == '\0') {
        err_hint(err, "check that the server runs and that host and port in the dsn are right");
    }
    return false;
}
