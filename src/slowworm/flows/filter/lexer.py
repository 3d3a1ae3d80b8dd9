"""A filter expression as tokens that know their place, and the cursor that walks over them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from slowworm.errors import FilterError
from slowworm.flows.filter.names import RESERVED

MAX_LENGTH = 10_000
"""Characters in an expression: about 600 addresses. Filters also arrive over the network, from the page."""

SHOWN_LENGTH = 40
"""Characters of an offending word that a message repeats; the caret line shows the rest."""

BARE_WORD = re.compile(r"[A-Za-z0-9_.:/%@*+~$-]+")
"""A word or a name that needs no quotes: ``icmp-type``, ``2001:db8::/32``, ``FastEthernet0/0.100``."""

_MARK = re.compile(r"&&|\|\||[<>!=]=|[<>=!()\[\],]")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_SPACE = re.compile(r"\s*")


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    QUOTED = auto()
    MARK = auto()
    END = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token: ``text`` without quotes, ``position`` its 0-based offset in the expression."""

    kind: Kind
    text: str
    position: int

    @property
    def key(self) -> str:
        """What the grammar compares: the lower-case word or the mark; empty for quoted names and the end."""
        return "" if self.kind is Kind.QUOTED else self.text.lower()


class Cursor:
    """The tokens of one expression and a place among them; it also words the errors.

    Raises :class:`FilterError` for an expression longer than ``MAX_LENGTH`` or with a character that no
    token has.
    """

    __slots__ = ("_index", "_tokens", "text")

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            reason = f"the expression has {len(text)} characters, more than {MAX_LENGTH}"
            # Only the readable part goes into the error: the whole of it may be megabytes.
            raise FilterError(reason, expression=text[:MAX_LENGTH], position=MAX_LENGTH)
        self.text = text
        self._tokens = _tokenize(text)
        self._index = 0

    @property
    def token(self) -> Token:
        """The token at the cursor."""
        return self._tokens[self._index]

    @property
    def key(self) -> str:
        """The key of the token at the cursor."""
        return self.token.key

    def key_ahead(self, distance: int) -> str:
        """The key of the token ``distance`` after the cursor; empty beyond the end."""
        return self._tokens[min(self._index + distance, len(self._tokens) - 1)].key

    def take(self) -> Token:
        """The token at the cursor; the cursor moves on, but never past the end."""
        token = self.token
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def accept(self, *keys: str) -> bool:
        """Take the token if its key is one of ``keys``; whether it was."""
        if self.token.kind is Kind.END or self.key not in keys:
            return False
        self.take()
        return True

    def error(self, reason: str, *, position: int | None = None) -> FilterError:
        """An error at ``position``, or at the cursor."""
        at = self.token.position if position is None else position
        return FilterError(reason, expression=self.text, position=at)

    def expected(self, what: str, *, near: Iterable[str] = ()) -> FilterError:
        """An error at the cursor: ``what`` should stand there, perhaps the nearest of the words ``near``."""
        token = self.token
        if token.kind is Kind.END:
            return self.error(f"expected {what}, but the filter ends here")
        likely = suggestion(token.key, near) if token.kind is Kind.WORD and token.key not in RESERVED else ""
        return self.error(f"expected {what}, not {shown(token.text)}{likely}")


def shown(text: str) -> str:
    """Text quoted for a message: shortened, control characters escaped."""
    return repr(text if len(text) <= SHOWN_LENGTH else text[:SHOWN_LENGTH] + "…")


def suggestion(word: str, candidates: Iterable[str]) -> str:
    """``; did you mean 'port'?`` where one of ``candidates`` is like ``word``, else nothing."""
    import difflib  # only when something is wrong: filters that parse do not pay for it

    close = difflib.get_close_matches(word[:SHOWN_LENGTH], list(candidates), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _tokenize(text: str) -> list[Token]:
    tokens = []
    position = _end(_SPACE, text, 0)
    while position < len(text):
        if match := BARE_WORD.match(text, position):
            tokens.append(Token(kind=Kind.WORD, text=match[0], position=position))
        elif match := _MARK.match(text, position):
            tokens.append(Token(kind=Kind.MARK, text=match[0], position=position))
        elif match := _QUOTED.match(text, position):
            name = match[1] if match[1] is not None else match[2]
            tokens.append(Token(kind=Kind.QUOTED, text=name, position=position))
        else:
            raise FilterError(_misfit(text[position]), expression=text, position=position)
        position = _end(_SPACE, text, match.end())
    tokens.append(Token(kind=Kind.END, text="", position=len(text)))
    return tokens


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _misfit(character: str) -> str:
    """Why ``character`` cannot start a token."""
    if character in "&|":
        return f"expected {character * 2!r}, not a single {character!r}"
    if character in "\"'":
        return f"the quote {character} is never closed"
    if character == "#":
        return "expected a condition, not '#': filters have no comments, and a name with '#' goes in quotes"
    return f"unexpected character {character!r}; names with such characters go in quotes"
