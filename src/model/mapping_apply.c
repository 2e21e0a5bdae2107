/* mapping_apply.c - see mapping.h: rows through a mapping, and whether two agree. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "model/mapping.h"
#include "model/types.h"

enum { REASON_SIZE = 256 };

/* Why a transform's outputs cannot be had: in the plugin's own words, which may hold the
 * row's values, or in ours, which do not. */
struct reason {
    char plugin[REASON_SIZE];
    char ours[64];
};

/* A call that allocates from an arena; `call` comes first, so that the pointer
 * that the transform hands back is one to this. */
struct arena_call {
    struct pgtandem_call call;
    struct arena *arena;
};

static void *call_alloc(struct pgtandem_call *call, size_t size) {
    struct arena_call *own = (struct arena_call *)call;
    return arena_alloc(own->arena, size);
}

static struct pgtandem_text text_of(struct value value) {
    bool is_null = value.kind != VALUE_TEXT;
    return (struct pgtandem_text){is_null ? "" : value.data, is_null ? 0 : value.size, is_null};
}

static struct value value_of(struct pgtandem_text text) {
    if (text.is_null) {
        return value_null();
    }
    return value_text(text.size > 0 ? text.data : "", text.size);
}

static struct value null_to_empty(struct value value, const struct column *column) {
    return value.kind == VALUE_NULL && column->not_null ? value_text("", 0) : value;
}

/* NUL ends a text for libpq: what follows it would be lost without a word. What is not
 * UTF-8 no server takes, not even to be kept for people to look at. */
static bool output_is_valid(struct pgtandem_text out, struct reason *reason) {
    size_t offset;
    if (out.is_null || out.size == 0) {
        return true;
    }
    if (memchr(out.data, '\0', out.size) != NULL) {
        snprintf(reason->ours, sizeof reason->ours, "it made a text with a NUL byte");
        return false;
    }
    if (!utf8_check(out.data, out.size, &offset)) {
        snprintf(reason->ours, sizeof reason->ours,
                 "it made a text that is not UTF-8, from byte %zu on", offset + 1);
        return false;
    }
    return true;
}

static bool outputs_valid(const struct pgtandem_text *out, size_t n, struct reason *reason) {
    for (size_t i = 0; i < n; i++) {
        if (!output_is_valid(out[i], reason)) {
            return false;
        }
    }
    return true;
}

/* Outputs that the function does not set are NULL. */
static bool call_transform(pgtandem_transform_fn *function, const struct value *in, size_t n_in,
                           struct value *out, size_t n_out, struct arena *arena,
                           struct reason *reason) {
    struct arena_call own = {{call_alloc, reason->plugin, sizeof reason->plugin}, arena};
    struct pgtandem_text *in_texts = arena_zero(arena, n_in, sizeof *in_texts);
    struct pgtandem_text *out_texts = arena_zero(arena, n_out, sizeof *out_texts);
    for (size_t i = 0; i < n_in; i++) {
        in_texts[i] = text_of(in[i]);
    }
    for (size_t i = 0; i < n_out; i++) {
        out_texts[i].is_null = true;
    }
    reason->plugin[0] = reason->ours[0] = '\0';
    if (!function(&own.call, in_texts, out_texts) || !outputs_valid(out_texts, n_out, reason)) {
        return false;
    }
    for (size_t i = 0; i < n_out; i++) {
        out[i] = value_of(out_texts[i]);
    }
    return true;
}

/* The transform's inputs, picked from a source row. Returns how many are there. */
static size_t gather_inputs(const struct mapping_transform *transform, const struct value *source,
                            struct value *in) {
    size_t present = 0;
    for (size_t i = 0; i < transform->n_inputs; i++) {
        in[i] = source[transform->inputs[i]];
        present += in[i].kind != VALUE_ABSENT;
    }
    return present;
}

static const struct column *output_column(const struct mapping *mapping,
                                          const struct mapping_transform *transform, size_t i) {
    return &mapping->target->columns[mapping->columns[transform->outputs[i]].target];
}

/* Source columns to target columns, as the target can hold them. */
static bool transform_there(const struct mapping *mapping,
                            const struct mapping_transform *transform, const struct value *in,
                            struct value *out, struct arena *arena, struct reason *reason) {
    if (!call_transform(transform->there, in, transform->n_inputs, out, transform->n_outputs, arena,
                        reason)) {
        return false;
    }
    for (size_t i = 0; i < transform->n_outputs; i++) {
        out[i] = null_to_empty(out[i], output_column(mapping, transform, i));
    }
    return true;
}

/* The words are a plugin's, which may end in the middle of a character. */
static bool refuse(const struct mapping_transform *transform, struct reason *reason,
                   struct err *err) {
    size_t offset;
    if (!utf8_check(reason->plugin, strlen(reason->plugin), &offset)) {
        reason->plugin[offset] = '\0';
    }
    err_set(err, ERR_FAILED, "transform \"%s\" refused the row", transform->transform->name);
    if (reason->ours[0] != '\0') {
        err_append(err, ": %s", reason->ours);
    } else if (reason->plugin[0] == '\0') {
        err_append(err, " and gave no reason");
    } else {
        err_set_server(err, "%s", reason->plugin);
    }
    return err_set_class(err, ERR_CLASS_ROW);
}

static bool apply_transform(const struct mapping *mapping,
                            const struct mapping_transform *transform, const struct value *source,
                            struct value *target, struct arena *arena, bool *incomplete,
                            struct err *err) {
    struct value *in = arena_zero(arena, transform->n_inputs, sizeof *in);
    struct value *out = arena_zero(arena, transform->n_outputs, sizeof *out);
    size_t present = gather_inputs(transform, source, in);
    if (present == transform->n_inputs) {
        struct reason reason;
        if (!transform_there(mapping, transform, in, out, arena, &reason)) {
            return refuse(transform, &reason, err);
        }
    } else if (present > 0) {
        *incomplete = true;
    }
    for (size_t i = 0; i < transform->n_outputs; i++) {
        target[transform->outputs[i]] = out[i]; /* zeroed: absent */
    }
    return true;
}

