/* test_base.c - errors, memory, buffers, positions and moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/backoff.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/lsn.h"
#include "base/timestamp.h"
#include "base/utf8.h"
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

static void what_may_hold_values_has_a_context_of_its_own(void **state) {
    (void)state;
    struct err err;
    err_set(&err, ERR_FAILED, "no such thing");
    assert_false(err_context_server(&err, "the row with %s", "a@b"));
    assert_string_equal(err.server, "the row with a@b");
    err_set_server(&err, "too long");
    err_context_server(&err, "the row with %s", "a@b");
    assert_string_equal(err.server, "the row with a@b: too long");
    assert_string_equal(err.message, "no such thing");
}

static void nobody_has_to_want_an_error(void **state) {
    (void)state;
    assert_false(err_set(NULL, ERR_FAILED, "x"));
    assert_false(err_hint(NULL, "x"));
    assert_false(err_context(NULL, "x"));
    assert_false(err_context_server(NULL, "x"));
}

static void a_new_error_is_fatal_and_holds_nothing_of_the_last(void **state) {
    (void)state;
    struct err err;
    err_clear(&err);
    err_set_class(&err, ERR_CLASS_PASSING);
    err_set_server(&err, "secret");
    err_set(&err, ERR_FAILED, "x");
    assert_false(err_passes(&err));
    assert_int_equal(err.class, ERR_CLASS_FATAL);
    assert_string_equal(err.server, "");
    assert_false(err_set_class(&err, ERR_CLASS_CONTENDED));
    assert_true(err_passes(&err));
}

static void an_appended_text_stands_behind_the_message(void **state) {
    (void)state;
    struct err err;
    err_set(&err, ERR_FAILED, "x");
    assert_false(err_append(&err, ": %d", 7));
    assert_string_equal(err.message, "x: 7");
}

static void sqlstates_fall_into_classes(void **state) {
    (void)state;
    static const struct {
        const char *sqlstate;
        enum raiser raiser;
        enum err_class class;
    } cases[] = {
        {"", RAISER_SERVER, ERR_CLASS_PASSING},
        {"08006", RAISER_SERVER, ERR_CLASS_PASSING},
        {"53100", RAISER_SERVER, ERR_CLASS_PASSING},
        {"57P01", RAISER_SERVER, ERR_CLASS_PASSING},
        {"55006", RAISER_SERVER, ERR_CLASS_PASSING},
        {"40001", RAISER_SERVER, ERR_CLASS_CONTENDED},
        {"40P01", RAISER_SERVER, ERR_CLASS_CONTENDED},
        {"55P03", RAISER_SERVER, ERR_CLASS_CONTENDED},
        {"21000", RAISER_SERVER, ERR_CLASS_ROW},
        {"22001", RAISER_SERVER, ERR_CLASS_ROW},
        {"23505", RAISER_SERVER, ERR_CLASS_ROW},
        {"44000", RAISER_SERVER, ERR_CLASS_ROW},
        {"54000", RAISER_SERVER, ERR_CLASS_ROW},
        {"P0001", RAISER_SERVER, ERR_CLASS_ROW},
        {"38001", RAISER_SERVER, ERR_CLASS_ROW},
        {"XX000", RAISER_SERVER, ERR_CLASS_ROW},
        {"ZZ123", RAISER_SERVER, ERR_CLASS_ROW}, /* an application's own */
        {"42703", RAISER_SERVER, ERR_CLASS_FATAL},
        {"42501", RAISER_SERVER, ERR_CLASS_FATAL},
        {"28P01", RAISER_SERVER, ERR_CLASS_FATAL},
        {"55000", RAISER_SERVER, ERR_CLASS_FATAL},
        {"XX001", RAISER_SERVER, ERR_CLASS_FATAL},
        {"0A000", RAISER_SERVER, ERR_CLASS_FATAL},
        /* inside a function of the user's */
        {"42P01", RAISER_FUNCTION, ERR_CLASS_ROW},
        {"42501", RAISER_FUNCTION, ERR_CLASS_FATAL},
        {"55P03", RAISER_FUNCTION, ERR_CLASS_CONTENDED},
        {"26000", RAISER_FUNCTION, ERR_CLASS_ROW},
        {"2BP01", RAISER_FUNCTION, ERR_CLASS_ROW},
        {"3D000", RAISER_FUNCTION, ERR_CLASS_ROW},
        {"58P01", RAISER_FUNCTION, ERR_CLASS_ROW},
        {"58030", RAISER_FUNCTION, ERR_CLASS_FATAL},
        {"XX001", RAISER_FUNCTION, ERR_CLASS_FATAL},
        {"57014", RAISER_FUNCTION, ERR_CLASS_PASSING},
        /* whatever a trigger chooses to raise */
        {"40001", RAISER_USER, ERR_CLASS_ROW},
        {"57P01", RAISER_USER, ERR_CLASS_ROW},
        {"42501", RAISER_USER, ERR_CLASS_ROW},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (sqlstate_class(cases[i].sqlstate, cases[i].raiser) != cases[i].class) {
            fail_msg("SQLSTATE %s, raiser %d", cases[i].sqlstate, (int)cases[i].raiser);
        }
    }
}

