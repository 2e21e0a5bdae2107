/* row_map.h - a row of the old table's COPY into one of the new table's, in either
 * of COPY's formats.
 *
 * Why: only what a transform wants to see is looked at; every other field goes
 *   over byte for byte, in text escaped as it came. What a row becomes is
 *   mapping_apply()'s to say, also here: it only ever cuts the end off a value
 *   that is copied, which is the same done to an escaped text, and does nothing
 *   to one that goes in binary (format.h).
 * Memory: a row's is given back at the next row; no allocation from the system
 *   for an ordinary row.
 * Pure. */
#ifndef PGTANDEM_COPY_ROW_MAP_H
#define PGTANDEM_COPY_ROW_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "copy/format.h"
#include "model/mapping.h"

/* Which columns of the source a copy reads: those that are copied and those
 * that a transform wants. Positions in mapping->source->columns, ascending. */
struct field_list {
    size_t *columns;
    size_t count;
};
struct field_list field_list_of(const struct mapping *mapping, struct arena *arena);

struct row_map {
    const struct mapping *mapping;
    enum copy_format format;
    struct field_list fields; /* a row's fields */
    bool *is_input;           /* of a transform; parallel to the source's columns */
    struct value *split;      /* parallel to fields */
    struct value *source;     /* parallel to the source's columns; the row's */
    struct value *target;     /* parallel to mapping->columns; the row's */
    struct arena arena;       /* the row's */
};

/* `arena` holds what lasts as long as the map. */
void row_map_init(struct row_map *map, const struct mapping *mapping, enum copy_format format,
                  struct arena *arena);
void row_map_fini(struct row_map *map);

enum row_outcome {
    ROW_MAPPED,
    ROW_NONE,    /* the message held no row */
    ROW_REFUSED, /* by a transform; *err has its reason */
    ROW_ODD,     /* not a row of this table: nothing that can be gone on from */
};

/* What goes before the first row and after the last. */
void row_map_begin(const struct row_map *map, struct buf *out);
void row_map_end(const struct row_map *map, struct buf *out);

/* Takes a COPY message and appends the new table's row to `out`. */
enum row_outcome row_map_row(struct row_map *map, const char *data, size_t size, struct buf *out,
                             struct err *err) __attribute__((warn_unused_result));

/* Only in FORMAT_TEXT: the target's row, parallel to mapping->columns, as plain
 * text, in `arena`: of the row that was just refused, where the transform's
 * outputs are absent; */
struct value *row_map_refused(struct row_map *map, struct arena *arena);
/* and of a line that row_map_row() made. NULL when it is none. */
struct value *row_map_parse(const struct mapping *mapping, const char *line, size_t size,
                            struct arena *arena);

#endif
