/* table.c - see table.h. */
#include "model/table.h"

#include <string.h>

size_t table_find_column(const struct table *table, const char *name, size_t size) {
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *own = table->columns[i].name;
        if (strlen(own) == size && memcmp(own, name, size) == 0) {
            return i;
        }
    }
    return COLUMN_NONE;
}
