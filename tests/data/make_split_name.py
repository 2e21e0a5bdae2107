#!/usr/bin/env python3
"""Makes split_name.tsv, the table of cases that plugin/split_name.c is held to.

    python3 tests/data/make_split_name.py > tests/data/split_name.tsv

The two functions below are the scenario's, to the letter: they are the reference.
The output is the same on every run. A line is

    rule  full_name  first_name  last_name  label

with tabs between; the three values are UTF-8 in hexadecimal. The rule `split`
makes the two names from the first value, `concat` the first value from them.
"""

import random
import sys

SEED = 10_234_567


def split_full_name(full_name: str) -> tuple[str, str]:
    if not full_name:
        return ("", "")

    full_name = full_name.strip()

    if ' ' not in full_name:
        return (full_name, "")

    # Find last space
    last_space_idx = full_name.rfind(' ')
    first_name = full_name[:last_space_idx].strip()
    last_name = full_name[last_space_idx + 1:].strip()

    return (first_name, last_name)


def concat_names(first_name: str, last_name: str) -> str:
    parts = [p.strip() for p in [first_name, last_name] if p]
    return " ".join(parts)


WHITE_SPACE = [
    *range(0x0009, 0x000E), *range(0x001C, 0x0021), 0x0085, 0x00A0, 0x1680,
    *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
]

# Not white space, though next to it in the code chart, or taken for it by
# other definitions, or ending in the same bytes.
LOOKALIKES = [
    0x0000, 0x0001, 0x0008, 0x000E, 0x001B, 0x0021, 0x007F, 0x0080, 0x0084, 0x0086, 0x009F,
    0x00A1, 0x00AD, 0x0385, 0x03A0, 0x0820, 0x1000, 0x167F, 0x1681, 0x180E, 0x1FFF, 0x200B,
    0x200C, 0x200D, 0x200E, 0x2010, 0x2027, 0x202A, 0x202E, 0x2030, 0x205E, 0x2060, 0x2068,
    0x20A0, 0x2FFF, 0x3001, 0x3164, 0x4000, 0xFEFF, 0xFFFD, 0x10000, 0x1D000, 0x1F600,
    0x20000, 0x10FFFF,
]

NAMES = [
    "", "John Doe", "Mary Jane Watson", "Madonna", "  Spaced  Out  ", "Dr. John Q. Public III",
    "Mary-Jane Watson-Parker", "김철수", "김 철수", "van der Berg, Johann", "Johann van der Berg",
    "Prince", " Prince", "Prince ", "John  Doe", "John   Doe", "Ana\tLee", "Ana \tLee", "Ana\t Lee",
    "Ana \t Lee", "John\nDoe", "John \n Doe\r\n", "José Ángel Núñez",
    "Jose\u0301 Nu\u0301n\u0303ez",
    "O'Brien", "Conan O'Brien", "Sammy Davis Jr.", "Robert Downey, Jr.", "Henry Ford II",
    "Martin Luther King Jr. ", "X Æ A-12", "李 小龍", "李\u3000小龍", "\u3000李 小龍\u3000",
    "محمد علي", "नरेंद्र मोदी", "Лев Николаевич Толстой", "Björk Guðmundsdóttir", "🦄 Unicorn",
    "Party 🎉", "👩\u200d👩\u200d👧 Family", "𝒜𝓃𝒶 𝐿𝑒𝑒", "a b", "a", "1 2 3", "- -", "%s %n", "\\ \\N",
    "'; DROP TABLE users; --", "NULL", "\"quoted name\"", "{a,b} c", "NaN",
]

WORDS = [
    "Ada", "Lovelace", "Jean-Luc", "de", "la", "Cruz", "Ng", "김", "철수", "Łukasz", "Öz",
    "O'Neill", "III", "Jr.", "Berg,", "🦄", "𝒜", "é", "e\u0301", "x", "小龍", "\u200b", "\u00ad",
]


class Cases:
    """Every distinct case once, in the order in which they were thought of."""

    def __init__(self):
        self.seen = set()

    def _line(self, rule, full, first, last, label):
        values = [value.encode("utf-8").hex() for value in (full, first, last)]
        print("\t".join([rule, *values, label]))

    def split(self, label, full):
        if ("split", full) not in self.seen:
            self.seen.add(("split", full))
            self._line("split", full, *split_full_name(full), label)

    def concat(self, label, first, last):
        if ("concat", first, last) not in self.seen:
            self.seen.add(("concat", first, last))
            self._line("concat", concat_names(first, last), first, last, label)


