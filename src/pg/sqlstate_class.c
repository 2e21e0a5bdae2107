/* sqlstate_class.c - see sqlstate.h: classes and words, from the SQLSTATE alone.
 * Source: PostgreSQL's appendix "Error Codes". */
#include <stddef.h>
#include <string.h>

#include "pg/sqlstate.h"

static bool has_class(const char *sqlstate, const char *class) {
    return strncmp(sqlstate, class, 2) == 0;
}

static bool is_one_of(const char *sqlstate, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (strncmp(sqlstate, list[i], strlen(list[i])) == 0) {
            return true;
        }
    }
    return false;
}

#define IS_ONE_OF(sqlstate, list) is_one_of(sqlstate, list, sizeof(list) / sizeof *(list))

static bool passes(const char *sqlstate) {
    static const char *const list[] = {"08", "53", "57", "55006", "25P03"};
    return IS_ONE_OF(sqlstate, list);
}

/* Classes that the server's own code uses for what is wrong with a value or a row, and
 * those that only functions use. XX000 is what the server says where nobody expected
 * anything, such as a value too large to be held in memory. */
static bool is_about_a_row(const char *sqlstate) {
    static const char *const list[] = {"09", "20", "21", "22", "23",    "27", "2F", "38",
                                       "39", "44", "54", "HV", "XX000", "P0", "F0"};
    /* The SQL standard leaves classes that begin with these to applications, 5 and X, too, of
     * which PostgreSQL has taken its own. */
    bool is_applications = strchr("6789IJKLMNOPQRSTUVWYZ", sqlstate[0]) != NULL;
    return IS_ONE_OF(sqlstate, list) || is_applications;
}

enum err_class sqlstate_class(const char *sqlstate, enum raiser raiser) {
    if (raiser == RAISER_USER) {
        return ERR_CLASS_ROW;
    }
    if (sqlstate[0] == '\0' || passes(sqlstate)) {
        return ERR_CLASS_PASSING;
    }
    if (has_class(sqlstate, "40") || strcmp(sqlstate, "55P03") == 0) {
        return ERR_CLASS_CONTENDED;
    }
    if (is_about_a_row(sqlstate)) {
        return ERR_CLASS_ROW;
    }
    /* what a function does with a row is the row's matter, as with a table that is gone; but a
     * right that is missing is missing for every row, and damage is nobody's */
    bool is_functions = raiser == RAISER_FUNCTION && strcmp(sqlstate, "42501") != 0 &&
                        strcmp(sqlstate, "58030") != 0 && !has_class(sqlstate, "XX");
    return is_functions ? ERR_CLASS_ROW : ERR_CLASS_FATAL;
}

enum err_class sqlstate_class_of_write(const char *sqlstate, enum raiser raiser) {
    static const char *const of_values[] = {"42601", "42704", "42725", "42P21", "42P22"};
    static const char *const of_functions[] = {"53400", "55006", "57014"};
    /* a name that is wrong in a value, as one of a regclass or its schema; but a right that is
     * missing, or a key without its index, has no place in the statement either */
    bool is_name = raiser == RAISER_VALUE &&
                   (has_class(sqlstate, "42") || has_class(sqlstate, "3F")) &&
                   strcmp(sqlstate, "42501") != 0 && strcmp(sqlstate, "42P10") != 0;
    bool is_rows = is_name || IS_ONE_OF(sqlstate, of_values) ||
                   (raiser == RAISER_FUNCTION && IS_ONE_OF(sqlstate, of_functions));
    return is_rows ? ERR_CLASS_ROW : sqlstate_class(sqlstate, raiser);
}

struct words {
    const char *sqlstate; /* the beginning of one */
    const char *text;
};

static const struct words known_words[] = {
    {"21000", "two rows of one statement have the same key"},
    {"22001", "a value is too long for its column"},
    {"22003", "a number is out of the range of its type"},
    {"22007", "a date or time is not a valid one"},
    {"22008", "a date or time is out of range"},
    {"22012", "a division by zero"},
    {"22021", "a text is not valid in the database's encoding"},
    {"22P02", "a value is not valid for its column's type"},
    {"22P03", "a binary value is not valid for its column's type"},
    {"22P05", "a character does not exist in the database's encoding"},
    {"22", "a value is not valid"},
    {"0A000", "a value asks for what the server cannot do"},
    {"09000", "a trigger, rule or policy of the table has kept a row from being written"},
    {"42601", "a value is not valid for its type, or for an expression of the table"},
    {"42", "an expression or function of the table has failed for a row"},
    {"53400", "a function of the table has met a limit of the server"},
    {"55006", "a function of the table has met an object in use"},
    {"57014", "a function of the table was cancelled"},
    {"23502", "a NULL violates a not-null constraint"},
    {"23503", "a row violates a foreign key constraint"},
    {"23505", "a row violates a unique constraint"},
    {"23514", "a row violates a check constraint"},
    {"23P01", "a row violates an exclusion constraint"},
    {"23", "a row violates a constraint"},
    {"44000", "a row violates a view's check option"},
    {"54000", "a row exceeds a limit of the server, such as the size of an index row"},
    {"54", "a row exceeds a limit of the server"},
    {"P0", "a function of the table, such as a trigger, has raised an exception"},
    {"38", "a function of the table has failed"},
    {"3F000", "a value, or a function of the table, names a schema that does not exist"},
    {"39", "a function of the table has failed"},
    {"XX000", "an internal error of the server"},
};

const char *sqlstate_words(const char *sqlstate) {
    for (size_t i = 0; i < sizeof known_words / sizeof *known_words; i++) {
        if (strncmp(sqlstate, known_words[i].sqlstate, strlen(known_words[i].sqlstate)) == 0) {
            return known_words[i].text;
        }
    }
    return "a row was refused";
}
