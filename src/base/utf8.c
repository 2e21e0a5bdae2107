/* utf8.c - see utf8.h. Fast where nothing is amiss: most of a text is ASCII. */
#include "base/utf8.h"

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

bool utf8_check(const char *text, size_t size, size_t *offset) {
    const unsigned char *data = (const unsigned char *)text;
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
