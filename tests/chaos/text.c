/* text.c - the values that writers write. */
#include "text.h"

#include <stddef.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static const char *const odd_names[] = {
    "",
    " ",
    "   ",
    "  Spaced  Out  ",
    "\tTabbed  Lead\t",
    "\u00a0No-Break  Spaces\u00a0",
    "Ideographic\u3000 Space\u3000",
    "\u2003Em \u2003quads\u2003 ",
    "Line\nBreak Inside",
    "Carriage \r\n Return\r\n",
    "Miles \"Tails\" O'Brien Prower",
    "Back\\slash \\N {Brace, Comma}",
    "NULL",
    "\\N",
    "van der Berg, Johann",
    "김 철수",
    "Zoë\u200bZero Width",
    "\U0001F600 Smile",
    "a \x1f",
    "$1 %s 'quoted'",
};

static const char *const few_names[] = {"Ann Lee", "Bo Lee", "Ann"};
static const char *const few_parts[] = {"Ann", "Bo", "Lee", ""};
static const char *const odd_bios[] = {"", " ", "null", "\\.", "it's \"quoted\"\n\ttab", "\u3000"};

static const char *one_of(struct rng *rng, const char *const *texts, int count) {
    return texts[rng_below(rng, count)];
}

const char *text_full_name(struct rng *rng, struct arena *arena, const char *tag) {
    int dice = rng_below(rng, 100);
    if (dice < 15) {
        return one_of(rng, few_names, COUNT(few_names));
    }
    if (dice < 35) {
        return one_of(rng, odd_names, COUNT(odd_names));
    }
    if (dice < 50) {
        return arena_printf(arena, "  Dr. %s  van  %s ", tag, one_of(rng, few_parts, 3));
    }
    return arena_printf(arena, "%s %s", one_of(rng, few_parts, 3), tag);
}

const char *text_name_part(struct rng *rng, struct arena *arena, const char *tag) {
    int dice = rng_below(rng, 100);
    if (dice < 20) {
        return one_of(rng, few_parts, COUNT(few_parts));
    }
    if (dice < 35) {
        return one_of(rng, odd_names, COUNT(odd_names));
    }
    return arena_printf(arena, dice < 60 ? "van der %s" : "%s", tag);
}

/* Does not compress, as a biography hardly would not: it is to leave the row. */
static const char *large_text(struct rng *rng, struct arena *arena, int size) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .";
    char *text = arena_alloc(arena, (size_t)size + 1);
    for (int i = 0; i < size; i++) {
        text[i] = letters[rng_next(rng) % (sizeof letters - 1)];
    }
    text[size] = '\0';
    return text;
}

const char *text_bio(struct rng *rng, struct arena *arena, const char *tag) {
    int dice = rng_below(rng, 100);
    if (dice < 12) {
        return NULL;
    }
    if (dice < 24) {
        return one_of(rng, odd_bios, COUNT(odd_bios));
    }
    if (dice < 65) {
        return large_text(rng, arena, rng_between(rng, TEXT_LARGE / 4, TEXT_LARGE));
    }
    return arena_printf(arena, "likes %s", tag);
}
