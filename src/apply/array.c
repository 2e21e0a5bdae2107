/* array.c - see array.h. */
#include "apply/array.h"

void array_add_element(struct buf *array, struct value value) {
    if (value.kind != VALUE_TEXT) {
        buf_add_text(array, "NULL");
        return;
    }
    buf_add_char(array, '"');
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\') {
            buf_add_char(array, '\\');
        }
        buf_add_char(array, value.data[i]);
    }
    buf_add_char(array, '"');
}

void array_add(struct buf *array, const struct value *values, size_t n) {
    buf_add_char(array, '{');
    for (size_t i = 0; i < n; i++) {
        buf_add_text(array, i > 0 ? "," : "");
        array_add_element(array, values[i]);
    }
    buf_add_char(array, '}');
}
