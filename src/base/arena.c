/* arena.c - see arena.h. A list of blocks; the first one is filled. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena) {
    memset(arena, 0, sizeof *arena);
}

void arena_fini(struct arena *arena) {
    for (struct arena_block *b = arena->first, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    arena_init(arena);
}

void arena_reset(struct arena *arena) {
    struct arena_block *kept = NULL;
    for (struct arena_block *b = arena->first, *next; b != NULL; b = next) {
        next = b->next;
        if (kept == NULL && b->size == ARENA_BLOCK) {
            kept = b;
            kept->next = NULL;
            kept->used = 0;
        } else {
            free(b);
        }
    }
    arena->first = kept;
    arena->used = 0;
}

static struct arena_block *add_block(struct arena *arena, size_t size) {
    size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
    struct arena_block *b = mem_alloc(mem_add(sizeof *b, room));
    b->size = room;
    b->used = 0;
    /* an oversized block goes behind the one being filled */
    if (room != ARENA_BLOCK && arena->first != NULL) {
        b->next = arena->first->next;
        arena->first->next = b;
    } else {
        b->next = arena->first;
        arena->first = b;
    }
    return b;
}

void *arena_alloc(struct arena *arena, size_t size) {
    const size_t align = alignof(max_align_t);
    size_t rounded = mem_add(size > 0 ? size : 1, align - 1) & ~(align - 1);
    struct arena_block *b = arena->first;
    if (b == NULL || b->size - b->used < rounded) {
        b = add_block(arena, rounded);
    }
    void *p = b->data + b->used;
    b->used += rounded;
    arena->used += rounded;
    return p;
}

static bool is_alone(const struct arena_block *b, const void *p) {
    const char *at = p;
    return b->size > ARENA_BLOCK && at >= b->data && at < b->data + b->size;
}

bool arena_move(struct arena *to, struct arena *from, const void *p) {
    for (struct arena_block **link = &from->first; *link != NULL; link = &(*link)->next) {
        struct arena_block *b = *link;
        if (!is_alone(b, p)) {
            continue;
        }
        *link = b->next;
        struct arena_block **place = to->first != NULL ? &to->first->next : &to->first;
        b->next = *place;
        *place = b;
        from->used -= b->used;
        to->used += b->used;
        return true;
    }
    return false;
}

void *arena_zero(struct arena *arena, size_t count, size_t size) {
    size_t total = mem_mul(count, size);
    return memset(arena_alloc(arena, total), 0, total);
}

char *arena_copy(struct arena *arena, const char *data, size_t size) {
    char *p = arena_alloc(arena, mem_add(size, 1));
    if (size > 0) {
        memcpy(p, data, size);
    }
    p[size] = '\0';
    return p;
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t size = n < 0 ? 0 : (size_t)n;
    char *p = arena_alloc(arena, mem_add(size, 1));
    vsnprintf(p, size + 1, format, again);
    va_end(again);
    return p;
}
