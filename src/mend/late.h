/* late.h - deletes that came before what they were to delete could be seen.
 *
 * Why: a row can be committed on one side, delivered to the other and deleted there,
 *   before it is visible where it was written (a synchronous standby that stalls).
 *   The delete then finds nothing, and its row, when it appears, looks like an original
 *   whose copy was lost, or is delivered once more. But the delete is later: it is to go.
 * How: a delete that found nothing is on record (pgtandem.conflict, delete_missing)
 *   until both sides are seen to agree. */
#ifndef PGTANDEM_MEND_LATE_H
#define PGTANDEM_MEND_LATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "mend/agenda.h"
#include "mend/site.h"
#include "model/stamp.h"

/* *any: there are such deletes. */
bool late_deletes_open(struct site *site, bool *any, struct err *err)
    __attribute__((warn_unused_result));

/* *late: `row`, an original of the site's side, of which the other side has a copy or
 * nothing, is earlier than a delete of the site's link that found nothing there. */
bool late_delete(struct site *site, const struct item *item, struct row_state row,
                 struct arena *arena, bool *late, struct err *err)
    __attribute__((warn_unused_result));

#endif
