/* timestamp.c - see timestamp.h. */
#include "base/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Exactly `digits` decimal digits at *text; moves past them. */
static bool parse_number(const char **text, const char *end, int digits, int *number) {
    *number = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (*text == end || **text < '0' || **text > '9') {
            return false;
        }
        *number = *number * 10 + (**text - '0');
    }
    return true;
}

static bool parse_char(const char **text, const char *end, char c) {
    if (*text == end || **text != c) {
        return false;
    }
    (*text)++;
    return true;
}

/* ".5" is 500000 microseconds; no fraction is none. */
static bool parse_fraction(const char **text, const char *end, int *usec) {
    *usec = 0;
    if (*text == end || **text != '.') {
        return true;
    }
    (*text)++;
    int digits = 0;
    for (; *text < end && **text >= '0' && **text <= '9' && digits < 6; (*text)++, digits++) {
        *usec = *usec * 10 + (**text - '0');
    }
    if (digits == 0) {
        return false;
    }
    for (; digits < 6; digits++) {
        *usec *= 10;
    }
    return true;
}

/* Enough that timegm() has nothing to carry over but a wrong day of a month. */
static bool in_range(const struct tm *tm) {
    return tm->tm_mon >= 1 && tm->tm_mon <= 12 && tm->tm_mday >= 1 && tm->tm_mday <= 31 &&
           tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= 60;
}

bool usec_parse(const char *text, size_t size, usec_t *usec) {
    const char *p = text, *end = text + size;
    struct tm tm = {0};
    int fraction;
    bool ok = parse_number(&p, end, 4, &tm.tm_year) && parse_char(&p, end, '-') &&
              parse_number(&p, end, 2, &tm.tm_mon) && parse_char(&p, end, '-') &&
              parse_number(&p, end, 2, &tm.tm_mday) && parse_char(&p, end, ' ') &&
              parse_number(&p, end, 2, &tm.tm_hour) && parse_char(&p, end, ':') &&
              parse_number(&p, end, 2, &tm.tm_min) && parse_char(&p, end, ':') &&
              parse_number(&p, end, 2, &tm.tm_sec) && parse_fraction(&p, end, &fraction) &&
              end - p == 3 && memcmp(p, "+00", 3) == 0;
    if (!ok || !in_range(&tm)) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *usec = (usec_t)timegm(&tm) * USEC_SECOND + fraction;
    return true;
}

struct usec_text usec_format(usec_t usec) {
    usec_t fraction = usec % USEC_SECOND;
    if (fraction < 0) {
        fraction += USEC_SECOND;
    }
    time_t seconds = (time_t)((usec - fraction) / USEC_SECOND);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    struct usec_text t;
    char date[24];
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(t.text, sizeof t.text, "%s.%06d+00", date, (int)fraction);
    return t;
}

static usec_t read_clock(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return (usec_t)now.tv_sec * USEC_SECOND + now.tv_nsec / 1000;
}

usec_t usec_now(void) {
    return read_clock(CLOCK_REALTIME);
}

usec_t usec_monotonic(void) {
    return read_clock(CLOCK_MONOTONIC);
}
