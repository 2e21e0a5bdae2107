/* quote.c - see quote.h. */
#include "pg/quote.h"

#include <string.h>

void quote_identifier(struct buf *sql, const char *name) {
    buf_add_char(sql, '"');
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '"') {
            buf_add_char(sql, '"');
        }
        buf_add_char(sql, *p);
    }
    buf_add_char(sql, '"');
}

void quote_table(struct buf *sql, const struct table_name *table) {
    quote_identifier(sql, table->schema);
    buf_add_char(sql, '.');
    quote_identifier(sql, table->name);
}

void quote_literal(struct buf *sql, const char *text, size_t size) {
    if (memchr(text, '\\', size) != NULL) {
        buf_add_text(sql, " E");
    }
    buf_add_char(sql, '\'');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\'' || text[i] == '\\') {
            buf_add_char(sql, text[i]);
        }
        buf_add_char(sql, text[i]);
    }
    buf_add_char(sql, '\'');
}
