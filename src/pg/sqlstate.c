/* sqlstate.c - see sqlstate.h: errors from results and connections. */
#include "pg/sqlstate.h"

#include <stdio.h>
#include <string.h>

#include "pg/cure.h"

/* A prepared statement was possible once; what is "not supported" since is its plan. */
bool sqlstate_is_stale_plan(const struct err *err) {
    return err_has_sqlstate(err, "0A000");
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

/* What is wrong with a statement itself is told with its place in the text. */
static enum raiser find_raiser_of_write(const PGresult *result) {
    enum raiser raiser = find_raiser(result);
    bool has_place = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION) != NULL;
    return raiser == RAISER_SERVER && !has_place ? RAISER_VALUE : raiser;
}

typedef enum err_class class_fn(const char *sqlstate, enum raiser raiser);

static bool from_result(struct err *err, const PGresult *result, enum raiser raiser,
                        class_fn *class_of) {
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    char line[ERR_MESSAGE_SIZE];
    if (text == NULL) {
        copy_as_line(line, sizeof line, PQresultErrorMessage(result));
        text = line[0] != '\0' ? line : "the server closed the connection";
    }
    state = state != NULL ? state : "08006";
    enum err_class class = class_of(state, raiser);
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
    return cure_add(err, CURE_ANY);
}

bool err_from_result(struct err *err, const PGresult *result) {
    return from_result(err, result, find_raiser(result), sqlstate_class);
}

bool err_from_write(struct err *err, const PGresult *result) {
    return from_result(err, result, find_raiser_of_write(result), sqlstate_class_of_write);
}

bool err_blame_row(struct err *err) {
    struct err before = *err;
    err_set(err, before.code, "%s", sqlstate_words(before.sqlstate));
    memcpy(err->sqlstate, before.sqlstate, sizeof err->sqlstate);
    memcpy(err->constraint, before.constraint, sizeof err->constraint);
    memcpy(err->server, before.server, sizeof err->server);
    return err_set_class(err, ERR_CLASS_ROW);
}
