/* buf.c - see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_KEEP = 1024 * 1024 }; /* what an emptied buffer may hold on to */

void buf_init(struct buf *buf) {
    memset(buf, 0, sizeof *buf);
}

void buf_fini(struct buf *buf) {
    free(buf->data);
    buf_init(buf);
}

void buf_reset(struct buf *buf) {
    if (buf->capacity > BUF_KEEP) {
        buf_fini(buf);
        return;
    }
    buf->size = 0;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

void buf_reserve(struct buf *buf, size_t more) {
    size_t need = mem_add(mem_add(buf->size, more), 1);
    if (need <= buf->capacity) {
        return;
    }
    size_t capacity = buf->capacity < 256 ? 256 : buf->capacity;
    while (capacity < need) {
        capacity = mem_mul(capacity, 2);
    }
    buf->data = mem_grow(buf->data, capacity);
    buf->capacity = capacity;
}

void buf_add(struct buf *buf, const char *data, size_t size) {
    buf_reserve(buf, size);
    if (size > 0) {
        memcpy(buf->data + buf->size, data, size);
    }
    buf->size += size;
    buf->data[buf->size] = '\0';
}

void buf_add_text(struct buf *buf, const char *text) {
    buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c) {
    buf_add(buf, &c, 1);
}

void buf_add_format(struct buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0) {
        buf_reserve(buf, (size_t)n);
        vsnprintf(buf->data + buf->size, (size_t)n + 1, format, again);
        buf->size += (size_t)n;
    }
    va_end(again);
}

void buf_add_u16(struct buf *buf, uint16_t n) {
    const char bytes[2] = {(char)(n >> 8), (char)(n & 0xFF)};
    buf_add(buf, bytes, sizeof bytes);
}

void buf_add_u32(struct buf *buf, uint32_t n) {
    buf_add_u16(buf, (uint16_t)(n >> 16));
    buf_add_u16(buf, (uint16_t)(n & 0xFFFF));
}

void buf_add_u64(struct buf *buf, uint64_t n) {
    buf_add_u32(buf, (uint32_t)(n >> 32));
    buf_add_u32(buf, (uint32_t)(n & 0xFFFFFFFFU));
}

const char *buf_text(const struct buf *buf) {
    return buf->data != NULL ? buf->data : "";
}
