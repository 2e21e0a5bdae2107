/* fuzz_ddl.c - any bytes at all are cut into statements, and their heads read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/ddl.h"
#include "model/sqlsplit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads what the parser handed over, so that a sanitizer can object. */
static size_t touch(const struct ddl *ddl, size_t size) {
    size_t sum = ddl->index != NULL ? strlen(ddl->index) : 0;
    sum += ddl->table.name != NULL ? strlen(ddl->table.name) : 0;
    sum += ddl->table.schema != NULL ? strlen(ddl->table.schema) : 0;
    for (size_t i = 0; i < ddl->keys.count; i++) {
        sum += strlen(ddl->keys.items[i]);
    }
    if (ddl->name_at >= size && ddl->name_at > 0) {
        abort();
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    arena_init(&arena);
    struct sql_statements statements = sqlsplit((const char *)data, size, &arena);
    for (size_t i = 0; i < statements.count; i++) {
        const struct sql_statement *one = &statements.items[i];
        struct ddl ddl = ddl_parse(one->text, one->size, &arena);
        touch(&ddl, one->size);
    }
    arena_fini(&arena);
    return 0;
}
