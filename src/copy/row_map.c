/* row_map.c - see row_map.h. */
#include "copy/row_map.h"

#include <string.h>

#include "copy/copy_binary.h"
#include "copy/copy_text.h"

static void mark_inputs(const struct mapping *mapping, bool *marks) {
    for (size_t i = 0; i < mapping->n_transforms; i++) {
        const struct mapping_transform *transform = &mapping->transforms[i];
        for (size_t j = 0; j < transform->n_inputs; j++) {
            marks[transform->inputs[j]] = true;
        }
    }
}

static void mark_copied(const struct mapping *mapping, bool *marks) {
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (mapping->columns[i].source != COLUMN_NONE) {
            marks[mapping->columns[i].source] = true;
        }
    }
}

struct field_list field_list_of(const struct mapping *mapping, struct arena *arena) {
    size_t n = mapping->source->n_columns;
    bool *wanted = arena_zero(arena, n, sizeof *wanted);
    struct field_list list = {arena_zero(arena, n, sizeof *list.columns), 0};
    mark_inputs(mapping, wanted);
    mark_copied(mapping, wanted);
    for (size_t i = 0; i < n; i++) {
        if (wanted[i]) {
            list.columns[list.count++] = i;
        }
    }
    return list;
}

void row_map_init(struct row_map *map, const struct mapping *mapping, enum copy_format format,
                  struct arena *arena) {
    size_t n = mapping->source->n_columns;
    map->mapping = mapping;
    map->format = format;
    map->fields = field_list_of(mapping, arena);
    map->is_input = arena_zero(arena, n, sizeof *map->is_input);
    mark_inputs(mapping, map->is_input);
    map->split = arena_zero(arena, map->fields.count, sizeof *map->split);
    map->source = arena_zero(arena, n, sizeof *map->source);
    map->target = arena_zero(arena, mapping->n_columns, sizeof *map->target);
    arena_init(&map->arena);
}

void row_map_fini(struct row_map *map) {
    arena_fini(&map->arena);
}

static bool split(struct row_map *map, const char *data, size_t size) {
    return map->format == FORMAT_BINARY
               ? copy_binary_split(data, size, map->split, map->fields.count)
               : copy_text_split(data, size, map->split, map->fields.count);
}

static bool read_row(struct row_map *map, const char *data, size_t size) {
    if (!split(map, data, size)) {
        return false;
    }
    for (size_t i = 0; i < map->fields.count; i++) {
        size_t column = map->fields.columns[i];
        bool escaped = map->format == FORMAT_TEXT && map->is_input[column];
        map->source[column] =
            escaped ? copy_text_unescape(map->split[i], &map->arena) : map->split[i];
    }
    return true;
}

/* Did this value come over as it was, still escaped? */
static bool is_raw(const struct row_map *map, const struct mapping_column *column) {
    return column->source != COLUMN_NONE && !map->is_input[column->source];
}

static void write_line(const struct row_map *map, struct buf *out) {
    for (size_t i = 0; i < map->mapping->n_columns; i++) {
        if (i > 0) {
            buf_add_char(out, '\t');
        }
        if (is_raw(map, &map->mapping->columns[i])) {
            copy_text_add_raw(out, map->target[i]);
        } else {
            copy_text_add(out, map->target[i]);
        }
    }
    buf_add_char(out, '\n');
}

static void write_tuple(const struct row_map *map, struct buf *out) {
    copy_binary_add_count(out, map->mapping->n_columns);
    for (size_t i = 0; i < map->mapping->n_columns; i++) {
        copy_binary_add(out, map->target[i]);
    }
}

void row_map_begin(const struct row_map *map, struct buf *out) {
    if (map->format == FORMAT_BINARY) {
        copy_binary_add_header(out);
    }
}

void row_map_end(const struct row_map *map, struct buf *out) {
    if (map->format == FORMAT_BINARY) {
        copy_binary_add_trailer(out);
    }
}

/* Leaves the header out; true when no row is behind it, or there is the trailer. */
static bool holds_no_row(const struct row_map *map, const char **data, size_t *size) {
    if (map->format != FORMAT_BINARY) {
        return false;
    }
    size_t header = copy_binary_header(*data, *size);
    *data += header;
    *size -= header;
    return *size == 0 || copy_binary_is_trailer(*data, *size);
}

enum row_outcome row_map_row(struct row_map *map, const char *data, size_t size, struct buf *out,
                             struct err *err) {
    if (holds_no_row(map, &data, &size)) {
        return ROW_NONE;
    }
    arena_reset(&map->arena);
    if (!read_row(map, data, size)) {
        err_set(err, ERR_FAILED, "a row of %s.%s came with other columns than were asked for",
                map->mapping->source->name.schema, map->mapping->source->name.name);
        return ROW_ODD;
    }
    memset(map->target, 0, map->mapping->n_columns * sizeof *map->target);
    bool incomplete;
    if (!mapping_apply(map->mapping, map->source, map->target, &map->arena, &incomplete, err)) {
        return ROW_REFUSED;
    }
    if (map->format == FORMAT_BINARY) {
        write_tuple(map, out);
    } else {
        write_line(map, out);
    }
    return ROW_MAPPED;
}

static struct value value_copy(struct arena *arena, struct value value) {
    if (value.kind == VALUE_TEXT) {
        value.data = arena_copy(arena, value.data, value.size);
    }
    return value;
}

struct value *row_map_refused(struct row_map *map, struct arena *arena) {
    size_t n = map->mapping->n_columns;
    struct value *row = arena_zero(arena, n, sizeof *row);
    for (size_t i = 0; i < n; i++) {
        struct value value = map->target[i];
        if (is_raw(map, &map->mapping->columns[i])) {
            value = copy_text_unescape(value, &map->arena);
        }
        row[i] = value_copy(arena, value);
    }
    return row;
}

struct value *row_map_parse(const struct mapping *mapping, const char *line, size_t size,
                            struct arena *arena) {
    struct value *row = arena_zero(arena, mapping->n_columns, sizeof *row);
    if (!copy_text_split(line, size, row, mapping->n_columns)) {
        return NULL;
    }
    for (size_t i = 0; i < mapping->n_columns; i++) {
        row[i] = value_copy(arena, copy_text_unescape(row[i], arena));
    }
    return row;
}
