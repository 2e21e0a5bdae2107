/* test_status_show.c - what people and programs read of a status, down to one of which
 * nothing is known, and that it fits 80 columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "command/paragraph.h"
#include "command/status_show.h"

static struct config config = {.migration = "a_name_of_thirty_characters_xx"};
static struct migration migration = {.config = &config};

/* Columns of the longest line. */
static size_t width(const char *text) {
    size_t widest = 0, columns = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            columns = 0;
        } else if (((unsigned char)*text & 0xC0) != 0x80 && ++columns > widest) {
            widest = columns;
        }
    }
    return widest;
}

static void assert_says(const struct status *status, const char *const *parts) {
    struct buf text;
    buf_init(&text);
    status_add_text(&text, &migration, status);
    for (; *parts != NULL; parts++) {
        if (strstr(text.data, *parts) == NULL) {
            fail_msg("no \"%s\" in:\n%s", *parts, text.data);
        }
    }
    assert_true(width(text.data) <= PARAGRAPH_COLUMNS);
    buf_fini(&text);
}

static const usec_t noon = INT64_C(1795348800) * USEC_SECOND; /* 2026-11-22 12:00:00 */

static void away(struct status *status, enum which_side which) {
    status->sides[which] = (struct side_status){.error_since = noon};
    err_set(&status->sides[which].error, ERR_FAILED,
            "cannot connect to the %s database: connection to server on socket "
            "\"/a/path/without/any/space/that/is/longer/than/a/line/of/the/terminal/can/hold/"
            "all/of\" failed: no such file",
            which_side_name(which));
}

static void nothing(struct status *status) {
    *status = (struct status){.at = noon + USEC_SECOND};
    away(status, SIDE_OLD);
    away(status, SIDE_NEW);
    for (int i = FORWARD; i <= REVERSE; i++) {
        struct link_status *link = &status->links[i];
        link->lag_bytes = -1;
        link->lag_seconds = link->changes_per_second = link->seconds_left = -1;
    }
    status->copy.seconds_left = -1;
}

static void what_is_not_known_is_said_in_words(void **state) {
    (void)state;
    struct status status;
    nothing(&status);
    assert_says(&status,
                (const char *const[]){"service    unknown: cannot reach the new database since "
                                      "2026-11-22 12:00:00 UTC",
                                      "\nphase      unknown", "\nbackfill   unknown",
                                      "\nold        unknown: cannot reach the old database since",
                                      "no such file",
                                      "\nlag                                        unknown"
                                      "                   unknown",
                                      NULL});
}

static void everything_known(struct status *status) {
    static struct phase_status phases[] = {
        {"setup", INT64_C(1795348800) * USEC_SECOND, 2.5},
        {"backfill", INT64_C(1795348802) * USEC_SECOND, 7200},
        {"live", INT64_C(1795356002) * USEC_SECOND, 5},
    };
    nothing(status);
    status->at = noon + 7207 * USEC_SECOND;
    for (int i = SIDE_OLD; i <= SIDE_NEW; i++) {
        status->sides[i] = (struct side_status){.answered = true, .now = status->at};
    }
    status->process = (struct process_status){.running = YES, .since = noon, .heard_at = noon};
    status->state_is_known = true;
    status->state = (struct migration_state){true, PHASE_live, BACKFILL_done, 10};
    status->phases = phases;
    status->n_phases = 3;
    status->copy.is_known = true;
    status->copy.rows_done = status->copy.rows_total = INT64_C(10000000000);
    for (int i = FORWARD; i <= REVERSE; i++) {
        struct link_status *link = &status->links[i];
        link->state = "streaming";
        link->since = noon;
        link->slot_is_known = link->slot.exists = link->slot.has_restart = true;
        link->slot.retained = 5 << 20;
        snprintf(link->slot.wal_status, sizeof link->slot.wal_status, "reserved");
        link->report.is_known = true;
        link->report.applied_changes = INT64_MAX;
        link->lag_bytes = INT64_C(3) << 30;
        link->lag_seconds = 12;
        link->changes_per_second = 1234.5;
    }
    status->links[FORWARD].seconds_left = 75;
}

