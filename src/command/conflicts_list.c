/* conflicts_list.c - `pgtandem conflicts list`. Keys are shown, other values of
 * rows only when they are asked for: they are people's data. */
#include <stdio.h>
#include <string.h>

#include "command/conflicts.h"
#include "command/format.h"
#include "command/json.h"

enum { LIMIT = 100, CELLS_MAX = 8 };

/* JSON */

static void json_head(struct json *json, const struct record *record) {
    json_object(json, NULL);
    json_text(json, "id", record->id);
    json_text(json, "link", record->link);
    json_text(json, "table", record->table);
    json_raw(json, "key", record->key);
}

static void json_conflict(struct json *json, const struct record *record) {
    json_head(json, record);
    json_text(json, "kind", record->what);
    json_text(json, "decision", record->decision);
    json_raw(json, "incoming", record->incoming);
    json_text(json, "incoming_at", record->incoming_at);
    json_raw(json, "existing", record->existing);
    json_text(json, "existing_at", record->existing_at);
    json_text(json, "source_lsn", record->source_lsn);
    json_text(json, "recorded_at", record->at);
    json_text(json, "settled_at", record->settled_at);
    json_end_object(json);
}

static void json_parked(struct json *json, const struct record *record) {
    json_head(json, record);
    json_text(json, "operation", record->what);
    json_text(json, "sqlstate", record->sqlstate);
    json_text(json, "reason", record->reason);
    json_raw(json, "row", record->incoming);
    json_text(json, "commit_time", record->incoming_at);
    json_text(json, "source_lsn", record->source_lsn);
    json_text(json, "parked_at", record->at);
    json_text(json, "settled_at", record->settled_at);
    json_raw(json, "tries", record->tries);
    json_text(json, "retry_at", record->retry_at);
    json_end_object(json);
}

static void json_kind(struct json *json, const struct records *records, bool parked,
                      const char *key) {
    json_array(json, key);
    for (size_t i = 0; i < records->count; i++) {
        if (records->items[i].is_parked == parked) {
            (parked ? json_parked : json_conflict)(json, &records->items[i]);
        }
    }
    json_end_array(json);
}

static void print_json(const struct migration *m, const struct records *records) {
    struct json json;
    json_init(&json, true);
    json_object(&json, NULL);
    json_text(&json, "migration", m->config->migration);
    json_int(&json, "conflicts_found", records->n_conflicts);
    json_int(&json, "parked_found", records->n_parked);
    json_kind(&json, records, false, "conflicts");
    json_kind(&json, records, true, "parked");
    json_end_object(&json);
    json_print(&json);
    json_fini(&json);
}

/* text */

/* One line of the listing, in columns as wide as the widest of each. */
struct line {
    const char *cells[CELLS_MAX];
};

static const struct line conflict_titles = {
    {"id", "at (UTC)", "link", "table", "key", "kind", "decision", "state"}};
static const struct line parked_titles = {
    {"id", "at (UTC)", "link", "table", "key", "operation", "tries", "state"}};

/* "2026-11-22 14:10:15" */
static const char *short_time(struct arena *arena, const char *words, const char *time) {
    return arena_printf(arena, "%s%.10s %.8s", words, time, time + 11);
}

static const char *state_of(struct arena *arena, const struct record *record) {
    if (record->settled_at != NULL) {
        return short_time(arena, "settled ", record->settled_at);
    }
    return record->retry_at != NULL ? short_time(arena, "open, next try ", record->retry_at)
                                    : "open";
}

static struct line line_of(struct arena *arena, const struct record *record) {
    return (struct line){{
        record->id,
        short_time(arena, "", record->at),
        record->link,
        record->table,
        record->key_text != NULL ? record->key_text : "",
        record->what,
        record->is_parked ? record->tries : record->decision,
        state_of(arena, record),
    }};
}

static void print_line(const struct line *line, const int *widths) {
    for (size_t c = 0; c + 1 < CELLS_MAX; c++) {
        printf("  %-*s", widths[c], line->cells[c]);
    }
    printf("  %s\n", line->cells[CELLS_MAX - 1]);
}

static void print_version(const char *words, const char *row, const char *at) {
    printf("      %s", words);
    if (at != NULL) {
        printf(" of %.10s %.8s", at, at + 11);
    }
    printf(": %s\n", row != NULL ? row : "no row");
}

static void print_more(const struct record *record, bool values) {
    if (record->is_parked) {
        printf("      %s: %s\n", record->sqlstate, record->reason);
    }
    if (values) {
        print_version("incoming", record->incoming, record->incoming_at);
    }
    if (values && !record->is_parked) {
        print_version("existing", record->existing, record->existing_at);
    }
}

static void widen(int *widths, const struct line *line) {
    for (size_t c = 0; c < CELLS_MAX; c++) {
        int width = (int)strlen(line->cells[c]);
        widths[c] = width > widths[c] ? width : widths[c];
    }
}

/* `n` records of one kind */
static void print_table(const struct record *records, size_t n, const struct line *titles,
                        bool values) {
    struct arena arena;
    int widths[CELLS_MAX] = {0};
    arena_init(&arena);
    struct line *lines = arena_zero(&arena, n, sizeof *lines);
    widen(widths, titles);
    for (size_t i = 0; i < n; i++) {
        lines[i] = line_of(&arena, &records[i]);
        widen(widths, &lines[i]);
    }
    print_line(titles, widths);
    for (size_t i = 0; i < n; i++) {
        print_line(&lines[i], widths);
        print_more(&records[i], values);
    }
    arena_fini(&arena);
}

static void print_kind(const struct invocation *invocation, const struct record *records, size_t n,
                       int64_t found, bool parked) {
    printf("%s %s%s%s", found > 0 ? format_count(found).text : "no",
           options_has(invocation->options, "all") ? "" : "open ",
           parked ? "parked row" : "conflict", found == 1 ? "" : "s");
    if ((int64_t)n < found) {
        printf(", of which the latest %zu are shown (see --limit)", n);
    }
    putchar('\n');
    if (n > 0) {
        print_table(records, n, parked ? &parked_titles : &conflict_titles,
                    options_has(invocation->options, "values"));
    }
}

static void print_text(const struct invocation *invocation, const struct records *records) {
    size_t n = 0;
    while (n < records->count && !records->items[n].is_parked) {
        n++;
    }
    print_kind(invocation, records->items, n, records->n_conflicts, false);
    putchar('\n');
    print_kind(invocation, &records->items[n], records->count - n, records->n_parked, true);
}

static void tell(const struct invocation *invocation, const struct migration *m,
                 const struct records *records) {
    if (options_has(invocation->options, "json")) {
        print_json(m, records);
    } else {
        print_text(invocation, records);
    }
}

int command_conflicts_list(struct invocation *invocation) {
    struct migration m;
    struct records records;
    struct record_filter filter = {.settled = options_has(invocation->options, "all"),
                                   .limit = LIMIT};
    struct err err;
    err_clear(&err);
    if (!options_number(invocation->options, "limit", &filter.limit, &err)) {
        return command_misuse(invocation->command, &err);
    }
    migration_init(&m, invocation->config, invocation->loop);
    records_init(&records);
    bool ok = migration_connect(&m, &err) && records_read(&m, &filter, &records, &err);
    if (ok) {
        tell(invocation, &m, &records);
    }
    records_fini(&records);
    migration_fini(&m);
    return ok ? 0 : command_fail(&err);
}
