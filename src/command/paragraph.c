/* paragraph.c - see paragraph.h. */
#include "command/paragraph.h"

#include <stdbool.h>
#include <string.h>

static bool continues_character(char c) {
    return ((unsigned char)c & 0xC0) == 0x80;
}

static bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Bytes of the word at `text`, of no more than `most` characters. */
static size_t measure_word(const char *text, size_t most, size_t *characters) {
    size_t size = 0;
    *characters = 0;
    while (text[size] != '\0' && !is_space(text[size])) {
        if (!continues_character(text[size]) && (*characters)++ == most) {
            *characters = most;
            break;
        }
        size++;
    }
    return size;
}

void paragraph_add(struct buf *out, const char *label, const char *text) {
    enum { WIDTH = PARAGRAPH_COLUMNS - PARAGRAPH_INDENT };
    size_t used = 0; /* characters in this line, behind the indent */
    buf_add_format(out, "%-*s", PARAGRAPH_INDENT, label);
    for (text += strspn(text, " \n\t\r"); *text != '\0'; text += strspn(text, " \n\t\r")) {
        size_t characters, size = measure_word(text, WIDTH, &characters);
        if (used > 0 && used + 1 + characters > WIDTH) {
            buf_add_format(out, "\n%*s", PARAGRAPH_INDENT, "");
            used = 0;
        } else if (used > 0) {
            buf_add_char(out, ' ');
            used++;
        }
        buf_add(out, text, size);
        used += characters;
        text += size;
    }
    buf_add_char(out, '\n');
}
