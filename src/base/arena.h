/* arena.h - memory that is given back all at once.
 *
 * Why: one batch is one arena: decoding and transforming allocate freely, and
 *   arena_reset() forgets everything once the writer has accepted the batch.
 * Memory: blocks of at least ARENA_BLOCK bytes; a larger request gets a block
 *   of its own. arena_reset() keeps one standard block and frees the rest, so
 *   one huge row does not stay resident.
 * Errors: none; see mem.h. */
#ifndef PGTANDEM_BASE_ARENA_H
#define PGTANDEM_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *first; /* the block in use; older ones follow */
    size_t used;               /* bytes handed out since the last reset */
};

enum { ARENA_BLOCK = 256 * 1024 };

void arena_init(struct arena *arena);
void arena_fini(struct arena *arena);
void arena_reset(struct arena *arena);

/* Aligned for any object; not zeroed. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
/* What has a block of its own, as all has that is larger than ARENA_BLOCK, changes hands
 * without being copied; `p` stays where it is. False: it has none. */
bool arena_move(struct arena *to, struct arena *from, const void *p);
/* `count` zeroed objects of `size` bytes */
void *arena_zero(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
/* A copy of `size` bytes with a NUL behind them. */
char *arena_copy(struct arena *arena, const char *data, size_t size)
    __attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((returns_nonnull, format(printf, 2, 3)));

#endif
