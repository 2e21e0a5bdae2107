/* user_sql.c - see user_sql.h. */
#include "pg/user_sql.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pg/quote.h"

/* In libpq's options a backslash keeps the next character from ending a word. */
static void add_escaped(struct buf *settings, const struct buf *text) {
    for (size_t i = 0; i < text->size; i++) {
        if (text->data[i] == ' ' || text->data[i] == '\\') {
            buf_add_char(settings, '\\');
        }
        buf_add_char(settings, text->data[i]);
    }
}

char *user_sql_settings(const struct migration *m) {
    struct buf path, settings;
    buf_init(&path);
    buf_init(&settings);
    for (size_t i = 0; i < m->n_tables; i++) {
        quote_identifier(&path, m->config->tables[i].new_table.schema);
        buf_add_char(&path, ',');
    }
    buf_add_text(&path, "public");
    buf_add_text(&settings, "-c search_path=");
    add_escaped(&settings, &path);
    buf_fini(&path);
    return settings.data; /* the buffer's memory goes to the caller */
}
