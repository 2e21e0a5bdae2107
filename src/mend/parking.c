/* parking.c - see parking.h. */
#include "mend/parking.h"

#include <string.h>

#include "apply/array.h"
#include "mend/key.h"

/* 1, 2, 4, ... 60 seconds */
#define PAUSE(tries) "least(60, 2 ^ least(" tries ", 6)) * interval '1 second'"

/* {"name",...} and {"value",...}; absent values are left out. */
struct described {
    struct buf names, values;
    size_t count;
};

static void describe(struct described *d, const char *name, struct value value) {
    if (value.kind != VALUE_ABSENT) {
        buf_add_char(&d->names, d->count == 0 ? '{' : ',');
        buf_add_char(&d->values, d->count == 0 ? '{' : ',');
        array_add_element(&d->names, value_text(name, strlen(name)));
        array_add_element(&d->values, value);
        d->count++;
    }
}

static void end_description(struct described *d) {
    buf_add_text(&d->names, d->count == 0 ? "{}" : "}");
    buf_add_text(&d->values, d->count == 0 ? "{}" : "}");
}

static void forget_description(struct described *d) {
    buf_fini(&d->names);
    buf_fini(&d->values);
}

static struct described describe_key(const struct migration *m, const struct item *item) {
    struct described d = {0};
    for (size_t k = 0; k < item->n_key; k++) {
        describe(&d, key_column_name(&m->pairs[item->table], k), item->key[k]);
    }
    end_description(&d);
    return d;
}

static struct described describe_row(const struct mapping *mapping, const struct value *row) {
    struct described d = {0};
    for (size_t i = 0; i < mapping->n_columns; i++) {
        describe(&d, mapping->target->columns[mapping->columns[i].target].name, row[i]);
    }
    end_description(&d);
    return d;
}

#define THIS_KEY                                                                                   \
    " WHERE migration = $1 AND table_name = $2 AND key = jsonb_object($3::text[], $4::text[])"     \
    "   AND settled_at IS NULL"

static bool refresh(struct db *db, const char *const *params, bool *found, struct err *err) {
    PGresult *r = db_query(db, err,
                           "UPDATE pgtandem.parked SET sqlstate = $5, reason = $6,"
                           "       tries = tries + 1,"
                           "       retry_at = clock_timestamp() + " PAUSE("tries") THIS_KEY,
                           6, params);
    *found = r != NULL && result_affected(r) > 0;
    PQclear(r);
    return r != NULL;
}

static bool insert(struct db *db, const char *const *params, struct err *err) {
    return db_exec(db, err,
                   "INSERT INTO pgtandem.parked (migration, link, table_name, key, operation,"
                   "                             sqlstate, reason, row_image, tries, retry_at)"
                   " VALUES ($1, $7, $2, jsonb_object($3::text[], $4::text[]), 'mend', $5, $6,"
                   "         jsonb_object($8::text[], $9::text[]), 1,"
                   "         clock_timestamp() + " PAUSE("0") ")",
                   9, params);
}

bool parking_put(struct db *db, struct migration *m, const struct mend *mend, bool *is_news,
                 struct arena *arena, struct err *err) {
    const struct mapping *mapping = mend->write.mapping;
    struct described key = describe_key(m, mend->item), row = {0};
    if (mend->whole != NULL) {
        row = describe_row(mapping, mend->whole);
    }
    const char *params[] = {m->config->migration,
                            key_table_name(mapping, arena),
                            key.names.data,
                            key.values.data,
                            mend->sqlstate,
                            mend->reason,
                            direction_name(mapping->direction),
                            row.names.data,
                            row.values.data};
    bool found;
    bool ok = refresh(db, params, &found, err) && (found || insert(db, params, err));
    *is_news = !found;
    forget_description(&key);
    forget_description(&row);
    return ok || err_context(err, "cannot park a row in %s", db->label);
}

bool parking_put_off(struct db *db, struct migration *m, const struct mapping *mapping,
                     const struct item *item, struct arena *arena, struct err *err) {
    struct described key = describe_key(m, item);
    const char *params[] = {m->config->migration, key_table_name(mapping, arena), key.names.data,
                            key.values.data};
    bool ok = db_exec(db, err,
                      "UPDATE pgtandem.parked SET tries = tries + 1,"
                      "       retry_at = clock_timestamp() + " PAUSE("tries") THIS_KEY,
                      4, params);
    forget_description(&key);
    return ok || err_context(err, "cannot put off a parked row in %s", db->label);
}
