/* findings.c - see findings.h. */
#include "command/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command/json.h"

static const char *level_name(enum finding_level level) {
    static const char *const names[] = {
#define FINDING_NAME(name) #name,
        FINDING_LEVELS(FINDING_NAME)
#undef FINDING_NAME
    };
    return names[level];
}

void findings_init(struct findings *findings) {
    memset(findings, 0, sizeof *findings);
    findings->where = "";
    arena_init(&findings->arena);
}

void findings_fini(struct findings *findings) {
    arena_fini(&findings->arena);
}

/* Whole, however long: a cure may hold statements. */
static const char *format_text(struct arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    size_t size = n < 0 ? 0 : (size_t)n;
    char *text = arena_alloc(arena, size + 1);
    vsnprintf(text, size + 1, format, args);
    return text;
}

static void grow(struct findings *findings) {
    size_t capacity = findings->capacity == 0 ? 32 : findings->capacity * 2;
    struct finding *items = arena_zero(&findings->arena, capacity, sizeof *items);
    if (findings->count > 0) {
        memcpy(items, findings->items, findings->count * sizeof *items);
    }
    findings->items = items;
    findings->capacity = capacity;
}

void findings_add(struct findings *findings, enum finding_level level, const char *check,
                  const char *format, ...) {
    if (findings->count == findings->capacity) {
        grow(findings);
    }
    va_list args;
    va_start(args, format);
    findings->items[findings->count++] = (struct finding){
        .level = level,
        .where = findings->where,
        .check = check,
        .message = format_text(&findings->arena, format, args),
        .hint = "",
    };
    va_end(args);
}

void findings_hint(struct findings *findings, const char *format, ...) {
    va_list args;
    va_start(args, format);
    findings->items[findings->count - 1].hint = format_text(&findings->arena, format, args);
    va_end(args);
}

void findings_add_err(struct findings *findings, enum finding_level level, const char *check,
                      const struct err *err) {
    findings_add(findings, level, check, "%s", err->message);
    findings_hint(findings, "%s", err->hint);
}

size_t findings_count(const struct findings *findings, enum finding_level level) {
    size_t n = 0;
    for (size_t i = 0; i < findings->count; i++) {
        n += findings->items[i].level == level;
    }
    return n;
}

static void print_summary(const struct findings *findings) {
    size_t errors = findings_count(findings, FINDING_error);
    size_t warnings = findings_count(findings, FINDING_warning);
    printf("\n%zu error%s, %zu warning%s: %s\n", errors, errors == 1 ? "" : "s", warnings,
           warnings == 1 ? "" : "s",
           errors > 0 ? "not ready; mend the errors and check again" : "ready");
}

void findings_print(const struct findings *findings) {
    const char *where = "";
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->items[i];
        if (strcmp(where, f->where) != 0) {
            printf("%s%s\n", i > 0 ? "\n" : "", f->where);
            where = f->where;
        }
        printf("  %-8s %s\n", level_name(f->level), f->message);
        if (f->hint[0] != '\0') {
            printf("           cure: %s\n", f->hint);
        }
    }
    print_summary(findings);
}

void findings_print_json(const struct findings *findings) {
    struct json json;
    json_init(&json, true);
    json_array(&json, NULL);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->items[i];
        json_object(&json, NULL);
        json_text(&json, "level", level_name(f->level));
        json_text(&json, "where", f->where);
        json_text(&json, "check", f->check);
        json_text(&json, "message", f->message);
        json_text(&json, "hint", f->hint);
        json_end_object(&json);
    }
    json_end_array(&json);
    json_print(&json);
    json_fini(&json);
}
