/* copy_text.c - see copy_text.h. */
#include "copy/copy_text.h"

#include <string.h>

static struct value field_of(const char *data, size_t size) {
    return size == 2 && data[0] == '\\' && data[1] == 'N' ? value_null() : value_text(data, size);
}

bool copy_text_split(const char *line, size_t size, struct value *fields, size_t n) {
    if (size > 0 && line[size - 1] == '\n') {
        size--;
    }
    const char *at = line, *end = line + size;
    for (size_t i = 0; i + 1 < n; i++) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        if (tab == NULL) {
            return false;
        }
        fields[i] = field_of(at, (size_t)(tab - at));
        at = tab + 1;
    }
    if (n == 0 || memchr(at, '\t', (size_t)(end - at)) != NULL) {
        return n == 0 && size == 0;
    }
    fields[n - 1] = field_of(at, (size_t)(end - at));
    return true;
}

/* The letter that stands for a character behind a backslash, or 0; and back. */
static const char escapes[][2] = {
    {'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\v', 'v'}, {'\\', '\\'},
};

static char letter_of(char c) {
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        if (escapes[i][0] == c) {
            return escapes[i][1];
        }
    }
    return 0;
}

/* Any other character stands for itself, as COPY has it. */
static char character_of(char letter) {
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        if (escapes[i][1] == letter) {
            return escapes[i][0];
        }
    }
    return letter;
}

struct value copy_text_unescape(struct value field, struct arena *arena) {
    if (field.kind != VALUE_TEXT || memchr(field.data, '\\', field.size) == NULL) {
        return field;
    }
    char *plain = arena_alloc(arena, field.size);
    size_t size = 0;
    for (size_t i = 0; i < field.size; i++) {
        bool escaped = field.data[i] == '\\' && i + 1 < field.size;
        plain[size++] = escaped ? character_of(field.data[++i]) : field.data[i];
    }
    return value_text(plain, size);
}

/* Every character that needs a backslash but the backslash is a control one. */
static bool may_need_escape(char c) {
    return (unsigned char)c < ' ' || c == '\\';
}

void copy_text_add(struct buf *line, struct value plain) {
    if (plain.kind != VALUE_TEXT) {
        copy_text_add_raw(line, plain);
        return;
    }
    size_t done = 0; /* bytes that are in the line */
    for (size_t i = 0; i < plain.size; i++) {
        char letter = may_need_escape(plain.data[i]) ? letter_of(plain.data[i]) : 0;
        if (letter != 0) {
            buf_add(line, plain.data + done, i - done);
            buf_add(line, (const char[]){'\\', letter}, 2);
            done = i + 1;
        }
    }
    buf_add(line, plain.data + done, plain.size - done);
}

void copy_text_add_raw(struct buf *line, struct value field) {
    if (field.kind == VALUE_TEXT) {
        buf_add(line, field.data, field.size);
    } else {
        buf_add(line, "\\N", 2);
    }
}
