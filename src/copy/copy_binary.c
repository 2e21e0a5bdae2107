/* copy_binary.c - see copy_binary.h. */
#include "copy/copy_binary.h"

#include <stdint.h>
#include <string.h>

/* with the zero byte that ends the literal */
static const char signature[] = "PGCOPY\n\377\r\n";

enum {
    COUNT_SIZE = 2,
    LENGTH_SIZE = 4,
    HEADER_SIZE = sizeof signature + LENGTH_SIZE + LENGTH_SIZE
};

static uint32_t read_u32(const char *at) {
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static unsigned read_u16(const char *at) {
    const unsigned char *b = (const unsigned char *)at;
    return (unsigned)b[0] << 8 | b[1];
}

size_t copy_binary_header(const char *data, size_t size) {
    if (size < HEADER_SIZE || memcmp(data, signature, sizeof signature) != 0) {
        return 0;
    }
    size_t extension = read_u32(data + sizeof signature + LENGTH_SIZE);
    return extension <= size - HEADER_SIZE ? HEADER_SIZE + extension : 0;
}

bool copy_binary_is_trailer(const char *data, size_t size) {
    return size == COUNT_SIZE && read_u16(data) == UINT16_MAX;
}

bool copy_binary_split(const char *tuple, size_t size, struct value *fields, size_t n) {
    const char *at = tuple, *end = tuple + size;
    if (size < COUNT_SIZE || read_u16(at) != n) {
        return false;
    }
    at += COUNT_SIZE;
    for (size_t i = 0; i < n; i++) {
        if (end - at < LENGTH_SIZE) {
            return false;
        }
        uint32_t length = read_u32(at);
        at += LENGTH_SIZE;
        if (length == UINT32_MAX) {
            fields[i] = value_null();
            continue;
        }
        if (length > (size_t)(end - at)) {
            return false;
        }
        fields[i] = value_text(at, length);
        at += length;
    }
    return at == end;
}

void copy_binary_add_header(struct buf *out) {
    buf_add(out, signature, sizeof signature);
    buf_add_u32(out, 0); /* flags */
    buf_add_u32(out, 0); /* no extension */
}

void copy_binary_add_count(struct buf *out, size_t n_fields) {
    buf_add_u16(out, (uint16_t)n_fields);
}

void copy_binary_add(struct buf *out, struct value field) {
    if (field.kind != VALUE_TEXT) {
        buf_add_u32(out, UINT32_MAX);
        return;
    }
    buf_reserve(out, LENGTH_SIZE + field.size);
    buf_add_u32(out, (uint32_t)field.size);
    buf_add(out, field.data, field.size);
}

void copy_binary_add_trailer(struct buf *out) {
    buf_add_u16(out, UINT16_MAX);
}
