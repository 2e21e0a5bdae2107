/* test_sequence_plan.c - which sequences give away one number twice, and the statements
 * that keep them from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/sequence_plan.h"

enum { OLD = SEQUENCE_OLD, NEW = SEQUENCE_NEW };

/* Two bigint sequences by 1 in two databases, as serial makes them: a hundred numbers
 * given away on the old side, none on the new. */
static struct sequence sequence_of(uint32_t oid, const char *name, const char *literal) {
    return (struct sequence){.oid = oid,
                             .name = name,
                             .literal = literal,
                             .increment = 1,
                             .min = 1,
                             .max = INT64_MAX,
                             .start = 1,
                             .may_read = true,
                             .may_alter = true,
                             .may_set = true,
                             .last_value = 1};
}

static struct drawn_column column_of(const char *table, struct sequence sequence) {
    return (struct drawn_column){.sequence = sequence,
                                 .table = table,
                                 .column = "id",
                                 .is_number = true,
                                 .is_plain = true,
                                 .may_alter_table = true,
                                 .fits_min = INT64_MIN,
                                 .fits_max = INT64_MAX};
}

static struct sequence_facts facts_of_two(void) {
    struct sequence_facts facts = {
        .is_unique = true,
        .sides = {column_of("a.t", sequence_of(7, "a.s", "'a.s'")),
                  column_of("b.t", sequence_of(8, "b.s", "'b.s'"))},
    };
    facts.sides[OLD].sequence.last_value = 100;
    facts.sides[OLD].sequence.is_called = true;
    facts.sides[OLD].has_values = true;
    facts.sides[OLD].least = 1;
    facts.sides[OLD].greatest = 100;
    return facts;
}

static void move_to(struct sequence *s, int64_t last_value, int64_t increment) {
    s->last_value = last_value;
    s->increment = increment;
    s->is_called = true;
    if (increment < 0) {
        s->min = INT64_MIN;
        s->max = s->start = -1;
    }
}

/* verdicts */

static void nothing(struct sequence_facts *f) {
    (void)f;
}

static void neither(struct sequence_facts *f) {
    f->sides[OLD].sequence.oid = f->sides[NEW].sequence.oid = 0;
}

static void old_alone(struct sequence_facts *f) {
    f->sides[NEW].sequence.oid = 0;
}

static void new_alone(struct sequence_facts *f) {
    f->sides[OLD].sequence.oid = 0;
}

static void new_alone_unseen(struct sequence_facts *f) {
    new_alone(f);
    f->sides[NEW].sequence.may_read = false;
}

static void new_alone_odd(struct sequence_facts *f) {
    new_alone(f);
    f->sides[NEW].is_plain = false;
}

static void one_database(struct sequence_facts *f) {
    f->same_database = true;
}

static void one_sequence(struct sequence_facts *f) {
    f->same_database = true;
    f->sides[NEW].sequence = f->sides[OLD].sequence;
}

static void one_oid_in_two_databases(struct sequence_facts *f) {
    f->sides[NEW].sequence.oid = f->sides[OLD].sequence.oid;
}

static void one_database_unseen(struct sequence_facts *f) {
    one_database(f);
    f->sides[OLD].sequence.may_read = false;
}

static void odd_and_even(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 101, 2);
    move_to(&f->sides[NEW].sequence, 200, 2);
}

static void odd_and_even_in_one_database(struct sequence_facts *f) {
    odd_and_even(f);
    one_database(f);
}

/* The start value says that they are apart, and the current one that they are not. */
static void both_even_by_now(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 100, 2);
    move_to(&f->sides[NEW].sequence, 200, 2);
}

static void by_two_and_by_four(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 101, 2);
    move_to(&f->sides[NEW].sequence, 200, 4);
}

static void by_a_hundred_and_by_fifty(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 300, 100);
    move_to(&f->sides[NEW].sequence, 1, 50);
}

static void by_two_and_by_three(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 101, 2);
    move_to(&f->sides[NEW].sequence, 200, 3);
}

