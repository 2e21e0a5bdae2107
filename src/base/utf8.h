/* utf8.h - what PostgreSQL takes for text in a UTF8 database. */
#ifndef PGTANDEM_BASE_UTF8_H
#define PGTANDEM_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True when the text is UTF-8 (RFC 3629: nothing overlong, no surrogates, up to
 * U+10FFFF). Else *offset is where the trouble starts. */
bool utf8_check(const char *text, size_t size, size_t *offset) __attribute__((warn_unused_result));

#endif
