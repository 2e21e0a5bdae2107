/* wal2json.c - see wal2json.h.
 *
 * libyajl reads the grammar and calls back for every token. Its callbacks all
 * lead into on_scalar(), on_open(), on_close() and on_key(), and what those do
 * depends on the place in the message:
 *
 *     { "action": "U", ..., "columns": [ {"name": "id", "value": 2}, ... ] }
 *     PLACE_MESSAGE                      PLACE_COLUMN
 *                                    PLACE_ROW
 *
 * One parser serves for many messages (yajl_allow_multiple_values), so that
 * nothing is allocated per message. A failed message takes its parser along:
 * yajl cannot be reset. A huge one does so, too, because of its buffers. */
#include "decode/wal2json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "base/mem.h"
#include "decode/excerpt.h"
#include "decode/json_text.h"

enum {
    PARSER_KEEP = 1024 * 1024, /* a message beyond this size gives its buffers back */
    SKIP_DEPTH = 64,           /* how deep an unknown key's value may be nested */
};

enum token_kind { TOKEN_NULL, TOKEN_FALSE, TOKEN_TRUE, TOKEN_NUMBER, TOKEN_STRING };

struct token {
    enum token_kind kind;
    const char *data; /* TOKEN_NUMBER and TOKEN_STRING; valid during the callback */
    size_t size;
};

enum place {
    PLACE_START,   /* before the opening brace */
    PLACE_MESSAGE, /* among the message's keys */
    PLACE_ROW,     /* in "columns" or "identity" */
    PLACE_COLUMN,  /* among one column's keys */
    PLACE_SKIP,    /* inside the value of a key that is not known */
    PLACE_END,     /* behind the closing brace */
};

/* The keys of a message. Their values' readers are read_<id>(); a row has none,
 * it is an array. */
#define MESSAGE_KEYS(X, ROW)                                                                       \
    X(ACTION, "action", read_action)                                                               \
    X(XID, "xid", read_xid)                                                                        \
    X(TIMESTAMP, "timestamp", read_timestamp)                                                      \
    X(ORIGIN, "origin", read_origin)                                                               \
    X(LSN, "lsn", read_lsn)                                                                        \
    X(NEXTLSN, "nextlsn", read_nextlsn)                                                            \
    X(SCHEMA, "schema", read_schema)                                                               \
    X(TABLE, "table", read_table)                                                                  \
    ROW(COLUMNS, "columns", NULL)                                                                  \
    ROW(IDENTITY, "identity", NULL)                                                                \
    X(TRANSACTIONAL, "transactional", read_transactional)                                          \
    X(PREFIX, "prefix", read_prefix)                                                               \
    X(CONTENT, "content", read_content)

enum message_key {
#define KEY_ENUM(id, name, reader) KEY_##id,
    MESSAGE_KEYS(KEY_ENUM, KEY_ENUM)
#undef KEY_ENUM
        KEY_UNKNOWN,
};

#define KEY_BIT(id) (1U << KEY_##id)

enum column_key { COLUMN_KEY_NAME, COLUMN_KEY_VALUE, COLUMN_KEY_UNKNOWN };

struct wal2json_decoder {
    yajl_handle parser; /* NULL: made when it is needed */

    /* the message being decoded */
    const char *data;
    size_t size;
    size_t end; /* offset behind the closing brace */
    struct arena *arena;
    struct message *message;
    struct err *err;

    /* where in it */
    enum place place;
    enum message_key key; /* of the value at hand */
    unsigned seen;        /* KEY_BITs */
    enum column_key column_key;
    bool column_has_name, column_has_value;
    enum place skip_from; /* place to go back to */
    unsigned skip_depth;

    /* the row being gathered; the memory is used again */
    struct named_value *row;
    size_t n_row, row_capacity;
};

/* --- errors --- */

