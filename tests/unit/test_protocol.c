/* test_protocol.c - frames of the replication stream, statuses, and its start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pg/quote.h"
#include "sample.h"
#include "stream/protocol.h"
#include "stream/replication.h"

static void what_is_cut_short_or_unknown_is_refused(void **state) {
    (void)state;
    static const char data[64] = "w";
    struct frame frame;
    struct err err;
    for (size_t size = 0; size < 25; size++) {
        assert_false(frame_parse(data, size, &frame, &err));
    }
    assert_false(frame_parse("k", 1, &frame, &err));
    assert_false(frame_parse("x23456789012345678", 18, &frame, &err));
}

static void a_data_frame_carries_a_message(void **state) {
    (void)state;
    static const char data[] = "w\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\2tttttttt{}";
    struct frame frame;
    struct err err;
    assert_true(frame_parse(data, sizeof data - 1, &frame, &err));
    assert_int_equal(frame.kind, FRAME_DATA);
    assert_int_equal(frame.wal_end, 0x100000002);
    assert_int_equal(frame.size, 2);
    assert_memory_equal(frame.data, "{}", 2);
}

static void a_keepalive_may_ask_for_a_reply(void **state) {
    (void)state;
    static const char data[] = "k\0\0\0\0\0\0\1\0tttttttt\1";
    struct frame frame;
    struct err err;
    assert_true(frame_parse(data, sizeof data - 1, &frame, &err));
    assert_int_equal(frame.kind, FRAME_KEEPALIVE);
    assert_int_equal(frame.wal_end, 256);
    assert_true(frame.reply_requested);
}

static void a_status_reports_what_is_flushed_twice(void **state) {
    (void)state;
    char status[STATUS_SIZE];
    status_build(status, 0x102, 0x101, USEC_POSTGRES_EPOCH + 5, false);
    static const char wanted[] = "r\0\0\0\0\0\0\1\2\0\0\0\0\0\0\1\1\0\0\0\0\0\0\1\1"
                                 "\0\0\0\0\0\0\0\5\0";
    assert_memory_equal(status, wanted, STATUS_SIZE);
}

static void a_stream_is_asked_for_its_tables_without_our_origins(void **state) {
    (void)state;
    struct sample sample;
    struct buf sql;
    sample_init(&sample);
    assert_true(sample_build(&sample));
    buf_init(&sql);
    const struct mapping *mappings[] = {&sample.pair.forward};
    uint32_t ids[] = {3, 11};
    replication_start_sql(&sql, "slot", 0x16B3748, &(struct origin_ids){ids, 2}, mappings, 1,
                          &(struct message_prefix){"nobodys"});
    assert_non_null(strstr(sql.data, "START_REPLICATION SLOT \"slot\" LOGICAL 0/16B3748 ("));
    assert_non_null(strstr(sql.data, "\"add-tables\" 'public.users'"));
    assert_non_null(strstr(sql.data, "\"filter-origins\" '3,11'"));
    assert_non_null(strstr(sql.data, "\"add-msg-prefixes\" 'nobodys'"));
    buf_fini(&sql);
    sample_fini(&sample);
}

static void no_two_streams_ask_for_messages_of_one_prefix(void **state) {
    (void)state;
    struct message_prefix a = message_prefix_new(), b = message_prefix_new();
    assert_string_not_equal(a.text, b.text);
    assert_int_equal(strlen(a.text), strlen("pgtandem_") + 32);
}

static void identifiers_and_literals_are_quoted(void **state) {
    (void)state;
    struct buf sql;
    buf_init(&sql);
    quote_table(&sql, &(struct table_name){"My \"App\"", "users"});
    quote_literal(&sql, "it's", 4);
    quote_literal(&sql, "a\\b", 3);
    assert_string_equal(sql.data, "\"My \"\"App\"\"\".\"users\"'it''s' E'a\\\\b'");
    buf_fini(&sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_cut_short_or_unknown_is_refused),
        cmocka_unit_test(a_data_frame_carries_a_message),
        cmocka_unit_test(a_keepalive_may_ask_for_a_reply),
        cmocka_unit_test(a_status_reports_what_is_flushed_twice),
        cmocka_unit_test(a_stream_is_asked_for_its_tables_without_our_origins),
        cmocka_unit_test(no_two_streams_ask_for_messages_of_one_prefix),
        cmocka_unit_test(identifiers_and_literals_are_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
