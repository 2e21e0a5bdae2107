/* lsn.c - see lsn.h. */
#include "base/lsn.h"

#include <inttypes.h>
#include <stdio.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

/* Reads 1 to 8 digits; returns how many there were, 0 for none or too many. */
static size_t parse_half(const char *text, size_t size, uint64_t *half) {
    size_t n = 0;
    *half = 0;
    while (n < size && hex_digit(text[n]) >= 0) {
        *half = *half << 4 | (uint64_t)hex_digit(text[n]);
        n++;
        if (n > 8) {
            return 0;
        }
    }
    return n;
}

bool lsn_parse(const char *text, size_t size, lsn_t *lsn) {
    uint64_t high, low;
    size_t n = parse_half(text, size, &high);
    if (n == 0 || n == size || text[n] != '/') {
        return false;
    }
    size_t m = parse_half(text + n + 1, size - n - 1, &low);
    if (m == 0 || n + 1 + m != size) {
        return false;
    }
    *lsn = high << 32 | low;
    return true;
}

struct lsn_text lsn_format(lsn_t lsn) {
    struct lsn_text t;
    snprintf(t.text, sizeof t.text, "%" PRIX64 "/%" PRIX64, lsn >> 32, lsn & 0xFFFFFFFFU);
    return t;
}
