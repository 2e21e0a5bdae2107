/* golden.c - see golden.h. */
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void read_file(struct golden *golden, const char *file) {
    const char *folder = getenv("PGTANDEM_TEST_GOLDEN");
    assert_non_null(folder);
    char *path = mem_printf("%s/%s", folder, file);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    assert_int_equal(fseek(stream, 0, SEEK_END), 0);
    golden->size = (size_t)ftell(stream);
    rewind(stream);
    golden->text = mem_alloc(golden->size);
    assert_int_equal(fread(golden->text, 1, golden->size, stream), golden->size);
    fclose(stream);
    free(path);
}

void golden_read(struct golden *golden, const char *file) {
    memset(golden, 0, sizeof *golden);
    read_file(golden, file);
    const char *line = golden->text, *end = golden->text + golden->size, *next;
    for (; line < end; line = next + 1) {
        next = memchr(line, '\n', (size_t)(end - line));
        assert_non_null(next);
        golden->lines = mem_grow(golden->lines, (golden->count + 1) * sizeof *golden->lines);
        golden->lines[golden->count] = (struct golden_line){line, (size_t)(next - line)};
        golden->count++;
    }
    assert_true(golden->count > 0);
}

void golden_free(struct golden *golden) {
    free(golden->lines);
    free(golden->text);
}
