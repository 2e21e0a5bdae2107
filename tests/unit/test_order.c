/* test_order.c - which of the statements after the copy may start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "after/order.h"

enum { ITEMS_MAX = 8 };

/* An item is three letters: C(oncurrently), P(lain), A(nalyze) or - (alone); the table's
 * digit; w(aiting), r(unning) or d(one). */
static size_t read_items(const char *text, struct order_item *items) {
    size_t n = 0;
    for (const char *p = text; strlen(p) >= 3; p += 3 + (p[3] == ' ')) {
        items[n++] = (struct order_item){
            .class = p[0] == 'C'   ? ORDER_BUILD_CONCURRENTLY
                     : p[0] == 'P' ? ORDER_BUILD
                     : p[0] == 'A' ? ORDER_ANALYZE
                                   : ORDER_ALONE,
            .table = (uint32_t)(p[1] - '0'),
            .state = p[2] == 'd'   ? ORDER_DONE
                     : p[2] == 'r' ? ORDER_RUNNING
                                   : ORDER_WAITING,
        };
    }
    return n;
}

static const struct {
    const char *label, *items;
    int next; /* -1: none */
} cases[] = {
    {"nothing", "", -1},
    {"the first", "-0w -0w", 0},
    {"all done", "-0d C1d", -1},
    {"alone waits for one that runs", "-0r -0w", -1},
    {"alone follows one that is done", "-0d -0w", 1},
    {"alone waits for a build", "C1r -0w", -1},
    {"a build waits for one that is alone", "-0r C1w", -1},
    {"a build waits behind one that is alone", "C1r -0w C2w", -1},
    {"concurrently on another table", "C1r C2w", 1},
    {"concurrently on the same table", "C1r C1w", -1},
    {"concurrently overtakes on another table", "C1r C1w C2w", 2},
    {"but not one of its own table", "C1r C1w C2r C1w", -1},
    {"plain on the same table", "P1r P1w", 1},
    {"plain beside concurrently", "C1r P1w", -1},
    {"concurrently beside plain", "P1r C1w", -1},
    {"plain beside concurrently on another table", "C1r P2w", 1},
    {"plain does not overtake concurrently", "P1r C1w P1w", -1},
    {"all that run before it count", "C1r C2r C3w", 2},
    {"analyze waits for builds", "C1r A1w", -1},
    {"analyze of another table waits for builds, too", "C1r A2w", -1},
    {"analyze of two tables", "C1d A1r A2w", 2},
    {"a build waits for analyze", "A1r C2w", -1},
};

static void statements_keep_their_order_but_for_builds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct order_item items[ITEMS_MAX];
        size_t n = read_items(cases[i].items, items);
        size_t next = order_next(items, n);
        if (next != (cases[i].next < 0 ? n : (size_t)cases[i].next)) {
            fail_msg("%s: %zu may start", cases[i].label, next);
        }
    }
}

/* However they end: what runs at the same time goes together. */
static void what_runs_at_the_same_time_goes_together(void **state) {
    (void)state;
    static const char all[] = "C1w C1w C2w P1w P1w -0w C3w P3w C1w A1w A2w";
    uint32_t random = 1;
    for (int round = 0; round < 500; round++) {
        struct order_item items[16];
        size_t n = read_items(all, items), done = 0;
        while (done < n) {
            size_t next = order_next(items, n);
            random = random * 1664525 + 1013904223;
            size_t end = random >> 16 & 15;
            if (next < n && (random >> 30 != 0)) {
                items[next].state = ORDER_RUNNING;
            } else if (end < n && items[end].state == ORDER_RUNNING) {
                items[end].state = ORDER_DONE;
                done++;
            }
            for (size_t a = 0; a < n; a++) {
                for (size_t b = 0; b < a; b++) {
                    bool both = items[a].state == ORDER_RUNNING && items[b].state == ORDER_RUNNING;
                    assert_true(!both || order_goes_together(&items[a], &items[b]));
                }
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_keep_their_order_but_for_builds),
        cmocka_unit_test(what_runs_at_the_same_time_goes_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
