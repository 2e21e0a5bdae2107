/* bound.c - see bound.h. */
#include "copy/bound.h"

#include <stdlib.h>
#include <string.h>

#include "apply/array.h"
#include "base/mem.h"

char **bound_new(const char *const *values, size_t n) {
    if (values == NULL) {
        return NULL;
    }
    char **bound = mem_zero(n, sizeof *bound);
    for (size_t i = 0; i < n; i++) {
        bound[i] = mem_strdup(values[i]);
    }
    return bound;
}

void bound_free(char **bound, size_t n) {
    for (size_t i = 0; bound != NULL && i < n; i++) {
        free(bound[i]);
    }
    free(bound);
}

bool bound_equal(char *const *a, char *const *b, size_t n) {
    if (a == NULL || b == NULL) {
        return a == b;
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(a[i], b[i]) != 0) {
            return false;
        }
    }
    return true;
}

void bound_add_columns(struct buf *sql, const char *array, size_t n) {
    for (size_t i = 0; i < n; i++) {
        buf_add_format(sql, ", %s[%zu]", array, i + 1);
    }
}

char **bound_from_result(const PGresult *result, int row, int column, size_t n) {
    if (PQgetisnull(result, row, column)) {
        return NULL;
    }
    char **bound = mem_zero(n, sizeof *bound);
    for (size_t i = 0; i < n; i++) {
        bound[i] = mem_strdup(PQgetvalue(result, row, column + (int)i));
    }
    return bound;
}

char *bound_array(char *const *bound, size_t n) {
    if (bound == NULL) {
        return NULL;
    }
    struct value *values = mem_zero(n, sizeof *values);
    for (size_t i = 0; i < n; i++) {
        values[i] = value_text(bound[i], strlen(bound[i]));
    }
    struct buf text;
    buf_init(&text);
    array_add(&text, values, n);
    free(values);
    return text.data;
}
