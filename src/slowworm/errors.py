"""The one exception tree.

SlowwormError            everything this package raises on purpose; ``exit_code`` is what a command ends with
├── UsageError           the caller asked for something that cannot be: an option, a name, a combination
│   ├── FilterError      a filter expression does not parse; knows the column for the caret
│   ├── ProfileError     a profile file is not one; knows the file and the key
│   ├── InventoryError   an inventory is not one; knows the file and the key
│   └── QueryError       SQL that cannot be run
├── InputError           nothing in an input could be read
├── StoreError           a directory is no store of this version, or cannot be written
└── MissingExtraError    an optional dependency is not installed; the message is the line that installs it
"""

from __future__ import annotations


class SlowwormError(Exception):
    """Base of all errors with a message for people: what, where, and what to do next."""

    exit_code = 2


class UsageError(SlowwormError):
    """The request itself cannot be served."""


SHOWN_CHARACTERS = 100
"""Width of the part of an expression that an error shows around its caret."""


def _window(expression: str, position: int) -> tuple[str, int]:
    """The part of ``expression`` around ``position`` as it may be shown, and where the caret goes."""
    begin = max(0, min(position - SHOWN_CHARACTERS // 2, len(expression) - SHOWN_CHARACTERS))
    part = expression[begin : begin + SHOWN_CHARACTERS]
    shown = "".join(c if c.isprintable() else "?" for c in part)
    before, after = "…" if begin else "", "…" if begin + SHOWN_CHARACTERS < len(expression) else ""
    return before + shown + after, position - begin + len(before)


class FilterError(UsageError):
    """A filter expression that does not parse.

    ``expression`` is the text as given, ``position`` the 0-based offset of the offending character.
    """

    def __init__(self, reason: str, *, expression: str, position: int) -> None:
        self.reason = reason
        self.expression = expression
        self.position = position
        shown, caret = _window(expression, position)
        super().__init__(f"filter: {reason}\n  {shown}\n  {' ' * caret}^")


class ProfileError(UsageError):
    """A targeting profile file that cannot be used."""


class InventoryError(UsageError):
    """An inventory file that cannot be used."""


class QueryError(UsageError):
    """SQL that cannot be run; the message shows where in the text."""


class InputError(SlowwormError):
    """An input of which nothing could be read."""


class StoreError(SlowwormError):
    """A store that cannot be opened, read or written."""


class MissingExtraError(SlowwormError):
    """An optional dependency is missing."""

    def __init__(self, *, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional part: pip install 'slowworm[{extra}]'")
