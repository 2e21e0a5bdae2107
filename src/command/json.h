/* json.h - JSON output of commands, a thin layer over yajl's generator.
 *
 * Lifetime: json_init, values, json_print, json_fini. Every function takes the
 *   key of the value first; NULL inside an array and for the outermost value.
 * Errors: none; misuse (a value without its key) is a bug and aborts. */
#ifndef PGTANDEM_COMMAND_JSON_H
#define PGTANDEM_COMMAND_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <yajl/yajl_gen.h>

#include "base/timestamp.h"

struct json {
    yajl_gen gen;
};

/* `pretty`: over several lines; else all in one. */
void json_init(struct json *json, bool pretty);
void json_fini(struct json *json);

void json_object(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_array(struct json *json, const char *key);
void json_end_array(struct json *json);

/* NULL becomes null. */
void json_text(struct json *json, const char *key, const char *text);
void json_int(struct json *json, const char *key, int64_t n);
void json_real(struct json *json, const char *key, double n);
/* A moment as in "2026-11-22T09:10:23.020492Z"; 0 becomes null. */
void json_time(struct json *json, const char *key, usec_t moment);
/* JSON as a server wrote it, unchanged; NULL becomes null. */
void json_raw(struct json *json, const char *key, const char *text);
void json_bool(struct json *json, const char *key, bool value);

/* To standard output, with a line feed at the end. */
void json_print(struct json *json);

#endif
