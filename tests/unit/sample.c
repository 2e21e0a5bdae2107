/* sample.c - see sample.h. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TYPE(type_oid, base, element, type_kind, type_category, type_label)                        \
    {                                                                                              \
        .oid = (type_oid), .base_oid = (base), .element_oid = (element), .kind = (type_kind),      \
        .category = (type_category), .modifier = -1, .name = (type_label),                         \
        .full_name = (type_label)                                                                  \
    }

const struct column_type type_text = TYPE(25, 25, 0, 'b', 'S', "text");
const struct column_type type_varchar = TYPE(1043, 1043, 0, 'b', 'S', "character varying");
const struct column_type type_bpchar = TYPE(1042, 1042, 0, 'b', 'S', "character(10)");
const struct column_type type_name = TYPE(19, 19, 0, 'b', 'S', "name");
const struct column_type type_int4 = TYPE(23, 23, 0, 'b', 'N', "integer");
const struct column_type type_int8 = TYPE(20, 20, 0, 'b', 'N', "bigint");
const struct column_type type_numeric = TYPE(1700, 1700, 0, 'b', 'N', "numeric");
const struct column_type type_float4 = TYPE(700, 700, 0, 'b', 'N', "real");
const struct column_type type_float8 = TYPE(701, 701, 0, 'b', 'N', "double precision");
const struct column_type type_bool = TYPE(16, 16, 0, 'b', 'B', "boolean");
const struct column_type type_date = TYPE(1082, 1082, 0, 'b', 'D', "date");
const struct column_type type_timestamp =
    TYPE(1114, 1114, 0, 'b', 'D', "timestamp without time zone");
const struct column_type type_timestamptz =
    TYPE(1184, 1184, 0, 'b', 'D', "timestamp with time zone");
const struct column_type type_json = TYPE(114, 114, 0, 'b', 'U', "json");
const struct column_type type_jsonb = TYPE(3802, 3802, 0, 'b', 'U', "jsonb");
const struct column_type type_uuid = TYPE(2950, 2950, 0, 'b', 'U', "uuid");
const struct column_type type_bytea = TYPE(17, 17, 0, 'b', 'U', "bytea");
const struct column_type type_citext = TYPE(16400, 16400, 0, 'b', 'S', "public.citext");
const struct column_type type_mood = TYPE(16500, 16500, 0, 'e', 'E', "public.mood");
const struct column_type type_colour = TYPE(16501, 16501, 0, 'e', 'E', "public.colour");
const struct column_type type_text_domain = TYPE(16600, 25, 0, 'b', 'S', "public.short_text");
const struct column_type type_int4_array = TYPE(1007, 1007, 23, 'b', 'A', "integer[]");
const struct column_type type_int8_array = TYPE(1016, 1016, 20, 'b', 'A', "bigint[]");
const struct column_type type_text_array = TYPE(1009, 1009, 25, 'b', 'A', "text[]");
const struct column_type type_numeric_array = TYPE(1231, 1231, 1700, 'b', 'A', "numeric[]");

static bool refuses(struct pgtandem_call *call, struct pgtandem_text text) {
    if (text.is_null) {
        return false;
    }
    if (memchr(text.data, '?', text.size) != NULL) {
        snprintf(call->error, call->error_size, "it has a question mark");
        return true;
    }
    return memchr(text.data, '!', text.size) != NULL;
}

static bool halve_forward(struct pgtandem_call *call, const struct pgtandem_text *in,
                          struct pgtandem_text *out) {
    if (refuses(call, in[0])) {
        return false;
    }
    if (in[0].is_null) {
        return true; /* what is not set is NULL */
    }
    const char *space = memrchr(in[0].data, ' ', in[0].size);
    size_t first = space == NULL ? in[0].size : (size_t)(space - in[0].data);
    size_t last = space == NULL ? first : first + 1;
    out[0] = (struct pgtandem_text){in[0].data, first, false};
    out[1] = (struct pgtandem_text){in[0].data + last, in[0].size - last, false};
    return true;
}

