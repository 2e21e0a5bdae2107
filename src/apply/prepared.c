/* prepared.c - see prepared.h. */
#include "apply/prepared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <uthash.h>

enum { NAME_SIZE = 16 };

struct prepared_entry {
    UT_hash_handle hh;
    char *sql;
    char name[NAME_SIZE];
    unsigned round; /* in which it was prepared */
    bool unknown;   /* that failed: it must be prepared again, under another name */
};

void prepared_init(struct prepared *prepared) {
    memset(prepared, 0, sizeof *prepared);
}

static struct prepared_entry *find(const struct prepared *prepared, const char *sql, size_t size) {
    struct prepared_entry *entry = NULL;
    HASH_FIND(hh, prepared->entries, sql, (unsigned)size, entry);
    return entry;
}

static struct prepared_entry *add(struct prepared *prepared, const char *sql, size_t size) {
    struct prepared_entry *entry = mem_zero(1, sizeof *entry);
    entry->sql = mem_strdup(sql);
    entry->unknown = true;
    HASH_ADD_KEYPTR(hh, prepared->entries, entry->sql, (unsigned)size, entry);
    return entry;
}

void prepared_reset(struct prepared *prepared) {
    struct prepared_entry *entry = prepared->entries;
    HASH_CLEAR(hh, prepared->entries);
    while (entry != NULL) {
        struct prepared_entry *next = entry->hh.next;
        free(entry->sql);
        free(entry);
        entry = next;
    }
    prepared->next_number = 0;
}
#pragma GCC diagnostic pop

void prepared_forget(struct prepared *prepared) {
    for (struct prepared_entry *e = prepared->entries; e != NULL; e = e->hh.next) {
        e->unknown = true;
    }
}

void prepared_end_round(struct prepared *prepared, bool failed) {
    for (struct prepared_entry *e = prepared->entries; failed && e != NULL; e = e->hh.next) {
        e->unknown |= e->round == prepared->round;
    }
    prepared->round++;
}

static void name_entry(struct prepared *prepared, struct prepared_entry *entry) {
    snprintf(entry->name, sizeof entry->name, "p%u", prepared->next_number++);
    entry->round = prepared->round;
    entry->unknown = false;
}

/* The name under which the session knows the text; *results counts what will
 * come of preparing and executing it. */
static const char *ensure(struct prepared *prepared, struct session *session, const char *sql,
                          size_t size, int *results) {
    struct prepared_entry *entry = find(prepared, sql, size);
    *results = 1;
    if (entry == NULL) {
        entry = add(prepared, sql, size);
    }
    if (entry->unknown) {
        name_entry(prepared, entry);
        session_queue_prepare(session, entry->name, entry->sql, 0, NULL);
        *results = 2;
    }
    return entry->name;
}

int prepared_queue(struct prepared *prepared, struct session *session,
                   const struct statement *statement) {
    int results;
    const char *name =
        ensure(prepared, session, statement->sql.data, statement->sql.size, &results);
    size_t n = statement->n_params;
    const char **params = mem_zero(n, sizeof *params);
    int *lengths = mem_zero(n, sizeof *lengths);
    int *formats = mem_zero(n, sizeof *formats);
    for (size_t i = 0; i < n; i++) {
        struct value param = statement_param(statement, i);
        params[i] = param.data;
        lengths[i] = (int)param.size;
        formats[i] = 1;
    }
    session_queue_prepared(session, name, (int)n, params, lengths, formats);
    free(params);
    free(lengths);
    free(formats);
    return results;
}

int prepared_queue_text(struct prepared *prepared, struct session *session, const char *sql,
                        int n_params, const char *const *params) {
    int results;
    const char *name = ensure(prepared, session, sql, strlen(sql), &results);
    session_queue_prepared(session, name, n_params, params, NULL, NULL);
    return results;
}
