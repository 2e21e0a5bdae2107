/* json_text.c - see json_text.h. Two passes, each fast where nothing is amiss:
 * most of a text is ASCII, and backslashes are rare. */
#include "decode/json_text.h"

#include <stdint.h>
#include <string.h>

static bool all_ascii(const unsigned char *eight_bytes) {
    uint64_t word;
    memcpy(&word, eight_bytes, sizeof word);
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

/* Bytes of the character at `p` (RFC 3629, section 4), or 0 when it is not one.
 * The first continuation byte's range depends on the lead byte; the rest are
 * 80 to BF. */
static size_t character_size(const unsigned char *p, size_t left) {
    unsigned char lead = p[0], low = 0x80, high = 0xBF;
    size_t size;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        size = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        size = 3;
        low = lead == 0xE0 ? 0xA0 : 0x80;
        high = lead == 0xED ? 0x9F : 0xBF;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        size = 4;
        low = lead == 0xF0 ? 0x90 : 0x80;
        high = lead == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (left < size || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

static bool check_utf8(const unsigned char *data, size_t size, size_t *offset) {
    size_t i = 0;
    while (i < size) {
        if (size - i >= 8 && all_ascii(data + i)) {
            i += 8;
            continue;
        }
        size_t n = character_size(data + i, size - i);
        if (n == 0) {
            *offset = i;
            return false;
        }
        i += n;
    }
    return true;
}

/* The code unit of a complete \uXXXX at `p`, or -1. */
static int32_t escaped_unit(const char *p, size_t left) {
    if (left < 6 || p[0] != '\\' || p[1] != 'u') {
        return -1;
    }
    int32_t unit = 0;
    for (size_t i = 2; i < 6; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Looks at the backslash at `p`; *size is how far the escape reaches. An
 * escape that is none at all is left for yajl to refuse. */
static bool check_escape(const char *p, size_t left, size_t *size, const char **problem) {
    int32_t unit = escaped_unit(p, left);
    *size = left < 2 ? left : 2;
    if (unit == 0) {
        *problem = "\\u0000 cannot be part of a text";
        return false;
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        return true;
    }
    int32_t second = unit < 0xDC00 ? escaped_unit(p + 6, left - 6) : -1;
    if (second < 0xDC00 || second > 0xDFFF) {
        *problem = "half of a surrogate pair";
        return false;
    }
    *size = 12;
    return true;
}

static bool check_escapes(const char *data, size_t size, size_t *offset, const char **problem) {
    const char *end = data + size, *p = data;
    while (p < end && (p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
        size_t reach;
        if (!check_escape(p, (size_t)(end - p), &reach, problem)) {
            *offset = (size_t)(p - data);
            return false;
        }
        p += reach;
    }
    return true;
}

bool json_text_check(const char *data, size_t size, size_t *offset, const char **problem) {
    if (!check_utf8((const unsigned char *)data, size, offset)) {
        *problem = "invalid UTF-8";
        return false;
    }
    return check_escapes(data, size, offset, problem);
}
