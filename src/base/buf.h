/* buf.h - a growing run of bytes: statements, JSON, COPY lines.
 *
 * Memory: owned by the struct, freed by buf_fini(); buf_reset() keeps it for
 *   the next use. There is always a NUL behind the data once anything was
 *   appended, so `data` is a C string when it holds no NUL itself.
 * Errors: none; see mem.h. */
#ifndef PGTANDEM_BASE_BUF_H
#define PGTANDEM_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* NULL until something is appended */
    size_t size, capacity;
};

void buf_init(struct buf *buf);
void buf_fini(struct buf *buf);
/* Empties it; a buffer that has grown beyond a mebibyte gives its memory back. */
void buf_reset(struct buf *buf);
void buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const char *data, size_t size);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Big-endian integers, as PostgreSQL's wire formats want them. */
void buf_add_u16(struct buf *buf, uint16_t n);
void buf_add_u32(struct buf *buf, uint32_t n);
void buf_add_u64(struct buf *buf, uint64_t n);
/* The text, never NULL */
const char *buf_text(const struct buf *buf);

#endif