def check_white_space():
    python = [c for c in range(sys.maxunicode + 1) if chr(c).isspace()]
    if python != WHITE_SPACE:
        sys.exit("this Python's str.isspace() is not the one that the list was taken from")


def known_names(cases):
    for name in NAMES:
        cases.split("known name", name)
        first, last = split_full_name(name)
        cases.concat("known name, split", first, last)
        cases.concat("known name as first", name, "")
        cases.concat("known name as last", "", name)


def one_character_in_every_position(cases, kind, code):
    c = chr(code)
    label = f"{kind} U+{code:04X}"
    for where, text in [
        ("alone", c), ("twice", c + c), ("in front", c + "John Doe"), ("behind", "John Doe" + c),
        ("around", c + "John Doe" + c), ("between", "John" + c + "Doe"),
        ("before the space", "John" + c + " Doe"), ("after the space", "John " + c + "Doe"),
        ("around the space", "John" + c + " " + c + "Doe"),
        ("between spaces", "John " + c + " Doe"),
        ("in the first name", "Mary" + c + "Jane Doe"), ("in front of one word", c + "Madonna"),
        ("behind one word", "Madonna" + c), ("in front, then a space", c + " Doe"),
        ("behind a space", "John " + c), ("around a space", c + " " + c),
        ("in front, within spaces", " " + c + " John Doe"),
        ("behind, within spaces", "John Doe " + c + " "),
        ("next to four bytes", "🦄" + c + " " + c + "🦄" + c),
    ]:
        cases.split(f"{label} {where}", text)
    for where, first, last in [
        ("alone as first", c, ""), ("alone as last", "", c), ("alone as both", c, c),
        ("as first", c, "Doe"), ("as last", "John", c), ("around first", c + "John" + c, "Doe"),
        ("around last", "John", c + "Doe" + c), ("around both", c + "John" + c, c + "Doe" + c),
        ("inside both", "Mary" + c + "Jane", "van" + c + "Berg"),
    ]:
        cases.concat(f"{label} {where}", first, last)


def white_space_only(cases):
    for n in range(1, 9):
        cases.split(f"{n} spaces", " " * n)
        cases.concat(f"{n} spaces as first", " " * n, "Prince")
        cases.concat(f"{n} spaces as last", "Prince", " " * n)
        cases.concat(f"{n} spaces as both", " " * n, " " * n)
    everything = "".join(map(chr, WHITE_SPACE))
    cases.split("all white space", everything)
    cases.split("all white space around", everything + "John Doe" + everything)
    cases.split("all white space between", "John" + everything + "Doe")
    cases.concat("all white space as both", everything, everything)
    cases.concat("all white space around both", everything + "a" + everything,
                 everything + "b" + everything)


def long_names(cases):
    for n in (255, 256, 1000, 4096):
        cases.split(f"{n} letters", "x" * n)
        cases.split(f"{n} letters, then a word", "x" * n + " y")
        cases.split(f"a word, then {n} letters", "y " + "x" * n)
        cases.split(f"{n} spaces around", " " * n + "a b" + " " * n)
        cases.split(f"{n} spaces between", "a" + " " * n + "b")
        cases.concat(f"{n} letters in each", "x" * n, "y" * n)
    cases.split("many words", "ab " * 1000)
    cases.split("many ideographic spaces", "\u3000" * 500 + "김" + "\u3000" * 500)


def random_names(cases, count):
    rng = random.Random(SEED)

    def pick(items):  # random() is the generator's one promise across versions
        return items[int(rng.random() * len(items))]

    def gap():
        if rng.random() < 0.6:
            return " "
        return "".join(chr(pick(WHITE_SPACE)) for _ in range(int(rng.random() * 4)))

    def words(most):
        text = gap() if rng.random() < 0.4 else ""
        for _ in range(int(rng.random() * (most + 1))):
            text += pick(WORDS) + gap()
        return text

    for n in range(count):
        cases.split(f"random {n}", words(4))
        cases.concat(f"random {n}", words(2), words(2))


def main():
    check_white_space()
    cases = Cases()
    known_names(cases)
    for code in WHITE_SPACE:
        one_character_in_every_position(cases, "white space", code)
    for code in LOOKALIKES:
        one_character_in_every_position(cases, "no white space", code)
    white_space_only(cases)
    long_names(cases)
    random_names(cases, 1000)


main()
