/* format.c - see format.h. */
#include "command/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct format format_count(int64_t n) {
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, n < 0 ? -n : n);
    struct format f;
    size_t used = 0;
    if (n < 0) {
        f.text[used++] = '-';
    }
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) {
            f.text[used++] = ',';
        }
        f.text[used++] = digits[i];
    }
    f.text[used] = '\0';
    return f;
}

struct format format_bytes(int64_t bytes) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    struct format f;
    double n = (double)bytes;
    size_t unit = 0;
    while (n >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        n /= 1024;
        unit++;
    }
    snprintf(f.text, sizeof f.text, unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
    return f;
}

struct format format_seconds(double seconds) {
    struct format f;
    int64_t s = (int64_t)seconds;
    if (seconds < 10) {
        snprintf(f.text, sizeof f.text, "%.2f s", seconds);
    } else if (s < 60) {
        snprintf(f.text, sizeof f.text, "%.1f s", seconds);
    } else if (s < 3600) {
        snprintf(f.text, sizeof f.text, "%d min %d s", (int)(s / 60), (int)(s % 60));
    } else if (s < 86400) {
        snprintf(f.text, sizeof f.text, "%d h %d min", (int)(s / 3600), (int)(s / 60 % 60));
    } else {
        snprintf(f.text, sizeof f.text, "%" PRId64 " d %d h", s / 86400, (int)(s / 3600 % 24));
    }
    return f;
}

struct format format_moment(usec_t moment) {
    struct format f;
    snprintf(f.text, sizeof f.text, "%.19s UTC", usec_format(moment).text);
    return f;
}

/* Cut, not rounded: what is not all of it must not look like it. */
static struct format percent(int64_t part, int64_t whole, int digits) {
    struct format f;
    if (part >= whole) {
        snprintf(f.text, sizeof f.text, "100 %%");
    } else {
        long double unit = powl(10, digits);
        long double n = floorl(100 * unit * (long double)part / (long double)whole) / unit;
        snprintf(f.text, sizeof f.text, "%.*Lf %%", digits, n);
    }
    return f;
}

struct format format_percent(int64_t part, int64_t whole) {
    return percent(part, whole, 1);
}

struct format format_accuracy(int64_t part, int64_t whole) {
    int digits = snprintf(NULL, 0, "%" PRId64, whole) - 2;
    return percent(part, whole, digits < 2 ? 2 : digits);
}