static void phases_have_a_beginning_and_a_duration(void **state) {
    (void)state;
    struct status status;
    everything_known(&status);
    assert_says(&status, (const char *const[]){
                             "read at    2026-11-22 14:00:07 UTC",
                             "service    running since 2026-11-22 12:00:00 UTC (2 h 0 min)",
                             "phase      live since 2026-11-22 14:00:02 UTC (5.00 s)",
                             "before     setup, 2.50 s, from 2026-11-22 12:00:00 UTC",
                             "           backfill, 2 h 0 min, from 2026-11-22 12:00:02 UTC", NULL});
}

static void a_lag_that_does_not_shrink_has_no_end_in_sight(void **state) {
    (void)state;
    struct status status;
    everything_known(&status);
    assert_says(&status, (const char *const[]){"1 min 15 s          not at this rate", " 1,234 ",
                                               "5.0 MB", "no limit", "reserved", NULL});
}

static void a_process_that_was_killed_is_not_said_to_have_stopped(void **state) {
    (void)state;
    struct status status;
    everything_known(&status);
    status.process =
        (struct process_status){.running = NO, .since = noon, .heard_at = noon, .was_killed = true};
    assert_says(&status, (const char *const[]){"service    not running: killed or cut off, heard "
                                               "of last at 2026-11-22 12:00:00\n",
                                               NULL});
}

static void a_copy_that_was_interrupted_says_since_when_and_why(void **state) {
    (void)state;
    struct status status;
    everything_known(&status);
    status.state.phase = PHASE_backfill;
    status.state.backfill = BACKFILL_running;
    status.copy.rows_done /= 2;
    status.copy.activity = COPY_interrupted;
    status.copy.since = noon;
    status.copy.reason = "could not extend file \"base/16384/16385\": No space left on device";
    assert_says(&status,
                (const char *const[]){
                    "backfill   interrupted, 5,000,000,000 of 10,000,000,000 rows (50.0 %)\n",
                    "           since 2026-11-22 12:00:00 UTC (2 h 0 min): could not extend file\n"
                    "           \"base/16384/16385\": No space left on device\n",
                    NULL});
}

static void words_are_wrapped_and_long_ones_cut_between_characters(void **state) {
    (void)state;
    static const struct {
        const char *label, *text, *expected;
    } cases[] = {
        {"x", "", "x          \n"},
        {"x", "  a \n b ", "x          a b\n"},
        {"", "1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 xyz",
         "           1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 xyz\n"},
        {"", "1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 wxyz",
         "           1234567890 1234567890 1234567890 1234567890 1234567890 1234567890\n"
         "           wxyz\n"},
        {"",
         "123456789\u00e4123456789\u00e4123456789\u00e4123456789\u00e4"
         "123456789\u00e4123456789\u00e4123456789\u00e4",
         "           123456789\u00e4123456789\u00e4123456789\u00e4123456789\u00e4"
         "123456789\u00e4123456789\u00e4123456789\n           \u00e4\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out);
        paragraph_add(&out, cases[i].label, cases[i].text);
        assert_true(width(out.data) <= PARAGRAPH_COLUMNS);
        assert_string_equal(out.data, cases[i].expected);
        buf_fini(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_known_is_said_in_words),
        cmocka_unit_test(phases_have_a_beginning_and_a_duration),
        cmocka_unit_test(a_lag_that_does_not_shrink_has_no_end_in_sight),
        cmocka_unit_test(a_process_that_was_killed_is_not_said_to_have_stopped),
        cmocka_unit_test(a_copy_that_was_interrupted_says_since_when_and_why),
        cmocka_unit_test(words_are_wrapped_and_long_ones_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
