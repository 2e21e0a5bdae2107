/* bundle.h - statements that write rows, sent as one transaction.
 *
 * All of it goes to the server at once, COMMIT included: no row stays locked while this
 * process is busy with something else, such as a link that connects again. */
#ifndef PGTANDEM_MEND_BUNDLE_H
#define PGTANDEM_MEND_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "mend/site.h"
#include "model/effects.h"

struct bundle_part;

struct bundle {
    struct bundle_part *parts; /* a statement each */
    size_t n, capacity;
    /* Without commit timestamps, the transaction's id is noted: it is how pgtandem
     * knows its own rows. */
    bool notes_own_write;
};

/* For rows of one mapping's target; at most so many statements. */
void bundle_init(struct bundle *bundle, const struct mapping *mapping, size_t capacity);
void bundle_fini(struct bundle *bundle);

/* One statement for writes of one kind and shape (statement.h). Values are copied. */
void bundle_add(struct bundle *bundle, const struct write *const *writes, size_t n);

/* False: nothing was written; *failed is the statement that failed, or their number. */
bool bundle_send(struct bundle *bundle, struct site *site, size_t *failed, struct err *err)
    __attribute__((warn_unused_result));

#endif
