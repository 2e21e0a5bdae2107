/* test_split_email.c - the worked example in plugin/example does what its
 * documentation says. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lender.h"

static const struct pgtandem_transform *transform_of(void **state) {
    return *state;
}

static void what_lacks_a_part_is_refused(void **state) {
    static const char *const cases[] = {"ada", "ada@", "@example.com", "@", "a@b@"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lender lender;
        lender_init(&lender);
        struct pgtandem_text in = lender_string(&lender, cases[i]), out[2];
        assert_false(transform_of(state)->forward(&lender.call, &in, out));
        assert_true(strlen(lender.error) > 0);
        lender_fini(&lender);
    }
}

static void what_would_split_otherwise_is_refused(void **state) {
    static const char *const cases[][2] = {
        {"ada", ""},           {"", "example.com"}, {"ada", NULL},
        {NULL, "example.com"}, {"", NULL},          {"a", "b@example.com"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lender lender;
        lender_init(&lender);
        struct pgtandem_text in[2] = {lender_string(&lender, cases[i][0]),
                                      lender_string(&lender, cases[i][1])};
        struct pgtandem_text out;
        assert_false(transform_of(state)->reverse(&lender.call, in, &out));
        assert_true(strlen(lender.error) > 0);
        lender_fini(&lender);
    }
}

static void what_is_accepted_comes_back_as_it_was(void **state) {
    static const struct {
        const char *email, *local_part, *domain;
    } cases[] = {
        {"ada@example.com", "ada", "example.com"},
        {"\"a@b\"@example.com", "\"a@b\"", "example.com"},
        {"이메일@예시.kr", "이메일", "예시.kr"},
        {"", "", ""},
        {NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lender lender;
        lender_init(&lender);
        struct pgtandem_text email = lender_string(&lender, cases[i].email), parts[2], back;
        assert_true(transform_of(state)->forward(&lender.call, &email, parts));
        assert_true(text_is(parts[0], cases[i].local_part));
        assert_true(text_is(parts[1], cases[i].domain));
        assert_true(transform_of(state)->reverse(&lender.call, parts, &back));
        assert_true(text_is(back, cases[i].email));
        lender_fini(&lender);
    }
}

static void *handle;

static int open_plugin(void **state) {
    /* cmocka hands the state on as a plain pointer; nothing writes through it */
    *state =
        (void *)(uintptr_t)plugin_open("PGTANDEM_TEST_FIXTURES", "plugin_split_email.so", &handle);
    return 0;
}

static int close_plugin(void **state) {
    (void)state;
    return dlclose(handle);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lacks_a_part_is_refused),
        cmocka_unit_test(what_would_split_otherwise_is_refused),
        cmocka_unit_test(what_is_accepted_comes_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, open_plugin, close_plugin);
}
