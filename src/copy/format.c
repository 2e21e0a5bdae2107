/* format.c - see format.h. */
#include "copy/format.h"

#include "model/types.h"

const char *copy_format_name(enum copy_format format) {
    return format == FORMAT_BINARY ? "binary" : "text";
}

static bool columns_go(const struct mapping *mapping, bool kin) {
    for (size_t i = 0; i < mapping->n_columns; i++) {
        const struct mapping_column *column = &mapping->columns[i];
        const struct column_type *target = &mapping->target->columns[column->target].type;
        bool goes =
            column->source == COLUMN_NONE
                ? types_binary_is_text(target)
                : types_share_binary(&mapping->source->columns[column->source].type, target, kin);
        if (!goes) {
            return false;
        }
    }
    return true;
}

static bool inputs_go(const struct mapping *mapping) {
    for (size_t i = 0; i < mapping->n_transforms; i++) {
        const struct mapping_transform *transform = &mapping->transforms[i];
        for (size_t j = 0; j < transform->n_inputs; j++) {
            if (!types_binary_is_text(&mapping->source->columns[transform->inputs[j]].type)) {
                return false;
            }
        }
    }
    return true;
}

enum copy_format copy_format_of(const struct mapping *mapping, bool kin) {
    return columns_go(mapping, kin) && inputs_go(mapping) ? FORMAT_BINARY : FORMAT_TEXT;
}
