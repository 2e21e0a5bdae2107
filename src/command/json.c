/* json.c - see json.h. */
#include "command/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(yajl_gen_status status) {
    if (status != yajl_gen_status_ok) {
        abort();
    }
}

static void add_string(struct json *json, const char *text) {
    check(yajl_gen_string(json->gen, (const unsigned char *)text, strlen(text)));
}

static void add_key(struct json *json, const char *key) {
    if (key != NULL) {
        add_string(json, key);
    }
}

void json_init(struct json *json, bool pretty) {
    json->gen = yajl_gen_alloc(NULL);
    if (json->gen == NULL) {
        abort();
    }
    yajl_gen_config(json->gen, yajl_gen_beautify, pretty ? 1 : 0);
    yajl_gen_config(json->gen, yajl_gen_indent_string, "  ");
}

void json_fini(struct json *json) {
    yajl_gen_free(json->gen);
}

void json_object(struct json *json, const char *key) {
    add_key(json, key);
    check(yajl_gen_map_open(json->gen));
}

void json_end_object(struct json *json) {
    check(yajl_gen_map_close(json->gen));
}

void json_array(struct json *json, const char *key) {
    add_key(json, key);
    check(yajl_gen_array_open(json->gen));
}

void json_end_array(struct json *json) {
    check(yajl_gen_array_close(json->gen));
}

void json_text(struct json *json, const char *key, const char *text) {
    add_key(json, key);
    if (text != NULL) {
        add_string(json, text);
    } else {
        check(yajl_gen_null(json->gen));
    }
}

void json_int(struct json *json, const char *key, int64_t n) {
    add_key(json, key);
    check(yajl_gen_integer(json->gen, n));
}

/* yajl's own would write 0.999 as 0.99899999999999999911. */
void json_real(struct json *json, const char *key, double n) {
    char text[32];
    add_key(json, key);
    int size = snprintf(text, sizeof text, "%.12g", isfinite(n) ? n : 0.0);
    check(yajl_gen_number(json->gen, text, (size_t)size));
}

void json_raw(struct json *json, const char *key, const char *text) {
    if (text == NULL) {
        json_text(json, key, NULL);
        return;
    }
    add_key(json, key);
    check(yajl_gen_number(json->gen, text, strlen(text)));
}

void json_bool(struct json *json, const char *key, bool value) {
    add_key(json, key);
    check(yajl_gen_bool(json->gen, value));
}

void json_print(struct json *json) {
    const unsigned char *text;
    size_t size;
    check(yajl_gen_get_buf(json->gen, &text, &size));
    fwrite(text, 1, size, stdout);
    if (size == 0 || text[size - 1] != '\n') {
        putchar('\n');
    }
}

void json_time(struct json *json, const char *key, usec_t moment) {
    struct usec_text text = usec_format(moment); /* "2026-11-22 09:10:23.020492+00" */
    char iso[USEC_TEXT_SIZE];
    snprintf(iso, sizeof iso, "%.10sT%.15sZ", text.text, text.text + 11);
    json_text(json, key, moment == 0 ? NULL : iso);
}
