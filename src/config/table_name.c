/* table_name.c - see table_name.h. */
#include "config/table_name.h"

#include <string.h>

enum { NAME_MAX_BYTES = 63 }; /* NAMEDATALEN - 1 */

static bool is_plain_start(unsigned char c) {
    return (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
}

static bool is_plain(unsigned char c) {
    return is_plain_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static const char *skip_plain(const char *at) {
    if (!is_plain_start((unsigned char)*at)) {
        return at;
    }
    while (is_plain((unsigned char)*at)) {
        at++;
    }
    return at;
}

/* Copies what is between the quotes; "" there is one quote. NULL: no end. */
static const char *take_quoted(const char *at, char *into, size_t *size) {
    size_t n = 0;
    for (at++; *at != '\0'; at++) {
        if (*at == '"' && *++at != '"') {
            *size = n;
            return at;
        }
        into[n++] = *at;
    }
    return NULL;
}

static const char *take_part(const char **at, struct arena *arena, const char **part) {
    const char *start = *at;
    char *text = arena_copy(arena, start, strlen(start));
    size_t size = 0;
    if (*start == '"') {
        *at = take_quoted(start, text, &size);
        if (*at == NULL) {
            return "a double quote is not closed";
        }
    } else {
        *at = skip_plain(start);
        size = (size_t)(*at - start);
    }
    if (size == 0 || (**at != '.' && **at != '\0')) {
        return "put double quotes around a name with capital letters or special characters";
    }
    if (size > NAME_MAX_BYTES) {
        return "a name has at most 63 bytes";
    }
    text[size] = '\0';
    *part = text;
    return NULL;
}

const char *table_name_parse(const char *text, struct arena *arena, struct table_name *name) {
    const char *wrong = take_part(&text, arena, &name->schema);
    if (wrong != NULL) {
        return wrong;
    }
    if (*text != '.') {
        return "the schema is missing";
    }
    text++;
    wrong = take_part(&text, arena, &name->name);
    if (wrong != NULL) {
        return wrong;
    }
    return *text == '\0' ? NULL : "it has more than two parts";
}
