/* parking.c - see parking.h. */
#include "mend/parking.h"

#include "apply/described.h"
#include "base/text.h"
#include "mend/key.h"
#include "model/disclosure.h"

/* 1, 2, 4, ... 60 seconds */
#define PAUSE(tries) "least(60, 2 ^ least(" tries ", 6)) * interval '1 second'"

/* An item's key is in the order of the forward mapping's, whose columns have the same
 * names on both sides. */
static void describe_item(struct described *d, const struct migration *m, const struct item *item) {
    describe_key(d, &m->pairs[item->table].forward, item->key);
}

#define THIS_KEY                                                                                   \
    " WHERE migration = $1 AND table_name = $2 AND key = jsonb_object($3::text[], $4::text[])"     \
    "   AND settled_at IS NULL"

static bool refresh(struct db *db, const char *const *params, bool *found, struct err *err) {
    PGresult *r = db_query(db, err,
                           "UPDATE pgtandem.parked SET sqlstate = $5, reason = $6,"
                           "       constraint_name = $7, diagnostics = to_jsonb($8::text),"
                           "       tries = tries + 1,"
                           "       retry_at = clock_timestamp() + " PAUSE("tries") THIS_KEY,
                           8, params);
    *found = r != NULL && result_affected(r) > 0;
    PQclear(r);
    return r != NULL;
}

static bool insert(struct db *db, const char *const *params, int64_t *id, struct err *err) {
    return db_int(db, err, id,
                  "INSERT INTO pgtandem.parked (migration, link, table_name, key, operation,"
                  "                             sqlstate, reason, constraint_name, diagnostics,"
                  "                             row_image, tries, retry_at)"
                  " VALUES ($1, $9, $2, jsonb_object($3::text[], $4::text[]), 'mend', $5, $6, $7,"
                  "         to_jsonb($8::text), jsonb_object($10::text[], $11::text[]), 1,"
                  "         clock_timestamp() + " PAUSE("0") ") RETURNING id",
                  11, params);
}

/* A row that cannot be kept with its values is kept without. */
static bool insert_in_any_case(struct db *db, const char **params, int64_t *id, struct err *err) {
    if (insert(db, params, id, err)) {
        return true;
    }
    if (params[9] == NULL || err->class != ERR_CLASS_ROW) {
        return false;
    }
    params[9] = params[10] = NULL;
    return insert(db, params, id, err);
}

/* A row's own fault is no reason to stop, but one that cannot be put on record is. */
static bool explain(const struct db *db, const struct migration *m, const struct mend *mend,
                    struct err *err) {
    if (err->class == ERR_CLASS_ROW) {
        err_append(err, "; the row was to be parked because of: %s", mend->reason->message);
        err_context_server(err, "%s; it cannot be parked", mend->reason->server);
        disclosure_name_row(err, &m->pairs[mend->item->table].forward, mend->item->key);
        err->class = ERR_CLASS_FATAL;
    }
    return err_context(err, "cannot park a row in %s", db->label);
}

bool parking_put(struct db *db, struct migration *m, const struct mend *mend, int64_t *new_id,
                 struct arena *arena, struct err *err) {
    const struct mapping *mapping = mend->write.mapping;
    struct described key, row = {0};
    describe_item(&key, m, mend->item);
    if (mend->whole != NULL && describe_fits(mapping, mend->whole)) {
        describe_row(&row, mapping, mend->whole);
    }
    const char *params[] = {m->config->migration,
                            mapping_target_text(mapping, arena),
                            key.names.data,
                            key.values.data,
                            mend->reason->sqlstate,
                            mend->reason->message,
                            text_or_null(mend->reason->constraint),
                            mend->reason->server,
                            direction_name(mapping->direction),
                            row.names.data,
                            row.values.data};
    bool found;
    *new_id = 0;
    bool ok =
        refresh(db, params, &found, err) && (found || insert_in_any_case(db, params, new_id, err));
    described_fini(&key);
    described_fini(&row);
    return ok || explain(db, m, mend, err);
}

bool parking_put_off(struct db *db, struct migration *m, const struct mapping *mapping,
                     const struct item *item, struct arena *arena, struct err *err) {
    struct described key;
    describe_item(&key, m, item);
    const char *params[] = {m->config->migration, mapping_target_text(mapping, arena),
                            key.names.data, key.values.data};
    bool ok = db_exec(db, err,
                      "UPDATE pgtandem.parked SET tries = tries + 1,"
                      "       retry_at = clock_timestamp() + " PAUSE("tries") THIS_KEY,
                      4, params);
    described_fini(&key);
    return ok || err_context(err, "cannot put off a parked row in %s", db->label);
}
