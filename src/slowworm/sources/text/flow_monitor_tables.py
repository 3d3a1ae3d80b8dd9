"""The table and CSV formats of `show flow monitor NAME cache`: columns under a header of field names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from slowworm.sources.text import flow_monitor_fields as fields
from slowworm.sources.text.spans import Span

Add = Callable[[Mapping[str, str], int], bool]
"""Takes the values of a row by field name and the row's offset; says whether that was a flow."""

MAX_COLUMNS = 60
"""Columns of a table: records have up to about 30 fields, and hostile input might have any number."""

MAX_PIECES = 8
"""Lines over which one line of CSV may be wrapped."""

_HEADER_REACH = 4_000
"""Characters before a ruler in which its header may stand, collapsed or wrapped."""

_RULER = re.compile(r"(?<!\S)={3,}+(?!\S)(?:\s++={3,}+(?!\S))*+")
_TOKEN = re.compile(r"\S+")
_LINE = re.compile(r"[^\n]+")
_ADDRESS_LIKE = re.compile(r"(?:\d{1,3}\.){3}\d|[\dA-Fa-f]{0,4}:(?::|[\dA-Fa-f]{0,4}:[\dA-Fa-f]{0,4}:)")
_COLUMN_GAP = re.compile(r"\s{2,}")
_APPLICATION = frozenset({"layer7", "layer4", "layer3", "port", "prot", "cisco", "nbar", "iana", "custom"})
"""First words of application names, whose second word is the application."""

_ADDRESS = r"ipv[46]\s{1,9}(?:src|source|dst|destination)\s{1,9}addr(?:ess)?"
_CSV_START = re.compile(rf"(?<![\w]){_ADDRESS}\s*+,|,\s*+{_ADDRESS}(?!\w)", re.IGNORECASE)

Token = tuple[int, int, str]


def read_tables(text: str, add: Add) -> list[Span]:
    """Rows under rulers of ``====``; returns what was understood. An ambiguous header is left alone."""
    spans: list[Span] = []
    headers: list[tuple[int, int, list[str]]] = []
    done = 0
    for ruler in _RULER.finditer(text):
        found = _header(text, max(done, ruler.start() - _HEADER_REACH), ruler)
        if found:
            headers.append((found[0], ruler.end(), found[1]))
        done = ruler.end()
    for number, (begin, end, names) in enumerate(headers):
        spans.append((begin, end))
        stop = headers[number + 1][0] if number + 1 < len(headers) else len(text)
        spans += _rows(text, end, stop, names, add)
    return spans


def _header(text: str, low: int, ruler: re.Match[str]) -> tuple[int, list[str]] | None:
    """Where the header of a ruler begins, and its field names in canonical spelling."""
    columns = len(ruler[0].split())
    if not 1 < columns <= MAX_COLUMNS:
        return None
    line = max(low, text.rfind("\n", low, low + len(text[low : ruler.start()].rstrip())) + 1)
    head = text[line : ruler.start()]
    names = [fields.canonical(part.split()) for part in _COLUMN_GAP.split(head.strip())]
    if len(names) == columns and any(name in fields.KNOWN for name in names):
        return line + len(head) - len(head.lstrip()), names
    words = [(match.start(), match[0]) for match in _TOKEN.finditer(text, low, ruler.start())]
    names, left = [], len(words)
    while len(names) < columns:
        size = fields.known_suffix([word for _, word in words[max(0, left - fields.MOST_WORDS) : left]])
        if not size:
            return None
        left -= size
        names.append(fields.canonical([word for _, word in words[left : left + size]]))
    return words[left][0], names[::-1]


def _rows(text: str, begin: int, end: int, names: Sequence[str], add: Add) -> list[Span]:
    """Rows by line; lines that are no row are tried again as one stream, for wrapped or collapsed tables."""
    spans: list[Span] = []
    pending: list[Token] = []
    applications = "app name" in names
    for line in _LINE.finditer(text, begin, end):
        tokens = _tokens(line, applications)
        if len(tokens) == len(names) and _add(tokens, names, add):
            spans += _stream(pending, names, add)
            pending = []
            spans.append((tokens[0][0], tokens[-1][1]))
        else:
            pending += tokens
    return spans + _stream(pending, names, add)


