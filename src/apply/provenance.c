/* provenance.c - see provenance.h. */
#include "apply/provenance.h"

#include <stdlib.h>
#include <string.h>

#include "pg/db.h"

/* How many ids an open transaction may have seen given away; beyond that its own rows are
 * originals of an unknown time, which changes of the stream overwrite as they do copies. */
#define OWN_IDS "16777216"

void provenance_add_columns(struct buf *sql, enum provenance how, bool by_version) {
    buf_add_text(sql, ", t.xmin::text");
    if (by_version) {
        buf_add_text(sql, ", NULL::text, EXISTS (SELECT FROM pgtandem.own_write AS w"
                          " WHERE w.xid = t.xmin::text::bigint)");
    } else {
        buf_add_text(sql, ", pg_xact_commit_timestamp_origin(t.xmin)::text");
        buf_add_text(sql, how == PROVENANCE_OWN_OPEN ? ", age(t.xmin) BETWEEN -" OWN_IDS " AND 0"
                                                     : ", false");
    }
}

const char *provenance_xmin(const PGresult *result, int row, int column) {
    return PQgetvalue(result, row, column);
}

bool provenance_parse(const char *text, usec_t *time, uint32_t *origin) {
    const char *comma = strrchr(text, ',');
    if (text[0] != '(' || text[1] != '"' || comma == NULL || comma < text + 3) {
        return false;
    }
    *origin = (uint32_t)strtoul(comma + 1, NULL, 10);
    return usec_parse(text + 2, (size_t)(comma - text) - 3, time);
}

static bool is_ours(const struct origin_ids *ours, uint32_t origin) {
    for (size_t i = 0; i < ours->count; i++) {
        if (ours->ids[i] == origin) {
            return true;
        }
    }
    return false;
}

struct row_state provenance_read(const PGresult *result, int row, int column,
                                 const struct origin_ids *ours, const struct column_type *type,
                                 struct value version) {
    usec_t time = 0;
    uint32_t origin = 0;
    bool known = provenance_parse(PQgetvalue(result, row, column + 1), &time, &origin);
    bool own = known ? is_ours(ours, origin) : result_bool(result, row, column + 2);
    if (own) {
        return (struct row_state){STANDING_COPY, STAMP_UNKNOWN};
    }
    stamp_t stamp = known ? time : STAMP_UNKNOWN;
    return (struct row_state){STANDING_ORIGINAL,
                              type != NULL ? stamp_of_version(type, version) : stamp};
}
