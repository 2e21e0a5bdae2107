/* message.c - see message.h. */
#include "decode/message.h"

#include <string.h>

const char *message_kind_name(enum message_kind kind) {
    static const char *const names[] = {
#define MESSAGE_NAME(id, letter, name) name,
        MESSAGE_KINDS(MESSAGE_NAME)
#undef MESSAGE_NAME
    };
    return names[kind];
}

const struct named_value *message_find(const struct named_value *values, size_t count,
                                       const char *name, size_t name_size) {
    for (size_t i = 0; i < count; i++) {
        if (values[i].name_size == name_size && memcmp(values[i].name, name, name_size) == 0) {
            return &values[i];
        }
    }
    return NULL;
}