static bool fail_at(struct wal2json_decoder *d, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail_at(struct wal2json_decoder *d, size_t offset, const char *format, ...) {
    char problem[160];
    va_list args;
    va_start(args, format);
    vsnprintf(problem, sizeof problem, format, args);
    va_end(args);
    return err_set(d->err, ERR_FAILED, "invalid message from wal2json at byte %zu of %zu: %s: %s",
                   offset, d->size, problem, excerpt_format(d->data, d->size, offset).text);
}

/* Where the parser stands: behind the token at hand. */
static size_t current_offset(const struct wal2json_decoder *d) {
    return yajl_get_bytes_consumed(d->parser);
}

#define fail(d, ...) fail_at(d, current_offset(d), __VA_ARGS__)

/* --- values of the message's own keys --- */

static bool read_u32(const struct token *token, uint32_t *number) {
    uint64_t n = 0;
    if (token->kind != TOKEN_NUMBER || token->size > 10) {
        return false;
    }
    for (size_t i = 0; i < token->size; i++) {
        if (token->data[i] < '0' || token->data[i] > '9') {
            return false;
        }
        n = n * 10 + (uint64_t)(token->data[i] - '0');
    }
    *number = (uint32_t)n;
    return n <= UINT32_MAX;
}

static bool read_text(struct wal2json_decoder *d, const struct token *token, const char **text,
                      size_t *size) {
    if (token->kind != TOKEN_STRING) {
        return false;
    }
    *text = arena_copy(d->arena, token->data, token->size);
    *size = token->size;
    return true;
}

static bool read_action(struct wal2json_decoder *d, const struct token *token) {
    static const char letters[] = {
#define KIND_LETTER(id, letter, name) letter,
        MESSAGE_KINDS(KIND_LETTER)
#undef KIND_LETTER
    };
    if (token->kind != TOKEN_STRING || token->size != 1) {
        return false;
    }
    const char *found = memchr(letters, token->data[0], sizeof letters);
    if (found == NULL) {
        return false;
    }
    d->message->kind = (enum message_kind)(found - letters);
    return true;
}

/* xid, timestamp and origin are null in a logical message outside a
 * transaction; check_complete() sees to it that they are nowhere else. */

static bool read_xid(struct wal2json_decoder *d, const struct token *token) {
    d->message->has_xid = token->kind != TOKEN_NULL;
    return token->kind == TOKEN_NULL || read_u32(token, &d->message->xid);
}

static bool read_timestamp(struct wal2json_decoder *d, const struct token *token) {
    d->message->has_timestamp = token->kind != TOKEN_NULL;
    return token->kind == TOKEN_NULL ||
           (token->kind == TOKEN_STRING &&
            usec_parse(token->data, token->size, &d->message->timestamp));
}

static bool read_origin(struct wal2json_decoder *d, const struct token *token) {
    d->message->has_origin = token->kind != TOKEN_NULL;
    return token->kind == TOKEN_NULL || read_u32(token, &d->message->origin);
}

static bool read_lsn(struct wal2json_decoder *d, const struct token *token) {
    return token->kind == TOKEN_STRING && lsn_parse(token->data, token->size, &d->message->lsn);
}

static bool read_nextlsn(struct wal2json_decoder *d, const struct token *token) {
    return token->kind == TOKEN_STRING && lsn_parse(token->data, token->size, &d->message->nextlsn);
}

static bool read_schema(struct wal2json_decoder *d, const struct token *token) {
    return read_text(d, token, &d->message->schema, &d->message->schema_size);
}

static bool read_table(struct wal2json_decoder *d, const struct token *token) {
    return read_text(d, token, &d->message->table, &d->message->table_size);
}

static bool read_transactional(struct wal2json_decoder *d, const struct token *token) {
    d->message->transactional = token->kind == TOKEN_TRUE;
    return token->kind == TOKEN_TRUE || token->kind == TOKEN_FALSE;
}

static bool read_prefix(struct wal2json_decoder *d, const struct token *token) {
    return read_text(d, token, &d->message->prefix, &d->message->prefix_size);
}

static bool read_content(struct wal2json_decoder *d, const struct token *token) {
    return read_text(d, token, &d->message->content, &d->message->content_size);
}

typedef bool value_reader(struct wal2json_decoder *d, const struct token *token);

static const struct {
    const char *name;
    size_t size;
    value_reader *read;
} message_keys[] = {
#define KEY_ENTRY(id, name, reader) {name, sizeof name - 1, reader},
    MESSAGE_KEYS(KEY_ENTRY, KEY_ENTRY)
#undef KEY_ENTRY
};

/* --- rows --- */

static void start_column(struct wal2json_decoder *d) {
    if (d->n_row == d->row_capacity) {
        d->row_capacity = d->row_capacity == 0 ? 32 : mem_mul(d->row_capacity, 2);
        d->row = mem_grow(d->row, mem_mul(d->row_capacity, sizeof *d->row));
    }
    d->row[d->n_row] = (struct named_value){0};
    d->column_has_name = false;
    d->column_has_value = false;
    d->place = PLACE_COLUMN;
}

static bool finish_column(struct wal2json_decoder *d) {
    if (!d->column_has_name || !d->column_has_value) {
        return fail(d, "a column without \"%s\"", d->column_has_name ? "value" : "name");
    }
    d->n_row++;
    d->place = PLACE_ROW;
    return true;
}

static void finish_row(struct wal2json_decoder *d) {
    size_t size = mem_mul(d->n_row, sizeof *d->row);
    struct named_value *row = arena_alloc(d->arena, size);
    if (size > 0) {
        memcpy(row, d->row, size);
    }
    if (d->key == KEY_COLUMNS) {
        d->message->columns = row;
        d->message->n_columns = d->n_row;
    } else {
        d->message->identity = row;
        d->message->n_identity = d->n_row;
    }
    d->place = PLACE_MESSAGE;
}

static struct value text_value(struct arena *arena, const char *data, size_t size) {
    if (size < VALUE_LARGE) {
        return value_text(arena_copy(arena, data, size), size);
    }
    char *copy = arena_alloc(arena, mem_add(size, VALUE_ROOM));
    memcpy(copy + VALUE_ROOM, data, size);
    struct value value = value_text(copy + VALUE_ROOM, size);
    value.room = copy;
    return value;
}

static struct value column_value(struct arena *arena, const struct token *token) {
    switch (token->kind) {
        case TOKEN_NULL:
            return value_null();
        case TOKEN_FALSE:
            return value_text("f", 1);
        case TOKEN_TRUE:
            return value_text("t", 1);
        case TOKEN_NUMBER:
        case TOKEN_STRING:
            break;
    }
    return text_value(arena, token->data, token->size);
}

static bool on_column_scalar(struct wal2json_decoder *d, const struct token *token) {
    struct named_value *column = &d->row[d->n_row];
    switch (d->column_key) {
        case COLUMN_KEY_NAME:
            return read_text(d, token, &column->name, &column->name_size) ||
                   fail(d, "a column's name is not a string");
        case COLUMN_KEY_VALUE:
            column->value = column_value(d->arena, token);
            return true;
        case COLUMN_KEY_UNKNOWN:
            break;
    }
    return true;
}

static bool on_column_key(struct wal2json_decoder *d, const char *name, size_t size) {
    bool *seen;
    if (size == 4 && memcmp(name, "name", 4) == 0) {
        d->column_key = COLUMN_KEY_NAME;
        seen = &d->column_has_name;
    } else if (size == 5 && memcmp(name, "value", 5) == 0) {
        d->column_key = COLUMN_KEY_VALUE;
        seen = &d->column_has_value;
    } else {
        d->column_key = COLUMN_KEY_UNKNOWN;
        return true;
    }
    if (*seen) {
        return fail(d, "duplicate key \"%.*s\" in a column", (int)size, name);
    }
    *seen = true;
    return true;
}

/* --- the message --- */

static bool on_message_key(struct wal2json_decoder *d, const char *name, size_t size) {
    d->key = KEY_UNKNOWN;
    for (unsigned i = 0; i < KEY_UNKNOWN; i++) {
        if (message_keys[i].size == size && memcmp(message_keys[i].name, name, size) == 0) {
            d->key = (enum message_key)i;
            break;
        }
    }
    if (d->key == KEY_UNKNOWN) {
        return true;
    }
    if ((d->seen & 1U << d->key) != 0) {
        return fail(d, "duplicate key \"%s\"", message_keys[d->key].name);
    }
    d->seen |= 1U << d->key;
    return true;
}

static bool on_message_scalar(struct wal2json_decoder *d, const struct token *token) {
    if (d->key == KEY_UNKNOWN) {
        return true;
    }
    value_reader *read = message_keys[d->key].read;
    return (read != NULL && read(d, token)) ||
           fail(d, "unexpected value of \"%s\"", message_keys[d->key].name);
}

static unsigned required_keys(enum message_kind kind) {
    const unsigned always =
        KEY_BIT(ACTION) | KEY_BIT(XID) | KEY_BIT(TIMESTAMP) | KEY_BIT(ORIGIN) | KEY_BIT(LSN);
    const unsigned table = always | KEY_BIT(SCHEMA) | KEY_BIT(TABLE);
    switch (kind) {
        case MESSAGE_BEGIN:
        case MESSAGE_COMMIT:
            return always | KEY_BIT(NEXTLSN);
        case MESSAGE_INSERT:
        case MESSAGE_UPDATE: /* one without identity: bind.c says so of the table */
            return table | KEY_BIT(COLUMNS);
        case MESSAGE_DELETE:
            return table | KEY_BIT(IDENTITY);
        case MESSAGE_TRUNCATE:
            return table;
        case MESSAGE_LOGICAL:
            break;
    }
    return always | KEY_BIT(TRANSACTIONAL) | KEY_BIT(PREFIX) | KEY_BIT(CONTENT);
}

/* At the closing brace: is everything there that this kind of message needs? */
static bool check_complete(struct wal2json_decoder *d) {
    const struct message *m = d->message;
    unsigned missing = KEY_BIT(ACTION) & ~d->seen;
    if (missing == 0) {
        missing = required_keys(m->kind) & ~d->seen;
    }
    for (unsigned i = 0; i < KEY_UNKNOWN; i++) {
        if ((missing & 1U << i) != 0) {
            return fail(d, "missing key \"%s\"", message_keys[i].name);
        }
    }
    bool in_transaction = m->kind != MESSAGE_LOGICAL || m->transactional;
    if (in_transaction && !(m->has_xid && m->has_timestamp && m->has_origin)) {
        return fail(d, "\"%s\" is null",
                    !m->has_xid         ? "xid"
                    : !m->has_timestamp ? "timestamp"
                                        : "origin");
    }
    return true;
}

static bool finish_message(struct wal2json_decoder *d) {
    d->end = current_offset(d);
    d->place = PLACE_END;
    return check_complete(d);
}

/* --- events --- */

static bool on_scalar(struct wal2json_decoder *d, enum token_kind kind, const char *data,
                      size_t size) {
    const struct token token = {kind, data, size};
    switch (d->place) {
        case PLACE_START:
            return fail(d, "not an object");
        case PLACE_MESSAGE:
            return on_message_scalar(d, &token);
        case PLACE_ROW:
            return fail(d, "a column that is not an object");
        case PLACE_COLUMN:
            return on_column_scalar(d, &token);
        case PLACE_SKIP:
            return true;
        case PLACE_END:
            break;
    }
    return fail(d, "something behind the object");
}

/* Starts to skip the object or array that is an unknown key's value. */
static bool skip_value(struct wal2json_decoder *d) {
    d->skip_from = d->place;
    d->skip_depth = 1;
    d->place = PLACE_SKIP;
    return true;
}

static bool open_in_message(struct wal2json_decoder *d, bool is_array) {
    if (d->key == KEY_UNKNOWN) {
        return skip_value(d);
    }
    if (!is_array || message_keys[d->key].read != NULL) {
        return fail(d, "unexpected value of \"%s\"", message_keys[d->key].name);
    }
    d->n_row = 0;
    d->place = PLACE_ROW;
    return true;
}

static bool open_in_row(struct wal2json_decoder *d, bool is_array) {
    if (is_array) {
        return fail(d, "a column that is not an object");
    }
    start_column(d);
    return true;
}

/* An opening brace or bracket */
static bool on_open(struct wal2json_decoder *d, bool is_array) {
    switch (d->place) {
        case PLACE_START:
            d->place = PLACE_MESSAGE;
            return !is_array || fail(d, "not an object");
        case PLACE_MESSAGE:
            return open_in_message(d, is_array);
        case PLACE_ROW:
            return open_in_row(d, is_array);
        case PLACE_COLUMN:
            return d->column_key == COLUMN_KEY_UNKNOWN ? skip_value(d)
                                                       : fail(d, "a nested value in a column");
        case PLACE_SKIP:
            d->skip_depth++;
            return d->skip_depth <= SKIP_DEPTH || fail(d, "nested too deeply");
        case PLACE_END:
            break;
    }
    return fail(d, "something behind the object");
}

/* The closing brace or bracket that belongs to the place, as yajl has checked. */
static bool on_close(struct wal2json_decoder *d) {
    switch (d->place) {
        case PLACE_MESSAGE:
            return finish_message(d);
        case PLACE_ROW:
            finish_row(d);
            return true;
        case PLACE_COLUMN:
            return finish_column(d);
        case PLACE_SKIP:
            d->skip_depth--;
            d->place = d->skip_depth == 0 ? d->skip_from : PLACE_SKIP;
            return true;
        case PLACE_START:
        case PLACE_END:
            break;
    }
    return fail(d, "a closing bracket too many");
}

static bool on_key(struct wal2json_decoder *d, const char *name, size_t size) {
    switch (d->place) {
        case PLACE_MESSAGE:
            return on_message_key(d, name, size);
        case PLACE_COLUMN:
            return on_column_key(d, name, size);
        case PLACE_SKIP:
        case PLACE_START:
        case PLACE_ROW:
        case PLACE_END:
            break;
    }
    return true;
}

/* --- libyajl --- */

static int yajl_on_null(void *d) {
    return on_scalar(d, TOKEN_NULL, NULL, 0);
}

static int yajl_on_boolean(void *d, int value) {
    return on_scalar(d, value ? TOKEN_TRUE : TOKEN_FALSE, NULL, 0);
}

static int yajl_on_number(void *d, const char *text, size_t size) {
    return on_scalar(d, TOKEN_NUMBER, text, size);
}

static int yajl_on_string(void *d, const unsigned char *text, size_t size) {
    return on_scalar(d, TOKEN_STRING, (const char *)text, size);
}

static int yajl_on_key(void *d, const unsigned char *text, size_t size) {
    return on_key(d, (const char *)text, size);
}

static int yajl_on_start_map(void *d) {
    return on_open(d, false);
}

static int yajl_on_start_array(void *d) {
    return on_open(d, true);
}

static int yajl_on_end(void *d) {
    return on_close(d);
}

/* yajl does not look whether its allocations succeed: ours always do. */

static void *allocate(void *context, size_t size) {
    (void)context;
    return mem_alloc(size);
}

static void *reallocate(void *context, void *old, size_t size) {
    (void)context;
    return mem_grow(old, size);
}

static void release(void *context, void *old) {
    (void)context;
    free(old);
}

static void make_parser(struct wal2json_decoder *d) {
    static const yajl_callbacks callbacks = {
        .yajl_null = yajl_on_null,
        .yajl_boolean = yajl_on_boolean,
        .yajl_number = yajl_on_number,
        .yajl_string = yajl_on_string,
        .yajl_start_map = yajl_on_start_map,
        .yajl_map_key = yajl_on_key,
        .yajl_end_map = yajl_on_end,
        .yajl_start_array = yajl_on_start_array,
        .yajl_end_array = yajl_on_end,
    };
    yajl_alloc_funcs memory = {allocate, reallocate, release, NULL};
    d->parser = yajl_alloc(&callbacks, &memory, d);
    yajl_config(d->parser, yajl_allow_multiple_values, 1);
    yajl_config(d->parser, yajl_dont_validate_strings, 1); /* json_text_check() did */
}

static void drop_buffers(struct wal2json_decoder *d) {
    if (d->parser != NULL) {
        yajl_free(d->parser);
        d->parser = NULL;
    }
    free(d->row);
    d->row = NULL;
    d->row_capacity = 0;
}

/* Turns "lexical error: invalid char in json text.\n" into our own error. */
static bool fail_as_yajl_says(struct wal2json_decoder *d) {
    unsigned char *said = yajl_get_error(d->parser, 0, NULL, 0);
    size_t length = strcspn((const char *)said, ".\n");
    fail(d, "%.*s", (int)length, (const char *)said);
    yajl_free_error(d->parser, said);
    return false;
}

static bool check_nothing_follows(struct wal2json_decoder *d) {
    for (size_t i = d->end; i < d->size; i++) {
        if (strchr(" \t\r\n", d->data[i]) == NULL || d->data[i] == '\0') {
            return fail_at(d, i, "something behind the object");
        }
    }
    return true;
}

static bool parse(struct wal2json_decoder *d) {
    switch (yajl_parse(d->parser, (const unsigned char *)d->data, d->size)) {
        case yajl_status_client_canceled:
            return false; /* a callback has set the error */
        case yajl_status_error:
            return fail_as_yajl_says(d);
        case yajl_status_ok:
            break;
    }
    if (d->place != PLACE_END) {
        return fail_at(d, d->size, "the text ends too early");
    }
    return check_nothing_follows(d);
}

static void start_message(struct wal2json_decoder *d, const char *data, size_t size) {
    d->data = data;
    d->size = size;
    d->end = 0;
    d->place = PLACE_START;
    d->seen = 0;
    *d->message = (struct message){.arena = d->arena};
    if (d->parser == NULL) {
        make_parser(d);
    }
}

struct wal2json_decoder *wal2json_decoder_new(void) {
    return mem_zero(1, sizeof(struct wal2json_decoder));
}

void wal2json_decoder_free(struct wal2json_decoder *decoder) {
    if (decoder == NULL) {
        return;
    }
    drop_buffers(decoder);
    free(decoder);
}

bool wal2json_decode(struct wal2json_decoder *d, const char *data, size_t size, struct arena *arena,
                     struct message *message, struct err *err) {
    d->arena = arena;
    d->message = message;
    d->err = err;
    start_message(d, data, size);
    size_t offset;
    const char *problem;
    bool ok = json_text_check(data, size, &offset, &problem) ? parse(d)
                                                             : fail_at(d, offset, "%s", problem);
    if (!ok || size > PARSER_KEEP) {
        drop_buffers(d);
    }
    return ok;
}

bool wal2json_is_logical(const char *data, size_t size) {
    static const char head[] = "{\"action\":\"M\"";
    return size >= sizeof head - 1 && memcmp(data, head, sizeof head - 1) == 0;
}
