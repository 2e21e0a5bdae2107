/* report.c - tells what is known of a key. */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "conn.h"

enum { VALUE_SHOWN = 32, WRITES_SHOWN = 40 };

static void add_value(struct buf *text, const char *value) {
    if (value == NULL) {
        buf_add_text(text, " NULL");
        return;
    }
    buf_add_text(text, " \"");
    for (size_t i = 0; value[i] != '\0' && i < VALUE_SHOWN; i++) {
        buf_add_char(text, (unsigned char)value[i] < ' ' ? '?' : value[i]);
    }
    buf_add_char(text, '"');
}

/* Of the names, those that the side holds */
static void add_image(struct buf *text, enum side side, const struct image *image) {
    for (int i = 0; i < COLUMNS; i++) {
        if (side == OLD ? i != COLUMN_FIRST_NAME && i != COLUMN_LAST_NAME : i != COLUMN_FULL_NAME) {
            add_value(text, image->column[i]);
        }
    }
}

static void add_write(struct buf *text, const struct write *write) {
    const struct txn *txn = write->txn;
    buf_add_format(text, "      %s %s by writer %d (transaction %d, xid %llu): %s",
                   usec_format(txn->committed_at).text, side_name(txn->side), txn->writer,
                   txn->number, (unsigned long long)txn->xid, write_kind_name(write->kind));
    if (write->present) {
        add_image(text, txn->side, &write->image);
    }
    buf_add_char(text, '\n');
}

static void add_writes(struct buf *text, const struct key_case *c) {
    size_t first = c->n_writes > WRITES_SHOWN ? c->n_writes - WRITES_SHOWN : 0;
    if (first > 0) {
        buf_add_format(text, "      %zu earlier writes\n", first);
    }
    for (size_t i = first; i < c->n_writes; i++) {
        add_write(text, c->writes[i]);
    }
}

static void add_row(struct buf *text, PGconn *conn, enum side side, const struct key_case *c) {
    char *sql =
        mem_printf("SELECT xmin, pg_xact_commit_timestamp_origin(xmin) FROM %s WHERE id = %lld",
                   side_table(side), (long long)c->key);
    PGresult *result = conn_query(conn, sql, 0, NULL);
    buf_add_format(text, "    %s row:", side_name(side));
    if (c->rows[side] == NULL || PQntuples(result) == 0) {
        buf_add_text(text, " none\n");
    } else {
        add_image(text, side, c->rows[side]);
        buf_add_format(text, "; xmin %s, written (time, origin) %s\n", PQgetvalue(result, 0, 0),
                       PQgetvalue(result, 0, 1));
    }
    PQclear(result);
    free(sql);
}

/* Each record as JSON, without the rows in it, which are long. */
static void add_records(struct buf *text, PGconn *conn, const char *table, const char *condition) {
    char *exists = mem_printf("SELECT (to_regclass('pgtandem.%s') IS NOT NULL)::int", table);
    char *sql = mem_printf("SELECT to_jsonb(t) - '{incoming,existing,row_image,migration}'::text[]"
                           " FROM pgtandem.%s AS t WHERE %s LIMIT 20",
                           table, condition);
    PGresult *result = conn_number(conn, exists) != 0 ? conn_query(conn, sql, 0, NULL) : NULL;
    for (int i = 0; i < PQntuples(result); i++) {
        buf_add_format(text, "    %s: %s\n", table, PQgetvalue(result, i, 0));
    }
    PQclear(result);
    free(exists);
    free(sql);
}

void report_case(struct reporter *reporter, const struct key_case *c) {
    struct buf text;
    if (reporter->told == c->key) {
        return;
    }
    reporter->told = c->key;
    buf_init(&text);
    add_writes(&text, c);
    char *by_key = mem_printf("key->>'id' = '%lld'", (long long)c->key);
    char *by_keys = mem_printf("keys @> ARRAY['%lld']", (long long)c->key);
    for (enum side side = OLD; side < SIDES; side++) {
        add_row(&text, reporter->conns[side], side, c);
    }
    for (enum side side = OLD; side < SIDES; side++) {
        if (side == OLD || strcmp(PQdb(reporter->conns[OLD]), PQdb(reporter->conns[NEW])) != 0 ||
            strcmp(PQport(reporter->conns[OLD]), PQport(reporter->conns[NEW])) != 0) {
            add_records(&text, reporter->conns[side], "conflict", by_key);
            add_records(&text, reporter->conns[side], "parked", by_key);
            add_records(&text, reporter->conns[side], "recheck", by_keys);
        }
    }
    complaint_detail(reporter->complaints, buf_text(&text));
    free(by_key);
    free(by_keys);
    buf_fini(&text);
}
