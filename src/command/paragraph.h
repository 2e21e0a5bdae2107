/* paragraph.h - text for people, laid out to fit a terminal of 80 columns.
 *
 * Pure. A word that is too long for a line is cut over several, never inside of a UTF-8
 * character; each character counts as one column. */
#ifndef PGTANDEM_COMMAND_PARAGRAPH_H
#define PGTANDEM_COMMAND_PARAGRAPH_H

#include "base/buf.h"

enum { PARAGRAPH_COLUMNS = 80, PARAGRAPH_INDENT = 11 };

/* Adds `text` behind `label` ("" for none), the first column of PARAGRAPH_INDENT, and ends
 * with a line feed. White space in the text is where lines may end. */
void paragraph_add(struct buf *out, const char *label, const char *text);

#endif