static void the_new_one_downwards(struct sequence_facts *f) {
    move_to(&f->sides[NEW].sequence, -1, -1);
}

static void the_new_one_beyond_the_old_ones_end(struct sequence_facts *f) {
    f->sides[OLD].sequence.max = 999;
    f->sides[NEW].sequence.min = f->sides[NEW].sequence.last_value = 1000;
}

static void the_new_one_far_ahead(struct sequence_facts *f) {
    f->sides[NEW].sequence.last_value = 1000000000;
}

static void the_old_one_at_its_end(struct sequence_facts *f) {
    f->sides[OLD].sequence.max = 100;
}

static void an_end_that_is_none(struct sequence_facts *f) {
    the_old_one_at_its_end(f);
    f->sides[OLD].sequence.cycles = true;
}

static void odd_and_even_that_start_over(struct sequence_facts *f) {
    odd_and_even(f);
    f->sides[OLD].sequence.cycles = true;
}

/* The new one goes on behind the old one's end, but a session may hold some from before. */
static void values_in_store(struct sequence_facts *f) {
    f->sides[OLD].sequence.max = 100000;
    move_to(&f->sides[NEW].sequence, 100000, 1);
    f->sides[NEW].sequence.caches = true;
}

static void both_negative_and_odd_and_even(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, -101, -2);
    move_to(&f->sides[NEW].sequence, -2, -2);
}

static void both_negative_and_odd(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, -101, -2);
    move_to(&f->sides[NEW].sequence, -3, -2);
}

static void unseen(struct sequence_facts *f) {
    f->sides[OLD].sequence.may_read = false;
}

static void an_expression(struct sequence_facts *f) {
    f->sides[NEW].is_plain = false;
}

static void an_expression_in_one_database(struct sequence_facts *f) {
    one_database(f);
    f->sides[OLD].is_plain = false;
}

static void not_unique(struct sequence_facts *f) {
    f->is_unique = false;
}

static void not_unique_and_unseen(struct sequence_facts *f) {
    f->is_unique = false;
    unseen(f);
}

static void integers_at_their_end(struct sequence_facts *f) {
    f->sides[OLD].sequence.max = f->sides[NEW].sequence.max = INT32_MAX;
    f->sides[OLD].sequence.last_value = f->sides[OLD].greatest = INT32_MAX - 1500;
}

static void integers_with_room(struct sequence_facts *f) {
    integers_at_their_end(f);
    f->sides[OLD].sequence.last_value = f->sides[OLD].greatest = INT32_MAX - 3000;
}

/* The old column is an integer although its sequence, and all of the new side, are not. */
static void one_column_full(struct sequence_facts *f) {
    f->sides[OLD].fits_max = INT32_MAX;
    f->sides[NEW].sequence.last_value = INT32_MAX;
}

static void a_row_at_the_end(struct sequence_facts *f) {
    f->sides[OLD].greatest = INT64_MAX;
}

static void endless_steps(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 100, INT64_C(1) << 40);
    move_to(&f->sides[NEW].sequence, 100, INT64_C(1) << 40);
}

static void room_by_min_alone(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, -101, -1);
    move_to(&f->sides[NEW].sequence, -1, -1);
    f->sides[NEW].sequence.min = -2000;
    f->sides[OLD].least = -101;
    f->sides[OLD].greatest = -1;
}