static struct value copy_column(const struct mapping *mapping, const struct mapping_column *column,
                                const struct value *source) {
    return types_copy(&mapping->source->columns[column->source].type,
                      &mapping->target->columns[column->target].type, source[column->source]);
}

bool mapping_apply(const struct mapping *mapping, const struct value *source, struct value *target,
                   struct arena *arena, bool *incomplete, struct err *err) {
    *incomplete = false;
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (mapping->columns[i].source != COLUMN_NONE) {
            target[i] = copy_column(mapping, &mapping->columns[i], source);
        }
    }
    for (size_t i = 0; i < mapping->n_transforms; i++) {
        if (!apply_transform(mapping, &mapping->transforms[i], source, target, arena, incomplete,
                             err)) {
            return false;
        }
    }
    return true;
}

/* Is some column that a NULL passes on its way there and back NOT NULL? Then it
 * arrives as ''. */
static bool any_output_not_null(const struct mapping *mapping,
                                const struct mapping_transform *transform) {
    for (size_t i = 0; i < transform->n_outputs; i++) {
        if (output_column(mapping, transform, i)->not_null) {
            return true;
        }
    }
    return false;
}

static bool is_null_or_empty(struct value value) {
    return value.kind == VALUE_NULL || (value.kind == VALUE_TEXT && value.size == 0);
}

static bool inputs_agree(const struct mapping *mapping, const struct mapping_transform *transform,
                         const struct value *in, const struct value *mapped_back) {
    bool null_is_empty = any_output_not_null(mapping, transform);
    for (size_t i = 0; i < transform->n_inputs; i++) {
        const struct column *column = &mapping->source->columns[transform->inputs[i]];
        if ((null_is_empty || column->not_null) && is_null_or_empty(in[i]) &&
            is_null_or_empty(mapped_back[i])) {
            continue;
        }
        if (!types_values_agree(&column->type, in[i], &column->type, mapped_back[i])) {
            return false;
        }
    }
    return true;
}

bool mapping_keeps(const struct mapping *mapping, const struct mapping_transform *transform,
                   const struct value *source, const struct value *current, struct arena *arena) {
    struct value *in = arena_zero(arena, transform->n_inputs, sizeof *in);
    struct value *mapped_back = arena_zero(arena, transform->n_inputs, sizeof *mapped_back);
    struct value *out = arena_zero(arena, transform->n_outputs, sizeof *out);
    if (gather_inputs(transform, source, in) < transform->n_inputs) {
        return false;
    }
    for (size_t i = 0; i < transform->n_outputs; i++) {
        out[i] = current[transform->outputs[i]];
        if (out[i].kind == VALUE_ABSENT) {
            return false;
        }
    }
    struct reason reason;
    return call_transform(transform->back, out, transform->n_outputs, mapped_back,
                          transform->n_inputs, arena, &reason) &&
           inputs_agree(mapping, transform, in, mapped_back);
}

const char *mapping_target_text(const struct mapping *mapping, struct arena *arena) {
    const struct table_name *name = &mapping->target->name;
    return arena_printf(arena, "%s.%s", name->schema, name->name);
}

struct value *mapping_pick(const struct mapping *mapping, const struct value *row,
                           struct arena *arena) {
    struct value *picked = arena_zero(arena, mapping->n_columns, sizeof *picked);
    for (size_t i = 0; i < mapping->n_columns; i++) {
        picked[i] = row[mapping->columns[i].target];
    }
    return picked;
}

static bool maps_to(const struct mapping *mapping, const struct mapping_transform *transform,
                    const struct value *source, const struct value *current, struct arena *arena) {
    struct value *in = arena_zero(arena, transform->n_inputs, sizeof *in);
    struct value *out = arena_zero(arena, transform->n_outputs, sizeof *out);
    gather_inputs(transform, source, in);
    struct reason reason;
    if (!transform_there(mapping, transform, in, out, arena, &reason)) {
        return false;
    }
    for (size_t i = 0; i < transform->n_outputs; i++) {
        const struct column_type *type = &output_column(mapping, transform, i)->type;
        if (!types_values_agree(type, out[i], type, current[transform->outputs[i]])) {
            return false;
        }
    }
    return true;
}

/* A generated column does not count: one of the links cannot write it. */
static bool copies_agree(const struct mapping *mapping, const struct value *source,
                         const struct value *current) {
    for (size_t i = 0; i < mapping->n_columns; i++) {
        const struct mapping_column *column = &mapping->columns[i];
        if (column->source == COLUMN_NONE || mapping->source->columns[column->source].generated) {
            continue;
        }
        if (!types_values_agree(&mapping->source->columns[column->source].type,
                                source[column->source],
                                &mapping->target->columns[column->target].type, current[i])) {
            return false;
        }
    }
    return true;
}

bool mapping_rows_agree(const struct mapping_pair *pair, const struct value *old_row,
                        const struct value *new_row, struct arena *arena) {
    const struct mapping *mapping = &pair->forward;
    const struct value *current = mapping_pick(mapping, new_row, arena);
    if (!copies_agree(mapping, old_row, current)) {
        return false;
    }
    for (size_t i = 0; i < mapping->n_transforms; i++) {
        const struct mapping_transform *transform = &mapping->transforms[i];
        if (!maps_to(mapping, transform, old_row, current, arena) &&
            !mapping_keeps(mapping, transform, old_row, current, arena)) {
            return false;
        }
    }
    return true;
}
