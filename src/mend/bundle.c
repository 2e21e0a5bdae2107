/* bundle.c - see bundle.h. */
#include "mend/bundle.h"

#include <stdlib.h>

#include "apply/statement.h"
#include "base/mem.h"

struct bundle_part {
    struct statement statement;
    const char **params;
    int *lengths;
};

void bundle_init(struct bundle *bundle, const struct mapping *mapping, size_t capacity) {
    bundle->parts = mem_zero(capacity, sizeof *bundle->parts);
    bundle->n = 0;
    bundle->capacity = capacity;
    bundle->notes_own_write = mapping->version.column != COLUMN_NONE;
}

void bundle_fini(struct bundle *bundle) {
    for (size_t i = 0; i < bundle->n; i++) {
        statement_fini(&bundle->parts[i].statement);
        free(bundle->parts[i].params);
        free(bundle->parts[i].lengths);
    }
    free(bundle->parts);
}

void bundle_add(struct bundle *bundle, const struct write *const *writes, size_t n) {
    struct bundle_part *part = &bundle->parts[bundle->n++];
    struct statement *statement = &part->statement;
    statement_init(statement);
    statement_write(statement, writes, n);
    part->params = mem_zero(statement->n_params, sizeof *part->params);
    part->lengths = mem_zero(statement->n_params, sizeof *part->lengths);
    for (size_t i = 0; i < statement->n_params; i++) {
        struct value param = statement_param(statement, i);
        part->params[i] = param.data;
        part->lengths[i] = (int)param.size;
    }
}

static const char own_write_sql[] = "INSERT INTO pgtandem.own_write (xid, migration)"
                                    " VALUES (pg_current_xact_id()::xid::text::bigint, $1)";

bool bundle_send(struct bundle *bundle, struct site *site, size_t *failed, struct err *err) {
    const char *migration = site->m->config->migration;
    struct db_step *steps = mem_zero(bundle->n + 1, sizeof *steps);
    size_t before = bundle->notes_own_write ? 1 : 0;
    steps[0] = (struct db_step){own_write_sql, 1, &migration, NULL};
    for (size_t i = 0; i < bundle->n; i++) {
        const struct bundle_part *part = &bundle->parts[i];
        steps[before + i] = (struct db_step){
            part->statement.sql.data, (int)part->statement.n_params, part->params, part->lengths};
    }
    bool ok = db_transact(&site->db, err, steps, before + bundle->n, failed);
    *failed = *failed < before ? bundle->n : *failed - before;
    free(steps);
    if (!ok && *failed < bundle->n) {
        err_context(err, "%s", bundle->parts[*failed].statement.label);
    }
    return ok;
}
