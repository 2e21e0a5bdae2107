/* golden.h - the messages recorded from the real wal2json, for tests.
 *
 * See tests/golden/record.sh. The folder is PGTANDEM_TEST_GOLDEN. */
#ifndef PGTANDEM_TESTS_GOLDEN_H
#define PGTANDEM_TESTS_GOLDEN_H

#include <stddef.h>

struct golden_line {
    const char *data; /* not terminated */
    size_t size;
};

struct golden {
    char *text; /* the whole file */
    size_t size;
    struct golden_line *lines;
    size_t count;
};

/* Fails the test when the file cannot be read. */
void golden_read(struct golden *golden, const char *file);
void golden_free(struct golden *golden);

#endif