static const struct {
    const char *label;
    void (*change)(struct sequence_facts *);
    enum sequence_verdict verdict;
    bool collides;
} verdicts[] = {
    {"neither draws", neither, SEQUENCE_none, false},
    {"the old side alone draws", old_alone, SEQUENCE_old_only, false},
    {"the new side alone draws", new_alone, SEQUENCE_new_only, false},
    {"the new side alone, unseen", new_alone_unseen, SEQUENCE_hidden, true},
    {"the new side alone, by an expression", new_alone_odd, SEQUENCE_odd, false},
    {"one sequence", one_sequence, SEQUENCE_shared, false},
    {"two in one database", one_database, SEQUENCE_share, true},
    {"two in one database, unseen", one_database_unseen, SEQUENCE_share, true},
    {"two in two databases", nothing, SEQUENCE_interleave, true},
    {"one oid in two databases", one_oid_in_two_databases, SEQUENCE_interleave, true},
    {"odd and even", odd_and_even, SEQUENCE_apart, false},
    {"odd and even in one database", odd_and_even_in_one_database, SEQUENCE_apart, false},
    {"both even by now", both_even_by_now, SEQUENCE_interleave, true},
    {"by two and by four", by_two_and_by_four, SEQUENCE_apart, false},
    {"half done, of fifty", by_a_hundred_and_by_fifty, SEQUENCE_interleave, true},
    {"by two and by three", by_two_and_by_three, SEQUENCE_interleave, true},
    {"up and down", the_new_one_downwards, SEQUENCE_apart, false},
    {"one beyond the other's end", the_new_one_beyond_the_old_ones_end, SEQUENCE_apart, false},
    {"far ahead", the_new_one_far_ahead, SEQUENCE_interleave, true},
    {"one at its end", the_old_one_at_its_end, SEQUENCE_apart, false},
    {"at its end, and starts over", an_end_that_is_none, SEQUENCE_cycles, true},
    {"odd and even, but starts over", odd_and_even_that_start_over, SEQUENCE_cycles, true},
    {"values in store", values_in_store, SEQUENCE_interleave, true},
    {"negative, odd and even", both_negative_and_odd_and_even, SEQUENCE_apart, false},
    {"negative, both odd", both_negative_and_odd, SEQUENCE_interleave, true},
    {"unseen", unseen, SEQUENCE_hidden, true},
    {"an expression", an_expression, SEQUENCE_odd, false},
    {"an expression in one database", an_expression_in_one_database, SEQUENCE_odd, false},
    {"not unique", not_unique, SEQUENCE_harmless, false},
    {"not unique and unseen", not_unique_and_unseen, SEQUENCE_harmless, false},
    {"integers at their end", integers_at_their_end, SEQUENCE_full, true},
    {"integers with room", integers_with_room, SEQUENCE_interleave, true},
    {"a column that is full", one_column_full, SEQUENCE_full, true},
    {"a row at the end of all numbers", a_row_at_the_end, SEQUENCE_full, true},
    {"endless steps", endless_steps, SEQUENCE_full, true},
    {"room down to the minimum", room_by_min_alone, SEQUENCE_full, true},
};

static void sequences_that_meet_are_found(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        struct sequence_facts facts = facts_of_two();
        struct sequence_plan plan;
        struct arena arena;
        arena_init(&arena);
        verdicts[i].change(&facts);
        sequence_plan_make(&facts, &arena, &plan);
        if (plan.verdict != verdicts[i].verdict || plan.collides != verdicts[i].collides) {
            fail_msg("%s: %s, collides %d", verdicts[i].label, sequence_verdict_name(plan.verdict),
                     plan.collides);
        }
        bool wants_steps = plan.verdict == SEQUENCE_share || plan.verdict == SEQUENCE_interleave;
        assert_int_equal(wants_steps, plan.n_steps > 0);
        arena_fini(&arena);
    }
}

/* statements */

static void new_identity(struct sequence_facts *f) {
    one_database(f);
    f->sides[NEW].is_identity = true;
}

static void old_is_done(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 100, 2);
}

static void new_is_done(struct sequence_facts *f) {
    move_to(&f->sides[NEW].sequence, 301, 2);
}

/* By two, but not in its place: nobody says that this is ours. */
static void old_by_two_itself(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 101, 2);
}

static void by_fifty(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 101, 50);
    move_to(&f->sides[NEW].sequence, 1, 50);
}

static void new_by_fifty(struct sequence_facts *f) {
    f->sides[NEW].sequence.increment = 50;
}

static void new_is_ahead(struct sequence_facts *f) {
    move_to(&f->sides[NEW].sequence, 5000, 1);
}

static void rows_are_ahead(struct sequence_facts *f) {
    f->sides[NEW].has_values = true;
    f->sides[NEW].greatest = 7000;
}

