/* order.c - see order.h. */
#include "after/order.h"

static bool is_build(const struct order_item *item) {
    return item->class == ORDER_BUILD || item->class == ORDER_BUILD_CONCURRENTLY;
}

bool order_goes_together(const struct order_item *a, const struct order_item *b) {
    if (a->class == ORDER_ANALYZE && b->class == ORDER_ANALYZE) {
        return a->table != b->table;
    }
    return is_build(a) && is_build(b) &&
           (a->table != b->table || (a->class == ORDER_BUILD && b->class == ORDER_BUILD));
}

static bool may_start(const struct order_item *items, size_t i) {
    for (size_t earlier = 0; earlier < i; earlier++) {
        if (items[earlier].state != ORDER_DONE &&
            !order_goes_together(&items[earlier], &items[i])) {
            return false;
        }
    }
    return true;
}

size_t order_next(const struct order_item *items, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (items[i].state == ORDER_WAITING && may_start(items, i)) {
            return i;
        }
    }
    return n;
}
