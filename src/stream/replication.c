/* replication.c - see replication.h. The options are wal2json's. */
#include "stream/replication.h"

#include "base/mutant.h"
#include "decode/selection.h"
#include "pg/quote.h"

static void add_option(struct buf *sql, const char *name, const struct buf *value) {
    buf_add_text(sql, ", ");
    quote_identifier(sql, name);
    buf_add_char(sql, ' ');
    /* the replication grammar knows no E'': a backslash is itself there */
    buf_add_char(sql, '\'');
    for (size_t i = 0; i < value->size; i++) {
        buf_add_text(sql, value->data[i] == '\'' ? "'" : "");
        buf_add_char(sql, value->data[i]);
    }
    buf_add_char(sql, '\'');
}

static void add_filter(struct buf *sql, const struct origin_ids *filtered) {
    if (filtered->count == 0 || mutant_is_unfiltered()) {
        return;
    }
    struct buf ids;
    buf_init(&ids);
    for (size_t i = 0; i < filtered->count; i++) {
        buf_add_format(&ids, "%s%u", i > 0 ? "," : "", filtered->ids[i]);
    }
    add_option(sql, "filter-origins", &ids);
    buf_fini(&ids);
}

void replication_start_sql(struct buf *sql, const char *slot, lsn_t start,
                           const struct origin_ids *filtered, const struct mapping *const *mappings,
                           size_t n_mappings) {
    struct buf tables;
    buf_init(&tables);
    for (size_t i = 0; i < n_mappings; i++) {
        selection_add_table(&tables, &mappings[i]->source->name);
    }
    buf_add_text(sql, "START_REPLICATION SLOT ");
    quote_identifier(sql, slot);
    buf_add_format(sql, " LOGICAL %s (", lsn_format(start).text);
    buf_add_text(sql, "\"format-version\" '2', \"include-xids\" '1', \"include-timestamp\" '1',"
                      " \"include-origin\" '1', \"include-lsn\" '1', \"include-types\" '0',"
                      " \"include-typmod\" '0', \"add-msg-prefixes\" '" MARKER_PREFIX "'");
    add_option(sql, "add-tables", &tables);
    add_filter(sql, filtered);
    buf_add_char(sql, ')');
    buf_fini(&tables);
}
