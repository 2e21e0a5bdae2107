/* mem.c - see mem.h. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *p, size_t size) {
    if (p == NULL) {
        fprintf(stderr, "pgtandem: out of memory (%zu bytes)\n", size);
        abort();
    }
    return p;
}

void *mem_alloc(size_t size) {
    return or_abort(malloc(size > 0 ? size : 1), size);
}

void *mem_zero(size_t count, size_t size) {
    size_t total = mem_mul(count, size);
    return or_abort(calloc(1, total > 0 ? total : 1), total);
}

void *mem_grow(void *old, size_t size) {
    return or_abort(realloc(old, size > 0 ? size : 1), size);
}

char *mem_strdup(const char *text) {
    return or_abort(strdup(text), strlen(text));
}

char *mem_printf(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int n = vasprintf(&text, format, args);
    va_end(args);
    return or_abort(n < 0 ? NULL : text, 0);
}

size_t mem_add(size_t a, size_t b) {
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        or_abort(NULL, a);
    }
    return sum;
}

size_t mem_mul(size_t a, size_t b) {
    size_t product;
    if (__builtin_mul_overflow(a, b, &product)) {
        or_abort(NULL, a);
    }
    return product;
}
