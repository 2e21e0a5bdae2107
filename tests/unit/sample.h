/* sample.h - the scenario's pair of tables as their catalogs describe them, to
 * be bent into the shape that a test is about:
 *
 *     old public.users   id, email, full_name, bio
 *     new app_v2.users   id, email, first_name, last_name, bio
 *
 * with a small transform "halve" between the names. */
#ifndef PGTANDEM_TESTS_SAMPLE_H
#define PGTANDEM_TESTS_SAMPLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "model/mapping.h"

enum { SAMPLE_COLUMNS = 12, SAMPLE_TRANSFORMS = 2, SAMPLE_IGNORED = 4 };

struct sample {
    struct arena arena;
    struct table old_table, new_table;
    struct column old_columns[SAMPLE_COLUMNS], new_columns[SAMPLE_COLUMNS];
    size_t old_key[2], new_key[2], old_index[2], new_index[2];
    struct transform_spec transforms[SAMPLE_TRANSFORMS];
    const struct pgtandem_transform *plugins[SAMPLE_TRANSFORMS];
    const char *ignore_old[SAMPLE_IGNORED], *ignore_new[SAMPLE_IGNORED];
    struct table_spec spec; /* its line is 8, its transform's line 12 */
    struct problem_list problems;
    struct mapping_pair pair;
};

extern const struct column_type type_text, type_varchar, type_bpchar, type_name, type_int4,
    type_int8, type_numeric, type_float4, type_float8, type_bool, type_date, type_timestamp,
    type_timestamptz, type_json, type_jsonb, type_uuid, type_bytea, type_citext, type_mood,
    type_colour, type_text_domain, type_int4_array, type_int8_array, type_text_array,
    type_numeric_array;

/* Splits at the last space and joins with a space. NULL gives NULL; a text
 * with '?' is refused for its question mark, one with '!' without a reason. */
extern const struct pgtandem_transform halve;

void sample_init(struct sample *sample);
void sample_fini(struct sample *sample);
/* A further nullable column at the table's end */
struct column *sample_add(struct table *table, const char *name, const struct column_type *type);
struct column *sample_column(struct table *table, const char *name);
void sample_ignore(struct sample *sample, const char *old_name, const char *new_name);
bool sample_build(struct sample *sample);

#endif
