/* file.c - see file.h. */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool cannot(struct err *err, const char *path) {
    return err_set(err, ERR_USAGE, "cannot read \"%s\": %s", path, strerror(errno));
}

bool file_read(const char *path, struct buf *into, struct err *err) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return cannot(err, path);
    }
    char chunk[8192];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0) {
        buf_add(into, chunk, n);
    }
    bool ok = ferror(file) == 0 || cannot(err, path);
    fclose(file);
    return ok;
}
