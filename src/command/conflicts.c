/* conflicts.c - see conflicts.h; and `conflicts discard`, which is short. */
#include "command/conflicts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply/array.h"
#include "base/mem.h"
#include "command/format.h"
#include "model/disclosure.h"
#include "pg/sqlstate.h"

bool conflicts_read_ids(const struct options *options, struct buf *ids, struct err *err) {
    bool all = options_has(options, "all");
    size_t n = options->n_arguments;
    if (all == (n > 0)) {
        return err_set(err, ERR_USAGE,
                       all ? "either ids or --all, not both"
                           : "name the ids that `conflicts list` shows, or say --all");
    }
    struct value *values = mem_zero(n + 1, sizeof *values);
    for (size_t i = 0; i < n; i++) {
        values[i] = value_text(options->arguments[i], strlen(options->arguments[i]));
    }
    if (n > 0) {
        array_add(ids, values, n);
    }
    free(values);
    return true;
}

bool conflicts_find(struct migration *m, const struct options *options,
                    const struct record_filter *filter, struct records *records, struct err *err) {
    if (!records_read(m, filter, records, err)) {
        return false;
    }
    for (size_t i = 0; i < options->n_arguments; i++) {
        if (records_find(records, options->arguments[i]) == NULL) {
            err_set(err, ERR_USAGE, "there is no conflict or parked row \"%s\"",
                    options->arguments[i]);
            return err_hint(err, "pgtandem conflicts list --all shows the ids of all there are");
        }
    }
    return true;
}

/* what is shown */

int conflicts_table_number(const struct config *config, const struct record *record) {
    char name[300];
    for (size_t i = 0; i < 2 * config->n_tables; i++) {
        const struct table_spec *spec = &config->tables[i / 2];
        const struct table_name *side = i % 2 == 0 ? &spec->old_table : &spec->new_table;
        snprintf(name, sizeof name, "%s.%s", side->schema, side->name);
        if (strcmp(name, record->table) == 0) {
            return (int)(i / 2);
        }
    }
    return -1;
}

/* Not by the tables alone: they may have had another key when it was recorded. */
bool conflicts_may_show_key(const struct migration *m, const struct record *record) {
    int table = conflicts_table_number(m->config, record);
    bool is_numbers = record->key_is_numbers != NULL && record->key_is_numbers[0] == 't';
    return is_numbers && table >= 0 && disclosure_allows_table(m->old_tables[table]) &&
           disclosure_allows_table(m->new_tables[table]);
}

const char *conflicts_reason(const struct record *record) {
    return record->diagnostics != NULL ? record->reason : sqlstate_words(record->sqlstate);
}

/* discard */

static void tell_discarded(const struct records_discarded *discarded) {
    printf("discarded %s conflict%s and %s parked row%s\n", format_count(discarded->conflicts).text,
           discarded->conflicts == 1 ? "" : "s", format_count(discarded->parked).text,
           discarded->parked == 1 ? "" : "s");
    if (discarded->left_open > 0) {
        printf("%s of these parked rows had not been settled: where both sides differ, they go on\n"
               "differing until somebody changes the row, on either side\n",
               format_count(discarded->left_open).text);
    }
}

static bool discard(struct migration *m, const struct options *options, const char *ids,
                    struct records_discarded *discarded, struct err *err) {
    struct records records;
    struct record_filter filter = {.settled = true, .ids = ids};
    records_init(&records);
    bool ok = migration_connect(m, err) &&
              (ids == NULL || conflicts_find(m, options, &filter, &records, err)) &&
              records_discard(m, ids, discarded, err);
    records_fini(&records);
    return ok;
}

int command_conflicts_discard(struct invocation *invocation) {
    struct migration m;
    struct records_discarded discarded;
    struct buf ids;
    struct err err;
    err_clear(&err);
    buf_init(&ids);
    if (!conflicts_read_ids(invocation->options, &ids, &err)) {
        buf_fini(&ids);
        return command_misuse(invocation->command, &err);
    }
    migration_init(&m, invocation->config, invocation->loop);
    const char *meant = ids.size > 0 ? ids.data : NULL;
    bool ok = discard(&m, invocation->options, meant, &discarded, &err);
    if (ok) {
        tell_discarded(&discarded);
    }
    migration_fini(&m);
    buf_fini(&ids);
    return ok ? 0 : command_fail(&err);
}
