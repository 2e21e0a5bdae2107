/* json_text.c - see json_text.h. Two passes, each fast where nothing is amiss:
 * most of a text is ASCII, and backslashes are rare. */
#include "decode/json_text.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

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
    if (!utf8_check(data, size, offset)) {
        *problem = "invalid UTF-8";
        return false;
    }
    return check_escapes(data, size, offset, problem);
}
