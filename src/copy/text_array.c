/* text_array.c - see text_array.h. */
#include "copy/text_array.h"

static void add_element(struct buf *text, struct value value) {
    if (value.kind != VALUE_TEXT) {
        buf_add_text(text, "NULL");
        return;
    }
    buf_add_char(text, '"');
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\') {
            buf_add_char(text, '\\');
        }
        buf_add_char(text, value.data[i]);
    }
    buf_add_char(text, '"');
}

void text_array_add(struct buf *text, const struct value *values, size_t n) {
    buf_add_char(text, '{');
    for (size_t i = 0; i < n; i++) {
        buf_add_text(text, i > 0 ? "," : "");
        add_element(text, values[i]);
    }
    buf_add_char(text, '}');
}
