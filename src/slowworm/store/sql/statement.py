"""The SQL of the user: what is accepted, texts beside addresses, errors in words for people."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from slowworm.errors import QueryError
from slowworm.store.sql.functions import address

MAX_MESSAGE_LINES = 12
"""Lines of DuckDB's message that are shown: with an unknown function it lists every candidate."""

EXPLAIN = "EXPLAIN\n"
"""In front of a statement that is planned and not run. Like the projection of results it takes one line."""

LINES_BEFORE = 1
"""Lines of what DuckDB gets that are not the user's."""

_CANDIDATES = re.compile(r"\n\s*Candidate functions:.*?(?=\n\nLINE |\Z)", re.DOTALL)
_LINE = re.compile(r"^LINE (?P<number>\d+): (?P<text>.*)\n(?P<blanks> *)\^", re.MULTILINE)
_NO_NUMBER = re.compile(r"Could not convert string '(?P<text>[^']*)' to U?INT128")
_LITERAL = re.compile(r"'[0-9A-Fa-f.:]+'")
_MORE = re.compile(rf"(?:\s*,\s*{_LITERAL.pattern})+")
"""What follows a text in a list: the others are addresses too, or errors all the same."""

_IN_PYTHON = re.compile(r"Python exception occurred while executing the UDF: (?:\w+: )?(?P<text>[^\n]*)")
_KIND = re.compile(r"\A(?:[A-Z][\w ]{0,30} )?Error: ")


def only_select(connection: Any, sql: str) -> str:
    """The text of the one SELECT in ``sql``. Raises :class:`QueryError` for anything else."""
    import duckdb

    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(message(error, lines_before=0)) from error
    if not statements:
        raise QueryError("query: no SQL given; for example: SELECT src_addr, count(*) FROM flows GROUP BY 1")
    if len(statements) > 1:
        raise QueryError(f"query: {len(statements)} statements; one SELECT at a time")
    kind = statements[0].type
    if kind != duckdb.StatementType.SELECT:
        raise QueryError(f"query: this is {kind.name}, and only SELECT is run: it changes and writes nothing")
    return str(statements[0].query).strip().rstrip(";")


def with_address(sql: str, error: BaseException) -> str | None:
    """``sql`` with ip(…) around the text that DuckDB could not compare with an address, and around others that follow
    it in a list; ``None`` for other errors.

    So ``src_addr = '192.0.2.1'`` means what it says. Raises :class:`QueryError` where the text is no address.
    """
    said = str(error)
    found = _NO_NUMBER.search(said)
    if found is None:
        return None
    literal = f"'{found['text']}'"
    offset = _offset(sql, literal, said)
    if offset is None:
        return None
    try:
        address(found["text"])
    except ValueError as problem:
        hint = "; prefixes are compared with in_prefix(addr, '10.0.0.0/8')" if "/" in found["text"] else ""
        raise QueryError(f"query: an address is compared with text: {problem}{hint}") from error
    begin = end = offset + len(literal)
    if behind := _MORE.match(sql, begin):
        end = behind.end()
    others = _LITERAL.sub(lambda other: f"ip({other[0]})", sql[begin:end])
    return f"{sql[:offset]}ip({literal}){others}{sql[end:]}"


def _offset(sql: str, literal: str, said: str) -> int | None:
    """Where the literal stands that DuckDB points at; it shows a part of a long line only, and not always the place."""
    if sql.count(literal) == 1:
        return sql.index(literal)
    place = _LINE.search(said)
    lines = sql.split("\n")
    number = int(place["number"]) - 1 - LINES_BEFORE if place else -1
    if place is None or not 0 <= number < len(lines):
        return None
    shown = place["text"]
    caret = _characters(shown, len(place["blanks"]) - len(f"LINE {place['number']}: "))
    for dots in ("...", ""):
        begin = lines[number].find(shown.removeprefix(dots).removesuffix("..."))
        offset = sum(len(line) + 1 for line in lines[:number]) + begin + caret - len(dots)
        if shown.startswith(dots) and begin >= 0 and sql[offset : offset + len(literal)] == literal:
            return offset
    return None


def _characters(text: str, cells: int) -> int:
    """How many characters of a text fill so many cells of a terminal, by which DuckDB places its caret."""
    count = 0
    while count < len(text) and cells > 0:
        wide = unicodedata.east_asian_width(text[count]) in ("W", "F")
        cells -= 0 if unicodedata.combining(text[count]) else 2 if wide else 1
        count += 1
    return count


def message(error: BaseException, *, lines_before: int = LINES_BEFORE) -> str:
    """What DuckDB says, without what is of no use to people."""
    said = str(error)
    own = _IN_PYTHON.search(said)
    if own:
        return f"query: {printable(own['text'])}"
    said = _LINE.sub(
        lambda m: m[0].replace(f"LINE {m['number']}:", f"LINE {_line(m, lines_before)}:", 1), said
    )
    said = _CANDIDATES.sub("", said)
    lines = [printable(line) for line in _KIND.sub("", said).split("\n") if line.strip()]
    hint = _hint(said)
    shown = lines[:MAX_MESSAGE_LINES] + ([f"hint: {hint}"] if hint else [])
    return "query: " + "\n  ".join(shown)


def _line(match: re.Match[str], lines_before: int) -> int:
    return max(1, int(match["number"]) - lines_before)


def _hint(said: str) -> str | None:
    if "UHUGEINT" in said and "No function matches" in said:
        return (
            "an address is no text: text(addr) makes it one; in_prefix(addr, '10.0.0.0/8') tests for a prefix"
        )
    if "disabled by configuration" in said:
        return "SQL reaches the inputs through its relations only, no other files; slowworm query --schema lists them"
    if "extension" in said:
        return "no extension is loaded; slowworm query --schema lists the functions there are beside DuckDB's own"
    if "Out of Memory" in said or "failed to allocate" in said:
        return "--memory gives more"
    return None


def printable(line: str) -> str:
    """A line without control characters, which it may have from SQL or from the name of a file."""
    return "".join(c if c.isprintable() else "?" for c in line)
