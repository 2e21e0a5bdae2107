/* test_base.c - errors, memory, buffers, positions and moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/lsn.h"
#include "base/timestamp.h"
#include "pg/sqlstate.h"

/* errors */

static void a_long_message_is_not_cut_inside_a_character(void **state) {
    (void)state;
    struct err err;
    char text[ERR_MESSAGE_SIZE + 10];
    for (size_t i = 0; i + 1 < sizeof text; i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    text[sizeof text - 1] = '\0';
    err_set(&err, ERR_FAILED, "x%s", text);
    size_t n = strlen(err.message);
    assert_true(n < ERR_MESSAGE_SIZE);
    assert_int_equal((unsigned char)err.message[n - 1], 0xa9);
}

static void context_stands_before_the_message(void **state) {
    (void)state;
    struct err err;
    assert_false(err_set(&err, ERR_USAGE, "no such %s", "column"));
    err_hint(&err, "look again");
    err_context(&err, "while reading \"%s\"", "users");
    assert_string_equal(err.message, "while reading \"users\": no such column");
    assert_string_equal(err.hint, "look again");
    assert_int_equal(err.code, ERR_USAGE);
}

static void nobody_has_to_want_an_error(void **state) {
    (void)state;
    assert_false(err_set(NULL, ERR_FAILED, "x"));
    assert_false(err_hint(NULL, "x"));
    assert_false(err_context(NULL, "x"));
}

static void sqlstates_fall_into_classes(void **state) {
    (void)state;
    static const struct {
        const char *sqlstate;
        enum trouble trouble;
    } cases[] = {
        {"", TROUBLE_PASSING},        {"08006", TROUBLE_PASSING},   {"53100", TROUBLE_PASSING},
        {"57P01", TROUBLE_PASSING},   {"55006", TROUBLE_PASSING},   {"40001", TROUBLE_CONTENDED},
        {"40P01", TROUBLE_CONTENDED}, {"55P03", TROUBLE_CONTENDED}, {"22001", TROUBLE_DATA},
        {"23505", TROUBLE_DATA},      {"42703", TROUBLE_FATAL},     {"28P01", TROUBLE_FATAL},
        {"55000", TROUBLE_FATAL},     {"XX000", TROUBLE_FATAL},     {"0A000", TROUBLE_FATAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (sqlstate_classify(cases[i].sqlstate) != cases[i].trouble) {
            fail_msg("SQLSTATE %s", cases[i].sqlstate);
        }
    }
}

/* memory */

static void an_arena_gives_aligned_memory_of_any_size(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (size_t size = 0; size < 3 * ARENA_BLOCK; size = size * 2 + 1) {
        char *p = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        memset(p, 'x', size);
    }
    assert_string_equal(arena_printf(&arena, "%d %s", 7, "rows"), "7 rows");
    arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_string_equal(arena_copy(&arena, "abc", 2), "ab");
    arena_fini(&arena);
}

static void a_buffer_grows_and_stays_terminated(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf);
    assert_string_equal(buf_text(&buf), "");
    for (int i = 0; i < 1000; i++) {
        buf_add_format(&buf, "%03d", i);
    }
    assert_int_equal(buf.size, 3000);
    assert_int_equal(buf.data[3000], '\0');
    buf_reset(&buf);
    buf_add_u32(&buf, 0x01020304);
    assert_memory_equal(buf.data, "\1\2\3\4", 4);
    buf_fini(&buf);
}

/* positions and moments */

static void only_whole_positions_are_read(void **state) {
    (void)state;
    static const char *const bad[] = {"",    "/",           "0",           "0/",   "/0",  "0/0/0",
                                      "0/G", "123456789/0", "0/123456789", " 0/0", "0/0 "};
    lsn_t lsn;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (lsn_parse(bad[i], strlen(bad[i]), &lsn)) {
            fail_msg("\"%s\" was read", bad[i]);
        }
    }
    assert_true(lsn_parse("16/B374D848", 11, &lsn));
    assert_int_equal(lsn, 0x16B374D848);
    assert_string_equal(lsn_format(lsn).text, "16/B374D848");
    assert_string_equal(lsn_format(UINT64_MAX).text, "FFFFFFFF/FFFFFFFF");
}

static void moments_survive_the_round_trip(void **state) {
    (void)state;
    static const char *const texts[] = {"2026-11-22 09:10:23.020492+00",
                                        "1999-12-31 23:59:59.999999+00",
                                        "1969-07-20 20:17:40.000001+00"};
    usec_t usec;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_true(usec_parse(texts[i], strlen(texts[i]), &usec));
        assert_string_equal(usec_format(usec).text, texts[i]);
    }
    assert_true(usec_parse("2000-01-01 00:00:00+00", 22, &usec));
    assert_int_equal(usec, USEC_POSTGRES_EPOCH);
    assert_true(usec_parse("2000-01-01 00:00:00.5+00", 24, &usec));
    assert_int_equal(usec, USEC_POSTGRES_EPOCH + 500000);
}

static void other_zones_and_nonsense_are_no_moments(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "2026-11-22",
                                      "2026-11-22 09:10:23+02",
                                      "2026-13-01 00:00:00+00",
                                      "2026-11-22 24:61:00+00",
                                      "2026-11-22 09:10:23.+00"};
    usec_t usec;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (usec_parse(bad[i], strlen(bad[i]), &usec)) {
            fail_msg("\"%s\" was read", bad[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_message_is_not_cut_inside_a_character),
        cmocka_unit_test(context_stands_before_the_message),
        cmocka_unit_test(nobody_has_to_want_an_error),
        cmocka_unit_test(sqlstates_fall_into_classes),
        cmocka_unit_test(an_arena_gives_aligned_memory_of_any_size),
        cmocka_unit_test(a_buffer_grows_and_stays_terminated),
        cmocka_unit_test(only_whole_positions_are_read),
        cmocka_unit_test(moments_survive_the_round_trip),
        cmocka_unit_test(other_zones_and_nonsense_are_no_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