static void what_a_write_meets_in_a_value_is_the_rows(void **state) {
    (void)state;
    assert_int_equal(sqlstate_class_of_write("42601", RAISER_SERVER), ERR_CLASS_ROW);
    assert_int_equal(sqlstate_class_of_write("42P01", RAISER_VALUE), ERR_CLASS_ROW);
    assert_int_equal(sqlstate_class_of_write("42P01", RAISER_SERVER), ERR_CLASS_FATAL);
    assert_int_equal(sqlstate_class_of_write("3F000", RAISER_VALUE), ERR_CLASS_ROW);
    assert_int_equal(sqlstate_class_of_write("3F000", RAISER_SERVER), ERR_CLASS_FATAL);
    assert_int_equal(sqlstate_class_of_write("42501", RAISER_VALUE), ERR_CLASS_FATAL);
    assert_int_equal(sqlstate_class_of_write("42P10", RAISER_VALUE), ERR_CLASS_FATAL);
    assert_int_equal(sqlstate_class_of_write("57014", RAISER_FUNCTION), ERR_CLASS_ROW);
    assert_int_equal(sqlstate_class_of_write("57014", RAISER_VALUE), ERR_CLASS_PASSING);
    assert_int_equal(sqlstate_class_of_write("53100", RAISER_FUNCTION), ERR_CLASS_PASSING);
}

static void every_state_of_a_row_has_words(void **state) {
    (void)state;
    assert_string_equal(sqlstate_words("23505"), "a row violates a unique constraint");
    assert_string_equal(sqlstate_words("22P99"), "a value is not valid");
    assert_string_equal(sqlstate_words("ZZ123"), "a row was refused");
}

/* trying again */

static void a_wait_doubles_and_never_falls_back(void **state) {
    (void)state;
    usec_t before = 0;
    for (unsigned tries = 0; tries < 100; tries++) {
        usec_t delay = backoff_delay(5000, 1000000, tries);
        assert_true(delay >= before);
        assert_true(delay <= 1000000);
        before = delay;
    }
    assert_int_equal(backoff_delay(5000, 1000000, 0), 5000);
    assert_int_equal(backoff_delay(5000, 1000000, 3), 40000);
    assert_int_equal(backoff_delay(5000, 1000000, 8), 1000000);
    assert_int_equal(backoff_delay(5000, 1000000, UINT32_MAX), 1000000);
    assert_int_equal(backoff_delay(5000, 1000, 0), 1000);
}

/* text */

static void only_what_a_server_takes_is_utf8(void **state) {
    (void)state;
    size_t offset;
    assert_true(utf8_check("", 0, &offset));
    assert_true(utf8_check("caf\xc3\xa9 \xf0\x9f\x98\x80", 10, &offset));
    static const char *const bad[] = {"aaaaaaaaa\xff", "\xc0\x80", "\xed\xa0\x80", "a\xc3",
                                      "\xf4\x90\x80\x80"};
    static const size_t where[] = {9, 0, 0, 1, 0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(utf8_check(bad[i], strlen(bad[i]), &offset));
        assert_int_equal(offset, where[i]);
    }
}

/* memory */

static void a_large_allocation_changes_its_arena(void **state) {
    (void)state;
    struct arena from, to;
    arena_init(&from);
    arena_init(&to);
    char *small = arena_copy(&from, "small", 5);
    char *large = memset(arena_alloc(&from, ARENA_BLOCK + 1), 'x', ARENA_BLOCK + 1);
    assert_false(arena_move(&to, &from, small));
    assert_true(arena_move(&to, &from, large + 5));
    assert_false(arena_move(&to, &from, large));
    arena_reset(&from);
    assert_int_equal(from.used, 0);
    assert_int_equal(large[0], 'x');
    assert_int_equal(large[ARENA_BLOCK], 'x');
    assert_string_equal(arena_copy(&to, "next", 4), "next");
    arena_fini(&from);
    arena_fini(&to);
}

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
        cmocka_unit_test(what_may_hold_values_has_a_context_of_its_own),
        cmocka_unit_test(nobody_has_to_want_an_error),
        cmocka_unit_test(a_new_error_is_fatal_and_holds_nothing_of_the_last),
        cmocka_unit_test(an_appended_text_stands_behind_the_message),
        cmocka_unit_test(sqlstates_fall_into_classes),
        cmocka_unit_test(what_a_write_meets_in_a_value_is_the_rows),
        cmocka_unit_test(every_state_of_a_row_has_words),
        cmocka_unit_test(a_wait_doubles_and_never_falls_back),
        cmocka_unit_test(only_what_a_server_takes_is_utf8),
        cmocka_unit_test(an_arena_gives_aligned_memory_of_any_size),
        cmocka_unit_test(a_large_allocation_changes_its_arena),
        cmocka_unit_test(a_buffer_grows_and_stays_terminated),
        cmocka_unit_test(only_whole_positions_are_read),
        cmocka_unit_test(moments_survive_the_round_trip),
        cmocka_unit_test(other_zones_and_nonsense_are_no_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