static void downwards(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, -101, -1);
    move_to(&f->sides[NEW].sequence, -1, -1);
    f->sides[OLD].least = -120;
    f->sides[OLD].greatest = -1;
}

/* As ours leaves it: all numbers before that one may have been given away. */
static void old_is_done_and_set(struct sequence_facts *f) {
    move_to(&f->sides[OLD].sequence, 152, 2);
    f->sides[OLD].sequence.is_called = false;
}

static void new_has_a_minimum(struct sequence_facts *f) {
    f->sides[NEW].sequence.min = f->sides[NEW].sequence.last_value = 1000;
    f->sides[NEW].sequence.start = 1000;
}

#define OLD_BY_2                                                                                   \
    "BEGIN; ALTER SEQUENCE a.s INCREMENT BY 2 START WITH 2; SELECT setval('a.s', (last_value / 2 " \
    "+ 1) "                                                                                        \
    "* 2, false) FROM a.s; COMMIT;"
#define NEW_BY_2_FROM(n)                                                                           \
    "BEGIN; ALTER SEQUENCE b.s INCREMENT BY 2 START WITH 1; SELECT setval('b.s', greatest(" n      \
    ", (last_value / 2 + 1) * 2 + 1), false) FROM b.s; COMMIT;"

static const struct {
    const char *label;
    void (*change)(struct sequence_facts *);
    const char *steps[2]; /* NULL: there is none */
} statements[] = {
    {"one database", one_database, {"ALTER TABLE b.t ALTER COLUMN id SET DEFAULT nextval('a.s');"}},
    {"an identity in one database",
     new_identity,
     {"ALTER TABLE b.t ALTER COLUMN id DROP IDENTITY IF EXISTS, ALTER COLUMN id SET DEFAULT "
      "nextval('a.s');"}},
    {"two databases", nothing, {OLD_BY_2, NEW_BY_2_FROM("101")}},
    {"the old one is done", old_is_done, {NEW_BY_2_FROM("101")}},
    {"the old one is done and set", old_is_done_and_set, {NEW_BY_2_FROM("153")}},
    {"the new one is done", new_is_done, {OLD_BY_2}},
    {"the new sequence is ahead", new_is_ahead, {OLD_BY_2, NEW_BY_2_FROM("5001")}},
    {"rows are ahead", rows_are_ahead, {OLD_BY_2, NEW_BY_2_FROM("7001")}},
    {"a minimum",
     new_has_a_minimum,
     {OLD_BY_2, "BEGIN; ALTER SEQUENCE b.s INCREMENT BY 2 START WITH 1001; SELECT setval('b.s', "
                "greatest(1001, (last_value / 2 + 1) * 2 + 1), false) FROM b.s; COMMIT;"}},
    {"by two for other reasons",
     old_by_two_itself,
     {"BEGIN; ALTER SEQUENCE a.s INCREMENT BY 4 START WITH 4; SELECT setval('a.s', (last_value / 4 "
      "+ 2) * 4, "
      "false) FROM a.s; COMMIT;",
      "BEGIN; ALTER SEQUENCE b.s INCREMENT BY 4 START WITH 2; SELECT setval('b.s', greatest(106, "
      "(last_value / "
      "4 + 2) * 4 + 2), false) FROM b.s; COMMIT;"}},
    {"by fifty",
     by_fifty,
     {"BEGIN; ALTER SEQUENCE a.s INCREMENT BY 100 START WITH 100; SELECT setval('a.s', (last_value "
      "/ 100 + 2) * "
      "100, false) FROM a.s; COMMIT;",
      "BEGIN; ALTER SEQUENCE b.s INCREMENT BY 100 START WITH 50; SELECT setval('b.s', "
      "greatest(250, (last_value "
      "/ 100 + 2) * 100 + 50), false) FROM b.s; COMMIT;"}},
    {"the new one by fifty",
     new_by_fifty,
     {"BEGIN; ALTER SEQUENCE a.s INCREMENT BY 100 START WITH 100; SELECT setval('a.s', (last_value "
      "/ 100 + 2) * "
      "100, false) FROM a.s; COMMIT;",
      "BEGIN; ALTER SEQUENCE b.s INCREMENT BY 100 START WITH 50; SELECT setval('b.s', "
      "greatest(250, (last_value "
      "/ 100 + 2) * 100 + 50), false) FROM b.s; COMMIT;"}},
    {"downwards",
     downwards,
     {"BEGIN; ALTER SEQUENCE a.s INCREMENT BY -2 START WITH -2; SELECT setval('a.s', (last_value / "
      "2 - 2) * 2, "
      "false) FROM a.s; COMMIT;",
      "BEGIN; ALTER SEQUENCE b.s INCREMENT BY -2 START WITH -1; SELECT setval('b.s', least(-121, "
      "(last_value / "
      "2 - 2) * 2 + 1), false) FROM b.s; COMMIT;"}},
};