static bool halve_reverse(struct pgtandem_call *call, const struct pgtandem_text *in,
                          struct pgtandem_text *out) {
    if (refuses(call, in[0]) || refuses(call, in[1])) {
        return false;
    }
    if (in[0].is_null && in[1].is_null) {
        return true;
    }
    char *joined = call->alloc(call, in[0].size + in[1].size + 1);
    size_t n = 0;
    memcpy(joined, in[0].data, in[0].size);
    n += in[0].size;
    if (in[0].size > 0 && in[1].size > 0) {
        joined[n++] = ' ';
    }
    memcpy(joined + n, in[1].data, in[1].size);
    out[0] = (struct pgtandem_text){joined, n + in[1].size, false};
    return true;
}

static const char *const halve_old[] = {"full_name", NULL};
static const char *const halve_new[] = {"first_name", "last_name", NULL};

const struct pgtandem_transform halve = {
    .abi = PGTANDEM_TRANSFORM_ABI,
    .size = sizeof halve,
    .name = "halve",
    .summary = "splits at the last space",
    .old_columns = halve_old,
    .new_columns = halve_new,
    .forward = halve_forward,
    .reverse = halve_reverse,
};

struct column *sample_add(struct table *table, const char *name, const struct column_type *type) {
    assert_true(table->n_columns < SAMPLE_COLUMNS);
    struct column *column = &table->columns[table->n_columns++];
    *column = (struct column){.name = name, .type = *type};
    return column;
}

static void add_not_null(struct table *table, const char *name, const struct column_type *type) {
    sample_add(table, name, type)->not_null = true;
}

static struct table make_table(const char *schema, struct column *columns, size_t *key,
                               size_t *index) {
    return (struct table){
        .name = {schema, "users"},
        .kind = 'r',
        .columns = columns,
        .primary_key = {"users_pkey", key, 1, false},
        .identity = IDENTITY_DEFAULT,
        .identity_index = {NULL, index, 1, false},
    };
}

static void add_columns(struct sample *sample) {
    add_not_null(&sample->old_table, "id", &type_int8);
    add_not_null(&sample->old_table, "email", &type_text);
    add_not_null(&sample->old_table, "full_name", &type_text);
    sample_add(&sample->old_table, "bio", &type_text);
    add_not_null(&sample->new_table, "id", &type_int8);
    add_not_null(&sample->new_table, "email", &type_text);
    add_not_null(&sample->new_table, "first_name", &type_text);
    add_not_null(&sample->new_table, "last_name", &type_text);
    sample_add(&sample->new_table, "bio", &type_text);
}

static const char *old_names[] = {"full_name"};
static const char *new_names[] = {"first_name", "last_name"};

void sample_init(struct sample *sample) {
    memset(sample, 0, sizeof *sample);
    arena_init(&sample->arena);
    sample->old_table =
        make_table("public", sample->old_columns, sample->old_key, sample->old_index);
    sample->new_table =
        make_table("app_v2", sample->new_columns, sample->new_key, sample->new_index);
    add_columns(sample);
    sample->plugins[0] = sample->plugins[1] = &halve;
    sample->transforms[0] = (struct transform_spec){
        .use = "halve", .old_columns = {old_names, 1}, .new_columns = {new_names, 2}, .line = 12};
    sample->spec = (struct table_spec){
        .old_table = sample->old_table.name,
        .new_table = sample->new_table.name,
        .transforms = sample->transforms,
        .n_transforms = 1,
        .ignore_old = {sample->ignore_old, 0},
        .ignore_new = {sample->ignore_new, 0},
        .line = 8,
    };
    problem_list_init(&sample->problems, &sample->arena);
}

void sample_fini(struct sample *sample) {
    arena_fini(&sample->arena);
}

struct column *sample_column(struct table *table, const char *name) {
    size_t position = table_find_column(table, name, strlen(name));
    assert_true(position != COLUMN_NONE);
    return &table->columns[position];
}

void sample_ignore(struct sample *sample, const char *old_name, const char *new_name) {
    if (old_name != NULL) {
        sample->ignore_old[sample->spec.ignore_old.count++] = old_name;
    }
    if (new_name != NULL) {
        sample->ignore_new[sample->spec.ignore_new.count++] = new_name;
    }
}

bool sample_build(struct sample *sample) {
    return mapping_build(&sample->spec, 0, &sample->old_table, &sample->new_table, sample->plugins,
                         &sample->arena, &sample->pair, &sample->problems);
}
