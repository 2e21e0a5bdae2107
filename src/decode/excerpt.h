/* excerpt.h - the neighbourhood of an error in a message, fit for a log.
 *
 * Why: an error in a stream is hard to find without seeing the text around it,
 *   but a message holds people's names, and a log is no place for them.
 * The rule: shown as they are: punctuation, spaces, and the format's own key
 *   names ("columns":). Every other letter, digit, underscore or byte beyond
 *   ASCII is shown as x; a control character as <0A>. It needs no idea of what
 *   is a string, so it holds in a broken text, too. */
#ifndef PGTANDEM_DECODE_EXCERPT_H
#define PGTANDEM_DECODE_EXCERPT_H

#include <stddef.h>

/* Bytes shown on either side; each takes at most four, and the marks some more. */
enum { EXCERPT_REACH = 30, EXCERPT_TEXT_SIZE = 2 * EXCERPT_REACH * 4 + 16 };

struct excerpt_text {
    char text[EXCERPT_TEXT_SIZE];
};

/* `..."xxx","value":"xxxx xxx <here>xxx"},{"name":...`: up to EXCERPT_REACH
 * bytes before and after `offset`. By value, to be used in the same
 * expression: excerpt_format(...).text */
struct excerpt_text excerpt_format(const char *data, size_t size, size_t offset);

#endif
