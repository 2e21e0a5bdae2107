/* split_email.c - an example of one's own transform: "ada@example.com" becomes
 * "ada" and "example.com", and back.
 *
 * What to look at: how a row is refused, how memory is asked for, and why this
 * transform is one to one: each refusal closes a case in which going there and
 * back would end somewhere else.
 *
 *     email                     local_part     domain
 *     ada@example.com           ada            example.com
 *     "a@b"@example.com         "a@b"          example.com     the last @ counts
 *     (empty)                   (empty)        (empty)
 *     NULL                      NULL           NULL
 *     ada, ada@, @example.com   refused: they lack a part
 *     refused                   ada            (empty) or NULL, and the like
 *     refused                   ada            b@example.com
 *
 * The empty address is there because a NULL becomes the empty string in a
 * column that is NOT NULL, and must find its way back from there. */
#include <stdio.h>
#include <string.h>

#include "pgtandem_transform.h"

static bool refuse(struct pgtandem_call *call, const char *reason) {
    snprintf(call->error, call->error_size, "%s", reason);
    return false;
}

/* Where the domain starts, just behind the last @; 0 when there is no @. */
static size_t find_domain(struct pgtandem_text email) {
    size_t start = email.size;
    while (start > 0 && email.data[start - 1] != '@') {
        start--;
    }
    return start;
}

static bool split(struct pgtandem_call *call, const struct pgtandem_text *in,
                  struct pgtandem_text *out) {
    struct pgtandem_text email = in[0];
    if (email.is_null || email.size == 0) {
        out[0] = out[1] = email;
        return true;
    }
    size_t domain = find_domain(email);
    if (domain == 0) {
        return refuse(call, "the address has no @");
    }
    if (domain == 1 || domain == email.size) {
        return refuse(call, "the address has nothing on one side of its last @");
    }
    /* outputs may point into inputs: nothing to allocate */
    out[0] = (struct pgtandem_text){.data = email.data, .size = domain - 1};
    out[1] = (struct pgtandem_text){.data = email.data + domain, .size = email.size - domain};
    return true;
}

static bool join(struct pgtandem_call *call, const struct pgtandem_text *in,
                 struct pgtandem_text *out) {
    struct pgtandem_text local_part = in[0], domain = in[1];
    if (local_part.is_null != domain.is_null) {
        return refuse(call, "one part of the address is NULL, the other is not");
    }
    if (local_part.is_null || (local_part.size == 0 && domain.size == 0)) {
        out[0] = local_part;
        return true;
    }
    if (local_part.size == 0 || domain.size == 0) {
        return refuse(call, "one part of the address is empty, the other is not");
    }
    if (find_domain(domain) != 0) {
        return refuse(call, "the domain holds an @");
    }
    size_t size = local_part.size + 1 + domain.size;
    char *data = call->alloc(call, size);
    memcpy(data, local_part.data, local_part.size);
    data[local_part.size] = '@';
    memcpy(data + local_part.size + 1, domain.data, domain.size);
    out[0] = (struct pgtandem_text){.data = data, .size = size};
    return true;
}

static const char *const old_columns[] = {"email", NULL};
static const char *const new_columns[] = {"local_part", "domain", NULL};

const struct pgtandem_transform pgtandem_transform = {
    .abi = PGTANDEM_TRANSFORM_ABI,
    .size = sizeof(struct pgtandem_transform),
    .name = "split_email",
    .summary = "splits an e-mail address at its last @",
    .old_columns = old_columns,
    .new_columns = new_columns,
    .forward = split,
    .reverse = join,
};
