/* quantity.c - see quantity.h. */
#include "base/quantity.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* Digits at the start of `text`; what follows them is left in *rest. */
static bool parse_digits(const char *text, int64_t *number, const char **rest) {
    if (*text < '0' || *text > '9') {
        return false;
    }
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    *number = n;
    *rest = end;
    return errno == 0;
}

static bool parse(const char *text, const struct unit *units, size_t n_units, int64_t *quantity) {
    int64_t number;
    const char *rest;
    if (!parse_digits(text, &number, &rest)) {
        return false;
    }
    rest += strspn(rest, " ");
    for (size_t i = 0; i < n_units; i++) {
        if (strcmp(rest, units[i].name) == 0) {
            return !__builtin_mul_overflow(number, units[i].factor, quantity);
        }
    }
    return false;
}

bool quantity_number(const char *text, int64_t *number) {
    const char *rest;
    return parse_digits(text, number, &rest) && *rest == '\0';
}

bool quantity_real(const char *text, double *number) {
    char *end = NULL;
    if (*text == '\0' || strspn(text, "0123456789+-.eE") != strlen(text)) {
        return false;
    }
    *number = strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}

bool quantity_duration(const char *text, int64_t *usec) {
    static const struct unit units[] = {
        {"", USEC_SECOND},
        {"us", 1},
        {"ms", 1000},
        {"s", USEC_SECOND},
        {"min", 60 * USEC_SECOND},
        {"h", 3600 * USEC_SECOND},
        {"d", 86400 * USEC_SECOND},
    };
    return parse(text, units, sizeof units / sizeof *units, usec);
}

bool quantity_size(const char *text, int64_t *bytes) {
    static const struct unit units[] = {
        {"", 1},
        {"B", 1},
        {"kB", INT64_C(1) << 10},
        {"MB", INT64_C(1) << 20},
        {"GB", INT64_C(1) << 30},
        {"TB", INT64_C(1) << 40},
    };
    return parse(text, units, sizeof units / sizeof *units, bytes);
}
