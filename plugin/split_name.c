/* split_name.c - full_name to first_name and last_name, and back.
 *
 * Why here: it is the transform of the scenario, and comes in through the same
 *   door as a user's own.
 * Source of the rule: split_full_name() and concat_names() of the scenario, in
 *   Python. Every byte is theirs, surprises included: strip() knows all Unicode
 *   white space, but only U+0020 separates words; and concat_names() drops
 *   empty parts before it strips them, so that (" ", "Prince") is " Prince".
 *   tests/data/make_split_name.py holds the original and makes the table of
 *   cases that this file is tested against.
 * Bytes that are not UTF-8 count as letters.
 * Speed: forward copies nothing, its outputs point into the input. */
#include <string.h>

#include "pgtandem_transform.h"

enum { SPACE_MAX = 3 }; /* bytes of the longest white-space character */

static bool is_space_of_three(const unsigned char *b) {
    int code = b[0] << 16 | b[1] << 8 | b[2];
    return code == 0xE19A80 ||                       /* U+1680 Ogham space mark */
           (code >= 0xE28080 && code <= 0xE2808A) || /* U+2000 en quad to U+200A hair space */
           code == 0xE280A8 || code == 0xE280A9 ||   /* U+2028, U+2029 line, paragraph separator */
           code == 0xE280AF ||                       /* U+202F narrow no-break space */
           code == 0xE2819F ||                       /* U+205F medium mathematical space */
           code == 0xE38080;                         /* U+3000 ideographic space */
}

/* True when these `size` bytes are one character for which Python's
 * str.isspace() holds; `size` is 1 to SPACE_MAX. */
static bool is_space(const char *bytes, size_t size) {
    const unsigned char *b = (const unsigned char *)bytes;
    switch (size) {
        case 1: /* tab to carriage return; the four separators and the space */
            return (b[0] >= 0x09 && b[0] <= 0x0D) || (b[0] >= 0x1C && b[0] <= 0x20);
        case 2: /* U+0085 next line, U+00A0 no-break space */
            return b[0] == 0xC2 && (b[1] == 0x85 || b[1] == 0xA0);
        case 3:
            return is_space_of_three(b);
    }
    return false;
}

/* Bytes of the white-space character at the start of `text`; 0: there is none */
static size_t space_at_start(struct pgtandem_text text) {
    for (size_t n = 1; n <= SPACE_MAX && n <= text.size; n++) {
        if (is_space(text.data, n)) {
            return n;
        }
    }
    return 0;
}

/* The same at its end. UTF-8 can be read backwards: no character's encoding is
 * the end of another's. */
static size_t space_at_end(struct pgtandem_text text) {
    for (size_t n = 1; n <= SPACE_MAX && n <= text.size; n++) {
        if (is_space(text.data + text.size - n, n)) {
            return n;
        }
    }
    return 0;
}

static struct pgtandem_text text_null(void) {
    return (struct pgtandem_text){.is_null = true};
}

static struct pgtandem_text text_of(const char *data, size_t size) {
    return (struct pgtandem_text){.data = size == 0 ? "" : data, .size = size};
}

static struct pgtandem_text strip(struct pgtandem_text text) {
    size_t n;
    while ((n = space_at_start(text)) > 0) {
        text = text_of(text.data + n, text.size - n);
    }
    while ((n = space_at_end(text)) > 0) {
        text = text_of(text.data, text.size - n);
    }
    return text_of(text.data, text.size);
}

/* Where the word after the last U+0020 starts; 0 when there is no U+0020. */
static size_t find_last_word(struct pgtandem_text text) {
    size_t start = text.size;
    while (start > 0 && text.data[start - 1] != ' ') {
        start--;
    }
    return start;
}

static bool split(struct pgtandem_call *call, const struct pgtandem_text *in,
                  struct pgtandem_text *out) {
    (void)call;
    if (in[0].is_null) {
        out[0] = out[1] = text_null();
        return true;
    }
    struct pgtandem_text name = strip(in[0]);
    size_t last = find_last_word(name);
    if (last == 0) {
        out[0] = name;
        out[1] = text_of("", 0);
        return true;
    }
    out[0] = strip(text_of(name.data, last - 1));
    out[1] = strip(text_of(name.data + last, name.size - last));
    return true;
}

static struct pgtandem_text join(struct pgtandem_call *call, struct pgtandem_text first,
                                 struct pgtandem_text last) {
    /* cannot wrap: no object is larger than half the address space */
    size_t size = first.size + 1 + last.size;
    char *data = call->alloc(call, size);
    memcpy(data, first.data, first.size);
    data[first.size] = ' ';
    memcpy(data + first.size + 1, last.data, last.size);
    return text_of(data, size);
}

static bool concat(struct pgtandem_call *call, const struct pgtandem_text *in,
                   struct pgtandem_text *out) {
    if (in[0].is_null && in[1].is_null) {
        out[0] = text_null();
        return true;
    }
    bool has_first = !in[0].is_null && in[0].size > 0;
    bool has_last = !in[1].is_null && in[1].size > 0;
    struct pgtandem_text first = has_first ? strip(in[0]) : text_of("", 0);
    struct pgtandem_text last = has_last ? strip(in[1]) : text_of("", 0);
    /* not first.size and last.size: a part of nothing but white space counts */
    if (has_first && has_last) {
        out[0] = join(call, first, last);
    } else {
        out[0] = has_first ? first : last;
    }
    return true;
}

static const char *const old_columns[] = {"full_name", NULL};
static const char *const new_columns[] = {"first_name", "last_name", NULL};

const struct pgtandem_transform pgtandem_transform = {
    .abi = PGTANDEM_TRANSFORM_ABI,
    .size = sizeof(struct pgtandem_transform),
    .name = "split_name",
    .summary = "splits a full name at its last space; joins first and last name with one",
    .old_columns = old_columns,
    .new_columns = new_columns,
    .forward = split,
    .reverse = concat,
};