static void each_side_gets_its_statement(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        struct sequence_facts facts = facts_of_two();
        struct sequence_plan plan;
        struct arena arena;
        arena_init(&arena);
        statements[i].change(&facts);
        sequence_plan_make(&facts, &arena, &plan);
        for (size_t k = 0; k < 2; k++) {
            const char *wanted = statements[i].steps[k];
            const char *got = k < plan.n_steps ? sequence_step_text(&plan.steps[k], &arena) : NULL;
            if ((wanted == NULL) != (got == NULL) || (got != NULL && strcmp(got, wanted) != 0)) {
                fail_msg("%s: %s", statements[i].label, got != NULL ? got : "nothing");
            }
        }
        arena_fini(&arena);
    }
}

/* advancing */

static void behind_the_rows(struct sequence_facts *f) {
    odd_and_even(f);
    f->sides[OLD].greatest = 1001;
}

static void behind_the_other_sequence(struct sequence_facts *f) {
    odd_and_even(f);
    f->sides[OLD].sequence.last_value = 1003;
}

static void alone_and_behind(struct sequence_facts *f) {
    new_alone(f);
    f->is_taken = true;
}

static void downwards_and_behind(struct sequence_facts *f) {
    both_negative_and_odd_and_even(f);
    f->sides[OLD].least = -201;
}

static void behind_with_no_room(struct sequence_facts *f) {
    behind_the_rows(f);
    f->sides[NEW].sequence.max = 2000;
    f->is_taken = true;
}

static void not_unique_and_behind(struct sequence_facts *f) {
    behind_the_rows(f);
    not_unique(f);
}

static void at_the_end(struct sequence_facts *f) {
    odd_and_even(f);
    f->sides[NEW].sequence.max = 200;
    f->sides[OLD].greatest = 1001;
}

static const struct {
    const char *label;
    void (*change)(struct sequence_facts *);
    const char *sql; /* NULL: it stays where it is */
} advances[] = {
    {"ahead of all", odd_and_even, NULL},
    {"behind the rows", behind_the_rows,
     "SELECT setval('b.s', 1002, false) FROM b.s WHERE last_value < 1002"},
    {"behind the other sequence", behind_the_other_sequence,
     "SELECT setval('b.s', 1004, false) FROM b.s WHERE last_value < 1004"},
    {"alone, and behind the rows", alone_and_behind,
     "SELECT setval('b.s', 101, false) FROM b.s WHERE last_value < 101"},
    {"downwards, and behind the rows", downwards_and_behind,
     "SELECT setval('b.s', -202, false) FROM b.s WHERE last_value > -202"},
    {"no room", behind_with_no_room, NULL},
    {"at its end", at_the_end, NULL},
    {"not unique", not_unique_and_behind, NULL},
    {"shared", one_sequence, NULL},
    {"not yet apart", nothing, NULL},
};

