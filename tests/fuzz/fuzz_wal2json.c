/* fuzz_wal2json.c - any bytes at all are decoded or refused, twice alike. */
#include <stdint.h>
#include <stdlib.h>

#include "decode/wal2json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads what the decoder handed over, so that a sanitizer can object. */
static size_t touch(const struct message *m) {
    size_t sum = m->schema_size + m->table_size + m->prefix_size + m->content_size;
    for (size_t i = 0; i < m->n_columns; i++) {
        const struct named_value *c = &m->columns[i];
        sum += (unsigned char)c->name[c->name_size];
        sum += c->value.kind == VALUE_TEXT ? c->value.size + (unsigned char)c->value.data[0] : 0;
    }
    for (size_t i = 0; i < m->n_identity; i++) {
        sum += (unsigned char)m->identity[i].name[m->identity[i].name_size];
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct message first, again;
    struct err err;
    struct wal2json_decoder *decoder = wal2json_decoder_new();
    arena_init(&arena);
    bool ok = wal2json_decode(decoder, (const char *)data, size, &arena, &first, &err);
    bool ok_again = wal2json_decode(decoder, (const char *)data, size, &arena, &again, &err);
    if (ok != ok_again || (ok && touch(&first) != touch(&again))) {
        abort();
    }
    arena_fini(&arena);
    wal2json_decoder_free(decoder);
    return 0;
}
