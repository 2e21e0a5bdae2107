/* problem.c - see problem.h. */
#include "model/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void problem_list_init(struct problem_list *list, struct arena *arena) {
    *list = (struct problem_list){.arena = arena};
}

static const char *format_text(struct arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    size_t size = n < 0 ? 0 : (size_t)n;
    char *text = arena_alloc(arena, mem_add(size, 1));
    vsnprintf(text, size + 1, format, args);
    return text;
}

/* What the items grow out of stays in the arena until the list goes. */
static void grow(struct problem_list *list) {
    size_t capacity = list->capacity == 0 ? 8 : mem_mul(list->capacity, 2);
    struct problem *items = arena_zero(list->arena, capacity, sizeof *items);
    if (list->count > 0) {
        memcpy(items, list->items, list->count * sizeof *items);
    }
    list->items = items;
    list->capacity = capacity;
}

void problem_add(struct problem_list *list, int line, const char *format, ...) {
    if (list->count == list->capacity) {
        grow(list);
    }
    va_list args;
    va_start(args, format);
    const char *message = format_text(list->arena, format, args);
    va_end(args);
    list->items[list->count++] = (struct problem){.message = message, .hint = "", .line = line};
}

void problem_hint(struct problem_list *list, const char *format, ...) {
    va_list args;
    va_start(args, format);
    list->items[list->count - 1].hint = format_text(list->arena, format, args);
    va_end(args);
}
