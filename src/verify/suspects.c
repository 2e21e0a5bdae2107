/* suspects.c - see suspects.h. */
#include "verify/suspects.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void suspects_init(struct suspects *list, size_t n_key) {
    memset(list, 0, sizeof *list);
    list->n_key = n_key;
    arena_init(&list->arena);
}

void suspects_fini(struct suspects *list) {
    free(list->keys);
    free(list->verdicts);
    arena_fini(&list->arena);
}

static void grow(struct suspects *list) {
    size_t capacity = list->capacity == 0 ? 64 : mem_mul(list->capacity, 2);
    size_t values = mem_mul(capacity, list->n_key);
    list->keys = mem_grow(list->keys, mem_mul(values, sizeof *list->keys));
    list->verdicts = mem_grow(list->verdicts, mem_mul(capacity, sizeof *list->verdicts));
    list->capacity = capacity;
}

void suspects_add(struct suspects *list, const struct value *key, enum verdict verdict) {
    if (list->count == SUSPECTS_MAX || list->arena.used > SUSPECTS_MAX_BYTES) {
        list->dropped[verdict]++;
        return;
    }
    if (list->count == list->capacity) {
        grow(list);
    }
    for (size_t i = 0; i < list->n_key; i++) {
        struct value copy =
            value_text(arena_copy(&list->arena, key[i].data, key[i].size), key[i].size);
        list->keys[list->count * list->n_key + i] = copy;
    }
    list->verdicts[list->count++] = verdict;
}

void suspects_clear(struct suspects *list) {
    list->count = 0;
    arena_reset(&list->arena);
}
