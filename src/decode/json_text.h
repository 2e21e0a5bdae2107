/* json_text.h - what must hold of a JSON text before libyajl sees it.
 *
 * Why: yajl takes overlong and surrogate UTF-8 for valid, turns a lone \uD800
 *   into "?" and \u0000 into a byte that PostgreSQL's text cannot hold. Each
 *   would change a value in silence.
 * Not here: JSON's grammar, which is yajl's business. */
#ifndef PGTANDEM_DECODE_JSON_TEXT_H
#define PGTANDEM_DECODE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* True when the text is UTF-8 (RFC 3629: nothing overlong, no surrogates, up to
 * U+10FFFF), no \u escape stands for U+0000, and surrogates come in pairs.
 * Else *offset is where the trouble starts and *problem a constant text. */
bool json_text_check(const char *data, size_t size, size_t *offset, const char **problem)
    __attribute__((warn_unused_result));

#endif
