/* selection.c - see selection.h. */
#include "decode/selection.h"

#include <stdbool.h>

static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static void add_name(struct buf *list, const char *name) {
    for (const char *c = name; *c != '\0'; c++) {
        if (!is_plain(*c)) {
            buf_add_char(list, '\\');
        }
        buf_add_char(list, *c);
    }
}

void selection_add_table(struct buf *list, const struct table_name *table) {
    if (list->size > 0) {
        buf_add_char(list, ',');
    }
    add_name(list, table->schema);
    buf_add_char(list, '.');
    add_name(list, table->name);
}
