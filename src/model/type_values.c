/* type_values.c - see types.h: how values get on between types that go together.
 *
 * Texts come in the output format of their type, under the pinned session
 * settings: numeric without an exponent, timestamps in UTC. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "model/type_family.h"
#include "model/types.h"

static struct value without_padding(struct value value) {
    while (value.size > 0 && value.data[value.size - 1] == ' ') {
        value.size--;
    }
    return value;
}

/* "5.00" is "5"; what has another fraction, or an exponent, is left alone. */
static struct value without_zero_fraction(struct value value) {
    const char *point = memchr(value.data, '.', value.size);
    if (point == NULL) {
        return value;
    }
    size_t whole = (size_t)(point - value.data);
    for (size_t i = whole + 1; i < value.size; i++) {
        if (value.data[i] != '0') {
            return value;
        }
    }
    value.size = whole;
    return value;
}

struct value types_copy(const struct column_type *source, const struct column_type *target,
                        struct value value) {
    if (value.kind != VALUE_TEXT || value.size == 0) {
        return value;
    }
    if (source->base_oid == OID_BPCHAR && target->base_oid != OID_BPCHAR) {
        return without_padding(value);
    }
    if (type_family_of(source) == FAMILY_NUMBER && type_family_of(target) == FAMILY_INTEGER) {
        return without_zero_fraction(value);
    }
    return value;
}

/* One spelling for each decimal number: "-01.50" is "-1.5". */
struct decimal {
    bool negative;
    struct value whole, fraction;
};

static struct decimal decimal_parse(struct value text) {
    struct decimal d = {.negative = text.size > 0 && text.data[0] == '-'};
    const char *at = text.data + (d.negative ? 1 : 0);
    const char *end = text.data + text.size;
    while (at < end && *at == '0') {
        at++;
    }
    const char *point = memchr(at, '.', (size_t)(end - at));
    const char *whole_end = point != NULL ? point : end;
    d.whole = value_text(at, (size_t)(whole_end - at));
    d.fraction = value_text(whole_end, 0);
    if (point != NULL) {
        while (end > point + 1 && end[-1] == '0') {
            end--;
        }
        d.fraction = value_text(point + 1, (size_t)(end - point - 1));
    }
    return d;
}

static bool decimals_agree(struct value a, struct value b) {
    struct decimal x = decimal_parse(a);
    struct decimal y = decimal_parse(b);
    return x.negative == y.negative && value_equal(x.whole, y.whole) &&
           value_equal(x.fraction, y.fraction);
}

enum { NUMBER_TEXT_MAX = 512 }; /* longer than any number a float column holds */

static bool floats_agree(struct value a, struct value b, bool single) {
    char a_text[NUMBER_TEXT_MAX], b_text[NUMBER_TEXT_MAX];
    if (a.size >= sizeof a_text || b.size >= sizeof b_text) {
        return false;
    }
    memcpy(a_text, a.data, a.size);
    a_text[a.size] = '\0';
    memcpy(b_text, b.data, b.size);
    b_text[b.size] = '\0';
    if (single) {
        float x = strtof(a_text, NULL), y = strtof(b_text, NULL);
        return x >= y && x <= y;
    }
    double x = strtod(a_text, NULL), y = strtod(b_text, NULL);
    return x >= y && x <= y;
}

static bool numbers_agree(uint32_t a_oid, struct value a, uint32_t b_oid, struct value b) {
    bool single = a_oid == OID_FLOAT4 || b_oid == OID_FLOAT4;
    if (single || a_oid == OID_FLOAT8 || b_oid == OID_FLOAT8) {
        return floats_agree(a, b, single);
    }
    return decimals_agree(a, b);
}

/* "... 09:10:23+00 BC" is "... 09:10:23 BC": skip the zone on either side. */
static bool timestamps_agree(struct value a, struct value b) {
    size_t i = 0, j = 0;
    while (i < a.size || j < b.size) {
        if (a.size - i >= 3 && memcmp(a.data + i, "+00", 3) == 0) {
            i += 3;
        } else if (b.size - j >= 3 && memcmp(b.data + j, "+00", 3) == 0) {
            j += 3;
        } else if (i == a.size || j == b.size || a.data[i++] != b.data[j++]) {
            return false;
        }
    }
    return true;
}

/* The next hexadecimal digit from *at on in lower case, or -1 at the end:
 * braces and hyphens may be anywhere in the spelling of a uuid. */
static int next_uuid_digit(struct value text, size_t *at) {
    while (*at < text.size) {
        unsigned char c = (unsigned char)text.data[(*at)++];
        if (c != '-' && c != '{' && c != '}') {
            return tolower(c);
        }
    }
    return -1;
}

static bool uuids_agree(struct value a, struct value b) {
    size_t i = 0, j = 0;
    int digit;
    do {
        digit = next_uuid_digit(a, &i);
        if (digit != next_uuid_digit(b, &j)) {
            return false;
        }
    } while (digit != -1);
    return true;
}

struct json_reader {
    struct value text;
    size_t at;
    bool in_string, escaped;
};

/* The next character, or -1 at the end; white space counts only in a string. */
static int next_json_character(struct json_reader *json) {
    while (json->at < json->text.size) {
        char c = json->text.data[json->at++];
        if (!json->in_string && memchr(" \t\r\n", c, 4) != NULL) {
            continue;
        }
        if (c == '"' && !json->escaped) {
            json->in_string = !json->in_string;
        }
        json->escaped = json->in_string && c == '\\' && !json->escaped;
        return (unsigned char)c;
    }
    return -1;
}

static bool json_agrees(struct value a, struct value b) {
    struct json_reader x = {.text = a}, y = {.text = b};
    int c;
    do {
        c = next_json_character(&x);
        if (c != next_json_character(&y)) {
            return false;
        }
    } while (c != -1);
    return true;
}

static bool is_number(enum type_family family) {
    return family == FAMILY_INTEGER || family == FAMILY_NUMBER;
}

bool types_values_agree(const struct column_type *a_type, struct value a,
                        const struct column_type *b_type, struct value b) {
    if (value_equal(a, b)) {
        return true;
    }
    if (a.kind != VALUE_TEXT || b.kind != VALUE_TEXT) {
        return false;
    }
    if (a_type->base_oid == OID_BPCHAR || b_type->base_oid == OID_BPCHAR) {
        a = without_padding(a);
        b = without_padding(b);
    }
    enum type_family a_family = type_family_of(a_type);
    enum type_family b_family = type_family_of(b_type);
    if (is_number(a_family) && is_number(b_family)) {
        return numbers_agree(a_type->base_oid, a, b_type->base_oid, b);
    }
    if (a_family == FAMILY_TIMESTAMP && b_family == FAMILY_TIMESTAMP) {
        return timestamps_agree(a, b);
    }
    if (a_family == FAMILY_JSON && b_family == FAMILY_JSON) {
        return json_agrees(a, b);
    }
    if (a_family == FAMILY_UUID || b_family == FAMILY_UUID) {
        return uuids_agree(a, b);
    }
    return value_equal(a, b);
}