def _tokens(line: re.Match[str], applications: bool) -> list[Token]:
    """Words of a line; ``0 (DEFAULT)`` and ``layer7 facebook`` are one."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(line.string, line.start(), line.end()):
        word = match[0]
        named = bool(tokens) and applications and tokens[-1][2] in _APPLICATION
        if named or (tokens and word[0] == "(" and word[-1] == ")"):
            tokens[-1] = (tokens[-1][0], match.end(), f"{tokens[-1][2]} {word}")
        else:
            tokens.append((match.start(), match.end(), word))
    return tokens


def _add(tokens: Sequence[Token], names: Sequence[str], add: Add) -> bool:
    return add({name: token[2] for name, token in zip(names, tokens, strict=True)}, tokens[0][0])


def _stream(tokens: Sequence[Token], names: Sequence[str], add: Add) -> list[Span]:
    """Rows in a stream of words, each found by its addresses standing where they must and nowhere else.

    A row with an empty cell would otherwise borrow the next row's first word, with its columns shifted.
    """
    spans: list[Span] = []
    marks = [i for i, name in enumerate(names) if name in (*fields.SOURCES, *fields.DESTINATIONS)]
    others = [
        i for i, name in enumerate(names) if i not in marks and name in fields.KNOWN and "addr" not in name
    ]
    at = 0
    while marks and at + len(names) <= len(tokens):
        placed = all(_ADDRESS_LIKE.match(tokens[at + i][2]) for i in marks)
        placed = placed and not any(_ADDRESS_LIKE.match(tokens[at + i][2]) for i in others)
        row = tokens[at : at + len(names)] if placed else ()
        if row and _add(row, names, add):
            spans.append((row[0][0], row[-1][1]))
            at += len(names)
        else:
            at += 1
    return spans


def read_csv(text: str, add: Add) -> list[Span]:
    """Rows under a header of comma-separated names, one row a line, also collapsed or cut by line wraps."""
    spans: list[Span] = []
    headers: list[tuple[int, int, list[str]]] = []
    done = 0
    for start in _CSV_START.finditer(text):
        if start.start() >= done:
            line = max(done, text.rfind("\n", done, start.start()) + 1)
            headers.append(_csv_header(text, line, start.end()))
            done = headers[-1][1]
    for number, (begin, end, names) in enumerate(headers):
        spans.append((begin, end))
        stop = headers[number + 1][0] if number + 1 < len(headers) else len(text)
        spans += _csv_rows(text, end, stop, names, add)
    return spans


def _csv_header(text: str, begin: int, known: int) -> tuple[int, int, list[str]]:
    """Begin, end and names of a header; before and behind it on its line may be other text."""
    end = text.find("\n", known)
    end = len(text) if end < 0 else end
    for _ in range(MAX_PIECES):  # a header that was wrapped behind a comma
        if end == len(text) or not text[max(begin, end - 20) : end].rstrip().endswith(","):
            break
        following = text.find("\n", end + 1)
        end = len(text) if following < 0 else following
    parts = text[begin:end].split(",")
    first = [(match.start(), match[0]) for match in _TOKEN.finditer(parts[0])]
    size = fields.known_suffix([word for _, word in first])
    if size:
        begin, parts[0] = begin + first[-size][0], parts[0][first[-size][0] :]
    names: list[str] = []
    at = begin
    for part in parts:
        words = [(match.end(), match[0]) for match in _TOKEN.finditer(part)]
        size = fields.known_prefix([word for _, word in words])
        if names and size and size < len(words) and any(c in "0123456789:" for c in words[size][1]):
            names.append(fields.canonical([word for _, word in words[:size]]))
            return begin, at + words[size - 1][0], names  # the last name, and behind it the first row
        names.append(fields.canonical([word for _, word in words]))
        at += len(part) + 1
    return begin, end, names


def _csv_rows(text: str, begin: int, end: int, names: Sequence[str], add: Add) -> list[Span]:
    spans: list[Span] = []
    commas = len(names) - 1
    cut: list[Span] = []  # pieces of a row that the terminal wrapped
    for line in _LINE.finditer(text, begin, end):
        if line[0].count(",") == commas and _csv_add(line.start(), line[0], names, add):
            spans.append(line.span())
            cut = []
            continue
        collapsed = False
        for match in _TOKEN.finditer(text, line.start(), line.end()):
            if match[0].count(",") == commas and _csv_add(match.start(), match[0], names, add):
                spans.append(match.span())
                collapsed = True
        if collapsed or not line[0].strip():
            cut = []
            continue
        cut = [*cut[1 - MAX_PIECES :], line.span()]
        row = "".join(text[a:b].strip() for a, b in cut)
        if row.count(",") > commas:
            cut = cut[-1:]
        elif row.count(",") == commas and len(cut) > 1:
            if _csv_add(cut[0][0], row, names, add):
                spans += cut
            cut = []
    return spans


def _csv_add(offset: int, row: str, names: Sequence[str], add: Add) -> bool:
    return add(dict(zip(names, (value.strip() for value in row.split(",")), strict=True)), offset)
