/* mem.h - allocation that does not fail, and size arithmetic that does not wrap.
 *
 * Why: a replication process without memory has nothing better to do than to
 *   end: progress is stored with the data, so the next start goes on where the
 *   last commit was. Everything here prints one line and calls abort() when
 *   memory is out or a size overflows. */
#ifndef PGTANDEM_BASE_MEM_H
#define PGTANDEM_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zero(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *mem_grow(void *old, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));
/* printf into memory that the caller frees */
char *mem_printf(const char *format, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* a + b and a * b, or abort */
size_t mem_add(size_t a, size_t b);
size_t mem_mul(size_t a, size_t b);

#endif
