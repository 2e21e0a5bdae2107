/* line_map.h - a line of the old table's COPY into one of the new table's.
 *
 * Why: only what a transform wants to see is unescaped; every other field goes
 *   over byte for byte, escaped as it came. What a row becomes is
 *   mapping_apply()'s to say, also here: it only ever cuts the end off a value
 *   that is copied, which is the same done to an escaped text.
 * Memory: a row's is given back at the next row; no allocation from the system
 *   for an ordinary row.
 * Pure. */
#ifndef PGTANDEM_COPY_LINE_MAP_H
#define PGTANDEM_COPY_LINE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/mapping.h"

/* Which columns of the source a copy reads: those that are copied and those
 * that a transform wants. Positions in mapping->source->columns, ascending. */
struct field_list {
    size_t *columns;
    size_t count;
};
struct field_list field_list_of(const struct mapping *mapping, struct arena *arena);

struct line_map {
    const struct mapping *mapping;
    struct field_list fields; /* a line's fields */
    bool *is_input;           /* of a transform; parallel to the source's columns */
    struct value *split;      /* parallel to fields */
    struct value *source;     /* parallel to the source's columns; the row's */
    struct value *target;     /* parallel to mapping->columns; the row's */
    struct arena arena;       /* the row's */
};

/* `arena` holds what lasts as long as the map. */
void line_map_init(struct line_map *map, const struct mapping *mapping, struct arena *arena);
void line_map_fini(struct line_map *map);

enum line_outcome {
    LINE_MAPPED,
    LINE_REFUSED, /* by a transform; *err has its reason */
    LINE_ODD,     /* not a line of this table: nothing that can be gone on from */
};

/* Appends the new table's line, newline included, to `out`. */
enum line_outcome line_map_row(struct line_map *map, const char *line, size_t size, struct buf *out,
                               struct err *err) __attribute__((warn_unused_result));

/* The target's row, parallel to mapping->columns, as plain text, in `arena`:
 * of the row that was just refused, where the transform's outputs are absent; */
struct value *line_map_refused(struct line_map *map, struct arena *arena);
/* and of a line that line_map_row() made. NULL when it is none. */
struct value *line_map_parse(const struct mapping *mapping, const char *line, size_t size,
                             struct arena *arena);

#endif
