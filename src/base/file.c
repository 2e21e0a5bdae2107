/* file.c - see file.h. */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool cannot(struct err *err, const char *path) {
    return err_set(err, ERR_USAGE, "cannot read \"%s\": %s", path, strerror(errno));
}

/* Some editors write one; neither libyaml's place in a line nor the server's parser counts
 * on it. */
static void drop_byte_order_mark(struct buf *text, size_t start) {
    static const char mark[] = "\xEF\xBB\xBF";
    size_t size = sizeof mark - 1;
    if (text->size - start >= size && memcmp(text->data + start, mark, size) == 0) {
        memmove(text->data + start, text->data + start + size, text->size - start - size);
        text->size -= size;
        text->data[text->size] = '\0';
    }
}

/* Behind a NUL nothing would be read, and half a statement can be one, too. */
static bool is_text(const char *path, const struct buf *text, size_t start, struct err *err) {
    return text->size == start || memchr(text->data + start, '\0', text->size - start) == NULL ||
           err_set(err, ERR_USAGE, "\"%s\" is no text in UTF-8: there is a zero byte in it", path);
}

bool file_read(const char *path, struct buf *into, struct err *err) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return cannot(err, path);
    }
    size_t start = into->size;
    char chunk[8192];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0) {
        buf_add(into, chunk, n);
    }
    bool ok = ferror(file) == 0 || cannot(err, path);
    fclose(file);
    if (ok) {
        drop_byte_order_mark(into, start);
    }
    return ok && is_text(path, into, start, err);
}
