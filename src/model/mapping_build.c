/* mapping_build.c - see mapping.h: a plan for the pair of tables (plan.h), then
 * a mapping for each direction. */
#include <string.h>

#include "model/mapping.h"
#include "model/plan.h"

static struct plan_side make_side(struct arena *arena, const char *word, const struct table *table,
                                  const struct name_list *ignore) {
    struct plan_side side = {
        .word = word,
        .label = arena_printf(arena, "%s table %s.%s", word, table->name.schema, table->name.name),
        .table = table,
        .ignore = ignore,
        .columns = arena_zero(arena, table->n_columns, sizeof *side.columns),
    };
    for (size_t i = 0; i < table->n_columns; i++) {
        side.columns[i].transform = COLUMN_NONE;
        side.columns[i].copy = COLUMN_NONE;
    }
    return side;
}

static bool make_plan(struct plan *plan) {
    size_t before = plan->problems->count;
    if (!plan_tables(plan)) {
        return false;
    }
    plan_old_key(plan);
    plan_columns(plan);
    plan_new_key(plan);
    return plan->problems->count == before;
}

static void map_columns(struct mapping *mapping, const struct plan_side *target,
                        struct arena *arena) {
    size_t n = target->table->n_columns;
    mapping->columns = arena_zero(arena, n, sizeof *mapping->columns);
    for (size_t i = 0; i < n; i++) {
        const struct column_plan *fate = &target->columns[i];
        bool written = fate->copy != COLUMN_NONE || fate->transform != COLUMN_NONE;
        if (written && !target->table->columns[i].generated) {
            mapping->columns[mapping->n_columns++] = (struct mapping_column){
                .target = i,
                .source = fate->copy,
                .transform = fate->transform,
                .is_key = fate->is_key,
            };
        }
    }
}

static size_t find_mapped(const struct mapping *mapping, size_t target) {
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (mapping->columns[i].target == target) {
            return i;
        }
    }
    return COLUMN_NONE;
}

static void map_key(struct mapping *mapping, const struct plan_side *source,
                    const struct plan_side *target, struct arena *arena) {
    mapping->n_key = source->key->n_columns;
    mapping->key = arena_zero(arena, mapping->n_key, sizeof *mapping->key);
    for (size_t i = 0; i < mapping->n_key; i++) {
        size_t copy = source->columns[source->key->columns[i]].copy;
        mapping->key[i] = find_mapped(mapping, copy);
    }
    mapping->key_constraint = target->key->constraint;
}

static size_t *find_columns(const struct table *table, const struct name_list *names,
                            struct arena *arena) {
    size_t *positions = arena_zero(arena, names->count, sizeof *positions);
    for (size_t i = 0; i < names->count; i++) {
        positions[i] = table_find_column(table, names->names[i], strlen(names->names[i]));
    }
    return positions;
}

static void map_transform(struct mapping *mapping, const struct plan *plan, size_t number) {
    bool forward = mapping->direction == FORWARD;
    const struct pgtandem_transform *plugin = plan->transforms[number];
    const struct name_list *in =
        plan_transform_columns(plan, number, forward ? SIDE_OLD : SIDE_NEW);
    const struct name_list *out =
        plan_transform_columns(plan, number, forward ? SIDE_NEW : SIDE_OLD);
    struct mapping_transform *use = &mapping->transforms[number];
    *use = (struct mapping_transform){
        .transform = plugin,
        .there = forward ? plugin->forward : plugin->reverse,
        .back = forward ? plugin->reverse : plugin->forward,
        .inputs = find_columns(mapping->source, in, plan->arena),
        .n_inputs = in->count,
        .outputs = find_columns(mapping->target, out, plan->arena),
        .n_outputs = out->count,
    };
    for (size_t i = 0; i < use->n_outputs; i++) {
        use->outputs[i] = find_mapped(mapping, use->outputs[i]);
    }
}

static struct mapping make_mapping(const struct plan *plan, size_t number,
                                   enum direction direction) {
    const struct plan_side *source = &plan->sides[direction == FORWARD ? SIDE_OLD : SIDE_NEW];
    const struct plan_side *target = &plan->sides[direction == FORWARD ? SIDE_NEW : SIDE_OLD];
    struct mapping mapping = {
        .direction = direction,
        .number = number,
        .source = source->table,
        .target = target->table,
        .n_transforms = plan->spec->n_transforms,
        .version = {COLUMN_NONE, COLUMN_NONE},
    };
    map_columns(&mapping, target, plan->arena);
    map_key(&mapping, source, target, plan->arena);
    mapping.transforms = arena_zero(plan->arena, mapping.n_transforms, sizeof *mapping.transforms);
    for (size_t i = 0; i < mapping.n_transforms; i++) {
        map_transform(&mapping, plan, i);
    }
    return mapping;
}

bool mapping_build(const struct table_spec *spec, size_t number, const struct table *old_table,
                   const struct table *new_table,
                   const struct pgtandem_transform *const *transforms, struct arena *arena,
                   struct mapping_pair *pair, struct problem_list *problems) {
    struct plan plan = {
        .spec = spec,
        .transforms = transforms,
        .sides = {make_side(arena, "old", old_table, &spec->ignore_old),
                  make_side(arena, "new", new_table, &spec->ignore_new)},
        .arena = arena,
        .problems = problems,
    };
    if (!make_plan(&plan)) {
        return false;
    }
    pair->forward = make_mapping(&plan, number, FORWARD);
    pair->reverse = make_mapping(&plan, number, REVERSE);
    return true;
}
