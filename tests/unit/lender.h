/* lender.h - pgtandem's part in a call of a transform, for tests.
 *
 * Why: every block it hands out has exactly the size that was asked for, and
 *   inputs end where their block ends, so that the address sanitizer sees a
 *   transform read or write one byte too far. */
#ifndef PGTANDEM_TESTS_LENDER_H
#define PGTANDEM_TESTS_LENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "pgtandem_transform.h"

enum { LENDER_BLOCKS = 16 };

struct lender {
    struct pgtandem_call call; /* first: call->alloc finds the lender through it */
    char error[64];
    void *blocks[LENDER_BLOCKS];
    size_t count;
};

void lender_init(struct lender *lender);
void lender_fini(struct lender *lender);

/* A value that ends where its memory ends */
struct pgtandem_text lender_text(struct lender *lender, const char *data, size_t size);
/* The same of a C string. NULL gives NULL, with a size that nobody may use. */
struct pgtandem_text lender_string(struct lender *lender, const char *text);

/* Same NULL, or same bytes; `expected` is a C string or NULL. */
bool text_is(struct pgtandem_text text, const char *expected);

/* Opens FILE in the folder that the environment variable names, and gives its
 * transform; the test fails where that cannot be done. */
const struct pgtandem_transform *plugin_open(const char *variable, const char *file, void **handle);

#endif
