/* fuzz_copy_binary.c - any bytes at all are a tuple or none, and fields lie within it. */
#include <stdint.h>
#include <stdlib.h>

#include "copy/copy_binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 3 };

static void check_field(struct value field, const char *tuple, size_t size) {
    if (field.kind != VALUE_TEXT) {
        return;
    }
    if (field.data < tuple || field.data + field.size > tuple + size) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *bytes = (const char *)data;
    struct value fields[FIELDS];
    size_t header = copy_binary_header(bytes, size);
    if (header > size) {
        abort();
    }
    if (copy_binary_split(bytes + header, size - header, fields, FIELDS)) {
        for (size_t i = 0; i < FIELDS; i++) {
            check_field(fields[i], bytes + header, size - header);
        }
    }
    if (copy_binary_is_trailer(bytes, size) && size != 2) {
        abort();
    }
    return 0;
}