static void the_new_sequence_goes_on_behind_what_is_there(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof advances / sizeof *advances; i++) {
        struct sequence_facts facts = facts_of_two();
        struct sequence_plan plan;
        struct arena arena;
        arena_init(&arena);
        advances[i].change(&facts);
        sequence_plan_make(&facts, &arena, &plan);
        const char *got = plan.advance.sql, *wanted = advances[i].sql;
        if ((wanted == NULL) != (got == NULL) || (got != NULL && strcmp(got, wanted) != 0)) {
            fail_msg("%s: %s", advances[i].label, got != NULL ? got : "nothing");
        }
        assert_int_equal(plan.collides, facts.is_taken || plan.n_steps > 0);
        arena_fini(&arena);
    }
}

/* rights */

static void what_the_role_may_not_do_is_marked(void **state) {
    (void)state;
    struct sequence_facts facts = facts_of_two();
    struct sequence_plan plan;
    struct arena arena;
    arena_init(&arena);
    facts.sides[OLD].sequence.may_alter = false;
    facts.sides[NEW].sequence.may_set = false;
    sequence_plan_make(&facts, &arena, &plan);
    assert_false(plan.steps[OLD].may);
    assert_false(plan.steps[NEW].may);
    facts.sides[NEW].sequence.may_set = true;
    sequence_plan_make(&facts, &arena, &plan);
    assert_true(plan.steps[NEW].may);
    one_database(&facts);
    sequence_plan_make(&facts, &arena, &plan);
    assert_true(plan.steps[0].may); /* of the table */
    facts.sides[NEW].may_alter_table = false;
    sequence_plan_make(&facts, &arena, &plan);
    assert_false(plan.steps[0].may);
    facts = facts_of_two();
    behind_the_rows(&facts);
    facts.sides[NEW].sequence.may_set = false;
    sequence_plan_make(&facts, &arena, &plan);
    assert_false(plan.advance.may);
    arena_fini(&arena);
}

/* back again */

static void a_place_is_known_by_its_numbers(void **state) {
    (void)state;
    static const struct {
        int64_t last_value, increment;
        bool is_old_ones, is_new_ones;
    } places[] = {
        {100, 2, true, false},   {101, 2, false, true},       {100, 1, false, false},
        {101, 3, false, false},  {100, 50, true, false},      {125, 50, false, true},
        {101, 50, false, false}, {-100, -2, true, false},     {-101, -2, false, true},
        {-75, -50, false, true}, {INT64_MIN, 2, true, false}, {INT64_MAX, 2, false, true},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct sequence s = sequence_of(1, "s", "'s'");
        s.last_value = places[i].last_value;
        s.increment = places[i].increment;
        assert_int_equal(sequence_is_placed(&s, SEQUENCE_OLD), places[i].is_old_ones);
        assert_int_equal(sequence_is_placed(&s, SEQUENCE_NEW), places[i].is_new_ones);
    }
}

static void put_back_it_goes_on_behind_the_other_sides_numbers(void **state) {
    (void)state;
    struct sequence_facts facts = facts_of_two();
    struct arena arena;
    arena_init(&arena);
    move_to(&facts.sides[NEW].sequence, 101, 2);
    struct sequence_step step = sequence_put_back(&facts.sides[NEW], SEQUENCE_NEW, &arena);
    assert_string_equal(step.sql,
                        "ALTER SEQUENCE b.s INCREMENT BY 1; SELECT setval('b.s', "
                        "greatest(last_value, (SELECT max(id)::bigint FROM b.t))) FROM b.s");
    move_to(&facts.sides[NEW].sequence, -101, -2);
    step = sequence_put_back(&facts.sides[NEW], SEQUENCE_NEW, &arena);
    assert_string_equal(step.sql, "ALTER SEQUENCE b.s INCREMENT BY -1; SELECT setval('b.s', "
                                  "least(last_value, (SELECT min(id)::bigint FROM b.t))) FROM b.s");
    arena_fini(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_that_meet_are_found),
        cmocka_unit_test(each_side_gets_its_statement),
        cmocka_unit_test(the_new_sequence_goes_on_behind_what_is_there),
        cmocka_unit_test(what_the_role_may_not_do_is_marked),
        cmocka_unit_test(a_place_is_known_by_its_numbers),
        cmocka_unit_test(put_back_it_goes_on_behind_the_other_sides_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
