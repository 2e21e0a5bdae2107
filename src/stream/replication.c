/* replication.c - see replication.h. The options are wal2json's. */
#include "stream/replication.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

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

struct message_prefix message_prefix_new(void) {
    struct message_prefix prefix;
    uint64_t random[2];
    while (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        /* interrupted before the kernel had gathered enough: so few bytes come whole */
    }
    snprintf(prefix.text, sizeof prefix.text, MARKER_PREFIX "_%016llx%016llx",
             (unsigned long long)random[0], (unsigned long long)random[1]);
    return prefix;
}

void replication_start_sql(struct buf *sql, const char *slot, lsn_t start,
                           const struct origin_ids *filtered, const struct mapping *const *mappings,
                           size_t n_mappings, const struct message_prefix *prefix) {
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
                      " \"include-typmod\" '0'");
    buf_add_format(sql, ", \"add-msg-prefixes\" '%s'", prefix->text);
    add_option(sql, "add-tables", &tables);
    add_filter(sql, filtered);
    buf_add_char(sql, ')');
    buf_fini(&tables);
}
