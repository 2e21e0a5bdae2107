/* conflicts_list.c - `pgtandem conflicts list`. Values of rows are people's data: they
 * are shown only when they are asked for, and so are keys that are not mere numbers. */
#include <stdio.h>
#include <string.h>

#include "command/conflicts.h"
#include "command/format.h"
#include "command/json.h"

enum { LIMIT = 100, CELLS_MAX = 8 };

struct list {
    const struct migration *m;
    const struct records *records;
    bool all;
    bool values;       /* they were asked for */
    bool knows_tables; /* what their keys are made of */
};

static bool shows_key(const struct list *list, const struct record *record) {
    return list->values || (list->knows_tables && conflicts_may_show_key(list->m, record));
}

static const char *if_asked(const struct list *list, const char *value) {
    return list->values ? value : NULL;
}

static const char *reason_of(const struct list *list, const struct record *record) {
    return list->values ? record->reason : conflicts_reason(record);
}

/* JSON */

static void json_head(struct json *json, const struct list *list, const struct record *record) {
    json_object(json, NULL);
    json_text(json, "id", record->id);
    json_text(json, "link", record->link);
    json_text(json, "table", record->table);
    json_raw(json, "key", shows_key(list, record) ? record->key : NULL);
}

static void json_conflict(struct json *json, const struct list *list, const struct record *record) {
    json_head(json, list, record);
    json_text(json, "kind", record->what);
    json_text(json, "decision", record->decision);
    json_raw(json, "incoming", if_asked(list, record->incoming));
    json_text(json, "incoming_at", record->incoming_at);
    json_raw(json, "existing", if_asked(list, record->existing));
    json_text(json, "existing_at", record->existing_at);
    json_text(json, "source_lsn", record->source_lsn);
    json_text(json, "recorded_at", record->at);
    json_text(json, "settled_at", record->settled_at);
    json_end_object(json);
}

static void json_parked(struct json *json, const struct list *list, const struct record *record) {
    json_head(json, list, record);
    json_text(json, "operation", record->what);
    json_text(json, "sqlstate", record->sqlstate);
    json_text(json, "reason", reason_of(list, record));
    json_text(json, "constraint", record->constraint);
    json_text(json, "diagnostics", if_asked(list, record->diagnostics));
    json_raw(json, "row", if_asked(list, record->incoming));
    json_text(json, "commit_time", record->incoming_at);
    json_text(json, "source_lsn", record->source_lsn);
    json_text(json, "parked_at", record->at);
    json_text(json, "settled_at", record->settled_at);
    json_raw(json, "tries", record->tries);
    json_text(json, "retry_at", record->retry_at);
    json_end_object(json);
}

static void json_kind(struct json *json, const struct list *list, bool parked, const char *key) {
    json_array(json, key);
    for (size_t i = 0; i < list->records->count; i++) {
        if (list->records->items[i].is_parked == parked) {
            (parked ? json_parked : json_conflict)(json, list, &list->records->items[i]);
        }
    }
    json_end_array(json);
}

static void print_json(const struct list *list) {
    struct json json;
    json_init(&json, true);
    json_object(&json, NULL);
    json_text(&json, "migration", list->m->config->migration);
    json_int(&json, "conflicts_found", list->records->n_conflicts);
    json_int(&json, "parked_found", list->records->n_parked);
    json_bool(&json, "values", list->values);
    json_kind(&json, list, false, "conflicts");
    json_kind(&json, list, true, "parked");
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

static const char *key_of(const struct list *list, const struct record *record) {
    const char *text = record->key_text != NULL ? record->key_text : "";
    return shows_key(list, record) ? text : "-";
}

static struct line line_of(struct arena *arena, const struct list *list,
                           const struct record *record) {
    return (struct line){{
        record->id,
        short_time(arena, "", record->at),
        record->link,
        record->table,
        key_of(list, record),
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

static void print_more(const struct list *list, const struct record *record) {
    if (record->is_parked) {
        printf("      %s: %s\n", record->sqlstate, reason_of(list, record));
    }
    if (!list->values) {
        return;
    }
    if (record->diagnostics != NULL && record->diagnostics[0] != '\0') {
        printf("      said: %s\n", record->diagnostics);
    }
    print_version("incoming", record->incoming, record->incoming_at);
    if (!record->is_parked) {
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
static void print_table(const struct list *list, const struct record *records, size_t n,
                        const struct line *titles) {
    struct arena arena;
    int widths[CELLS_MAX] = {0};
    arena_init(&arena);
    struct line *lines = arena_zero(&arena, n, sizeof *lines);
    widen(widths, titles);
    for (size_t i = 0; i < n; i++) {
        lines[i] = line_of(&arena, list, &records[i]);
        widen(widths, &lines[i]);
    }
    print_line(titles, widths);
    for (size_t i = 0; i < n; i++) {
        print_line(&lines[i], widths);
        print_more(list, &records[i]);
    }
    arena_fini(&arena);
}

static void print_kind(const struct list *list, const struct record *records, size_t n,
                       int64_t found, bool parked) {
    printf("%s %s%s%s", found > 0 ? format_count(found).text : "no", list->all ? "" : "open ",
           parked ? "parked row" : "conflict", found == 1 ? "" : "s");
    if ((int64_t)n < found) {
        printf(", of which the latest %zu are shown (see --limit)", n);
    }
    putchar('\n');
    if (n > 0) {
        print_table(list, records, n, parked ? &parked_titles : &conflict_titles);
    }
}

static void print_text(const struct list *list) {
    const struct records *records = list->records;
    size_t n = 0;
    while (n < records->count && !records->items[n].is_parked) {
        n++;
    }
    print_kind(list, records->items, n, records->n_conflicts, false);
    putchar('\n');
    print_kind(list, &records->items[n], records->count - n, records->n_parked, true);
    if (records->count > 0 && !list->values) {
        puts("\n--values shows the rows' values, keys that are not mere numbers, and what servers "
             "said");
    }
}

static void tell(const struct invocation *invocation, struct migration *m,
                 const struct records *records) {
    struct err ignored;
    struct list list = {
        .m = m,
        .records = records,
        .all = options_has(invocation->options, "all"),
        .values = options_has(invocation->options, "values"),
        .knows_tables = migration_read_catalogs(m, &ignored),
    };
    if (options_has(invocation->options, "json")) {
        print_json(&list);
    } else {
        print_text(&list);
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
