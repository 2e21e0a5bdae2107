/* file.h - a whole file of text at once. */
#ifndef PGTANDEM_BASE_FILE_H
#define PGTANDEM_BASE_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the file's bytes, but a byte order mark. False with ERR_USAGE: "cannot read PATH:
 * why", or there are zero bytes in it; the hint is the caller's to give. */
bool file_read(const char *path, struct buf *into, struct err *err)
    __attribute__((warn_unused_result));

#endif
