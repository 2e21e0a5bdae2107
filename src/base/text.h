/* text.h - small things about texts that end with a zero byte. */
#ifndef PGTANDEM_BASE_TEXT_H
#define PGTANDEM_BASE_TEXT_H

#include <stddef.h>

/* As a parameter of a statement: an empty text is SQL NULL. */
static inline const char *text_or_null(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

#endif
