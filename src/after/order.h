/* order.h - which of the statements after the copy may start now.
 *
 * Why: two builds of an index CONCURRENTLY on one table must never run at once. Each wants
 *   the same lock on the table, and the one that waits for it holds a snapshot, for the end
 *   of which the other waits in turn: a deadlock. Everything else is a matter of order.
 * Rules: statements keep their order, but that
 *   - builds of indexes on different tables go together;
 *   - builds on one table go together when none of them is CONCURRENTLY;
 *   - ANALYZE of different tables goes together;
 *   - everything else runs alone.
 *   A statement may start when each earlier one is done, or goes together with it. So also
 *   one that an earlier run has left behind in the server meets nothing here that it did
 *   not go together with there.
 * Pure. */
#ifndef PGTANDEM_AFTER_ORDER_H
#define PGTANDEM_AFTER_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum order_class {
    ORDER_ALONE,
    ORDER_BUILD,
    ORDER_BUILD_CONCURRENTLY,
    ORDER_ANALYZE,
};

enum order_state { ORDER_WAITING, ORDER_RUNNING, ORDER_DONE };

struct order_item {
    enum order_class class;
    uint32_t table; /* its oid; 0 with ORDER_ALONE */
    enum order_state state;
};

bool order_goes_together(const struct order_item *a, const struct order_item *b);

/* The first that waits and may start; `n` when there is none. */
size_t order_next(const struct order_item *items, size_t n);

#endif
