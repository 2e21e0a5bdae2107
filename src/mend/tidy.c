/* tidy.c - see tidy.h. */
#include "mend/tidy.h"

static const char *const statements[] = {
    /* open ones may still be asked for (late.h), and are what people are to see */
    "DELETE FROM pgtandem.conflict WHERE migration = $1 AND settled_at IS NOT NULL"
    "   AND id <= (SELECT id FROM pgtandem.conflict"
    "               WHERE migration = $1 AND settled_at IS NOT NULL"
    "               ORDER BY id DESC OFFSET 10000 LIMIT 1)",
    "DELETE FROM pgtandem.parked WHERE migration = $1 AND settled_at IS NOT NULL"
    "   AND id <= (SELECT id FROM pgtandem.parked"
    "               WHERE migration = $1 AND settled_at IS NOT NULL"
    "               ORDER BY id DESC OFFSET 10000 LIMIT 1)",
    "DELETE FROM pgtandem.own_write WHERE migration = $1"
    "   AND written_at < coalesce((SELECT min(put_up_at) FROM pgtandem.recheck"
    "                               WHERE migration = $1), clock_timestamp())"
    "       - interval '1 hour'"
    "       - (SELECT coalesce(max(lag_seconds), 0) * interval '1 s' FROM pgtandem.link"
    "           WHERE migration = $1)",
};

bool tidy(struct db *db, const char *migration, struct err *err) {
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (!db_exec(db, err, statements[i], 1, &migration)) {
            return err_context(err, "cannot remove old rows of the state schema in %s", db->label);
        }
    }
    return true;
}
