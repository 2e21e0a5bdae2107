/* sqltoken.h - where an SQL token ends.
 *
 * Rules: PostgreSQL's lexical ones with standard_conforming_strings on: texts
 *   '...' and E'...', names "...", bodies $tag$...$tag$, comments to the end of
 *   the line and nested ones. What is not closed lasts to the end, a comment, too: it is
 *   no blank then, but a token, about which the server will speak.
 * Not here: what a token means (ddl.h), where a statement ends (sqlsplit.h). */
#ifndef PGTANDEM_MODEL_SQLTOKEN_H
#define PGTANDEM_MODEL_SQLTOKEN_H

/* From a token's first byte to behind its last. A word (a name, a keyword, a number),
 * a text, a quoted name or a body is one token, any other character one of its own. */
const char *sqltoken_skip(const char *at, const char *end);

/* Behind white space and comments; `at` where there are none. */
const char *sqltoken_skip_blank(const char *at, const char *end);

#endif
