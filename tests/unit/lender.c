/* lender.c - see lender.h. */
#include "lender.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void *lend(struct pgtandem_call *call, size_t size) {
    struct lender *lender = (struct lender *)call;
    assert_true(lender->count < LENDER_BLOCKS);
    void *block = malloc(size);
    assert_true(block != NULL || size == 0);
    lender->blocks[lender->count++] = block;
    return block;
}

void lender_init(struct lender *lender) {
    memset(lender, 0, sizeof *lender);
    lender->call.alloc = lend;
    lender->call.error = lender->error;
    lender->call.error_size = sizeof lender->error;
}

void lender_fini(struct lender *lender) {
    for (size_t i = 0; i < lender->count; i++) {
        free(lender->blocks[i]);
    }
    lender_init(lender);
}

struct pgtandem_text lender_text(struct lender *lender, const char *data, size_t size) {
    char *copy = lend(&lender->call, size);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return (struct pgtandem_text){.data = copy, .size = size};
}

struct pgtandem_text lender_string(struct lender *lender, const char *text) {
    if (text == NULL) {
        return (struct pgtandem_text){.data = NULL, .size = 7, .is_null = true};
    }
    return lender_text(lender, text, strlen(text));
}

bool text_is(struct pgtandem_text text, const char *expected) {
    if (text.is_null || expected == NULL) {
        return text.is_null && expected == NULL;
    }
    return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

const struct pgtandem_transform *plugin_open(const char *variable, const char *file,
                                             void **handle) {
    const char *folder = getenv(variable);
    if (folder == NULL) {
        fail_msg("%s is not set", variable);
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (*handle == NULL) {
        fail_msg("%s", dlerror());
    }
    const struct pgtandem_transform *transform = dlsym(*handle, "pgtandem_transform");
    assert_non_null(transform);
    return transform;
}
