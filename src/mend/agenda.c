/* agenda.c - see agenda.h. */
#include "mend/agenda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <uthash.h>

struct agenda_entry {
    UT_hash_handle hh;
    struct item item;
    char *name; /* the table and the key, each value behind its size */
    size_t size;
    struct value *key;
};

static struct agenda_entry *find(const struct agenda *agenda, const struct buf *name) {
    struct agenda_entry *entry = NULL;
    HASH_FIND(hh, agenda->entries, name->data, (unsigned)name->size, entry);
    return entry;
}

static void insert(struct agenda *agenda, struct agenda_entry *entry) {
    HASH_ADD_KEYPTR(hh, agenda->entries, entry->name, (unsigned)entry->size, entry);
}

/* All of them, linked by hh.next; the table is empty then. */
static struct agenda_entry *take_all(struct agenda *agenda) {
    struct agenda_entry *first = agenda->entries;
    HASH_CLEAR(hh, agenda->entries);
    return first;
}
#pragma GCC diagnostic pop

void agenda_init(struct agenda *agenda) {
    memset(agenda, 0, sizeof *agenda);
}

/* Those of this round that are still open stay, if `open_stay`. */
static void forget(struct agenda *agenda, bool open_stay) {
    struct agenda_entry *entry = take_all(agenda);
    while (entry != NULL) {
        struct agenda_entry *next = entry->hh.next;
        if (open_stay && entry->item.round == agenda->round && entry->item.fate == FATE_open) {
            insert(agenda, entry);
        } else {
            free(entry->name);
            free(entry->key);
            free(entry);
        }
        entry = next;
    }
    agenda->count = 0;
}

void agenda_fini(struct agenda *agenda) {
    forget(agenda, false);
    free(agenda->items);
    agenda_init(agenda);
}

void agenda_begin(struct agenda *agenda) {
    agenda->round++;
    agenda->count = 0;
}

static void add_name(struct buf *name, size_t table, const struct value *key, size_t n_key) {
    buf_add_u64(name, table);
    for (size_t k = 0; k < n_key; k++) {
        buf_add_u64(name, key[k].kind == VALUE_TEXT ? key[k].size : UINT64_MAX);
        buf_add(name, key[k].kind == VALUE_TEXT ? key[k].data : "",
                key[k].kind == VALUE_TEXT ? key[k].size : 0);
    }
}

/* The values of the key lie in the name, each behind its size. */
static void point_key(struct agenda_entry *entry, const struct value *key, size_t n_key) {
    const char *at = entry->name + sizeof(uint64_t);
    entry->key = mem_zero(n_key, sizeof *entry->key);
    for (size_t k = 0; k < n_key; k++) {
        at += sizeof(uint64_t);
        entry->key[k] = key[k].kind == VALUE_TEXT ? value_text(at, key[k].size) : value_null();
        at += entry->key[k].size;
    }
}

static struct agenda_entry *make(struct agenda *agenda, size_t table, const struct value *key,
                                 size_t n_key, const struct buf *name) {
    struct agenda_entry *entry = mem_zero(1, sizeof *entry);
    entry->name = mem_alloc(name->size);
    entry->size = name->size;
    memcpy(entry->name, name->data, name->size);
    point_key(entry, key, n_key);
    entry->item.entry = entry;
    entry->item.table = table;
    entry->item.key = entry->key;
    entry->item.n_key = n_key;
    insert(agenda, entry);
    return entry;
}

static void put_up(struct agenda *agenda, struct item *item) {
    if (agenda->count == agenda->capacity) {
        agenda->capacity = agenda->capacity == 0 ? 64 : mem_mul(agenda->capacity, 2);
        agenda->items = mem_grow(agenda->items, mem_mul(agenda->capacity, sizeof *agenda->items));
    }
    agenda->items[agenda->count++] = item;
    item->round = agenda->round;
    item->fate = FATE_open;
    item->blocked = item->from_parked = false;
}

struct item *agenda_add(struct agenda *agenda, size_t table, const struct value *key,
                        size_t n_key) {
    struct buf name;
    buf_init(&name);
    add_name(&name, table, key, n_key);
    struct agenda_entry *entry = find(agenda, &name);
    if (entry == NULL) {
        entry = make(agenda, table, key, n_key, &name);
    }
    buf_fini(&name);
    if (entry->item.round != agenda->round) {
        put_up(agenda, &entry->item);
    }
    return &entry->item;
}

void agenda_end(struct agenda *agenda) {
    forget(agenda, true);
}

bool item_has_stood_still(struct item *item, const char *old_xmin, const char *new_xmin) {
    struct sighting now;
    snprintf(now.old_xmin, sizeof now.old_xmin, "%s", old_xmin);
    snprintf(now.new_xmin, sizeof now.new_xmin, "%s", new_xmin);
    bool still = item->was_seen && strcmp(now.old_xmin, item->seen.old_xmin) == 0 &&
                 strcmp(now.new_xmin, item->seen.new_xmin) == 0;
    item->seen = now;
    item->was_seen = true;
    return still;
}
