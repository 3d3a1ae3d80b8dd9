"""A terminal session as text: cleaned of paging and control characters, cut at its prompts.

Used for flow listings here and for every other ``show`` output by the diagnosis. Text is decoded as Latin-1
so that one character is one byte; what is shown to people is decoded again by :func:`readable`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

MAX_PROMPTS = 100_000
"""Prompts honoured in one input: a session of a lifetime has fewer; hostile input might be all prompts."""

MAX_COMMAND = 200
"""Longest line taken for a command after a prompt; a longer one is output collapsed behind it."""

_PAGING = re.compile(
    rb"(?:(?<!-)-{2,12}\s?\(?[Mm]ore\)?\s?-{2,12}|<-{1,12} ?More ?-{1,12}>)[ \t\x08]*\r?", re.ASCII
)
_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|\x1b\][^\x07\x1b]{0,200}\x07")
_ERASED = re.compile(rb"\x08[\x08 \t]*")
_PROMPT = re.compile(
    r"(?P<host>[A-Za-z0-9][\w.\-/:@~]{0,62})\s?"
    r"(?P<mode>\((?:config[\w\-]*|enable)\))?"
    r"(?:(?P<sign>[#>])\s?(?:\(enable\)\s?)?|(?<=\(enable\))\s?|<(?=\s?sh))"
)
_BEFORE_SIGN = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz)-_ ")
_SHOW = re.compile(r"\s*(?:do\s+)?sh(?:o|ow)?\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one prompt led to: the text from behind the prompt to the next one.

    ``line`` is the 1-based line in the file of the first character of ``text``. ``prompted`` sections begin
    with the command as typed; a section without a prompt is text that precedes any.
    """

    path: str
    text: str
    line: int
    hostname: str | None = None
    prompted: bool = False

    @property
    def command(self) -> str | None:
        """The line behind the prompt, ``None`` without a prompt or where it is too long to be a command."""
        if not self.prompted:
            return None
        end = self.text.find("\n", 0, MAX_COMMAND + 2)
        if end < 0 and len(self.text) > MAX_COMMAND:
            return None
        return self.text[: end if end >= 0 else None].strip()

    def at(self, offset: int) -> int:
        """The 1-based line in the file of a character of ``text``."""
        return self.line + self.text.count("\n", 0, offset)

    def blanked(self, begin: int, end: int) -> Section:
        """The section with a span replaced by white space: what was understood."""
        span = self.text[begin:end]
        filler = re.sub(r"[^\n]", " ", span)
        return replace(self, text=self.text[:begin] + filler + self.text[end:])


def readable(text: str) -> str:
    """Latin-1 decoded bytes as people should see them: UTF-8 where it is that, control characters escaped."""
    decoded = text.encode("latin-1", "replace").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in decoded)


def looks_binary(data: bytes) -> bool:
    """True where the first 8 KiB hold NULs (outside UTF-16) or are a tenth control characters."""
    head = data[:8192]
    if not head or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    control = sum(head.count(c) for c in range(32) if c not in b"\t\n\r\x08\x0c\x1b\x07\x00")
    nuls = head.count(0)
    utf16 = nuls and (head[1::2].count(0) > 0.4 * len(head) / 2 or head[::2].count(0) > 0.4 * len(head) / 2)
    return bool(not utf16 and (nuls or control * 10 > len(head)))


def clean(data: bytes) -> bytes:
    """Session bytes without paging prompts, erasures, escape sequences; UTF-16 turned into UTF-8.

    Line numbers stay what they were. A file without any of these is returned as it is.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode()
    elif b"\x00" in data:
        odd, even = data[1:8192:2].count(0), data[:8192:2].count(0)
        if max(odd, even) > 100 or max(odd, even) * 2 > min(len(data), 8192) * 0.4:
            data = data.decode("utf-16-le" if odd > even else "utf-16-be", "replace").encode()
        data = data.replace(b"\x00", b" ")
    if data[:3] == b"\xef\xbb\xbf":
        data = b"   " + data[3:]
    if b"\x1b" in data:
        data = _ESCAPE.sub(b"", data)
    if (b"--" in data or b"<-" in data) and (b"ore-" in data or b"ore -" in data or b"ore)-" in data):
        data = _PAGING.sub(b" ", data)
    if b"\x08" in data:
        data = _ERASED.sub(b" ", data)
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    return data


def _prompt_signs(data: bytes) -> list[int]:
    """Offsets of characters that may end a prompt: ``#``, ``>``, ``<``, or ``)`` of ``(enable)``."""
    found: list[int] = []
    for sign in (b"#", b">", b"<", b"(enable)"):
        at, met = data.find(sign), 0
        while at >= 0 and met < MAX_PROMPTS:
            met += 1
            if at and (data[at - 1] in _BEFORE_SIGN or len(sign) > 1):
                found.append(at + len(sign) - 1)
            at = data.find(sign, at + 1)
    return sorted(found)


def split(path: str, data: bytes) -> list[Section]:
    """Cut cleaned session bytes at their prompts, also where a paste collapsed them into one line."""
    text = data.decode("latin-1")
    cuts: list[tuple[int, int, str]] = []  # prompt begin, text begin, hostname
    done = 0
    for sign in _prompt_signs(data):
        if sign < done:
            continue
        low = max(done, sign - 96)
        word = text[low:sign].rstrip(" ")
        begin = max(word.rfind(c) for c in " \t\r\n") + 1 + low
        if text[sign] == ")":  # "6500-sup(enable)"; "Console> (enable)" was met at its ">"
            match = _PROMPT.match(text, begin)
            if match is None or match.end() <= sign:
                continue
        else:
            match = _PROMPT.match(text, begin)
        if match is None or not match.start() <= sign <= match.end():
            continue
        rest = text[match.end() : match.end() + 40]
        at_line_start = begin == 0 or text[begin - 1] in "\r\n"
        if match["sign"] == ">" and not at_line_start and not _SHOW.match(rest):
            continue
        if not (at_line_start or _SHOW.match(rest) or match["mode"] or match["sign"] == "#"):
            continue
        if rest[:1] and not (rest[0].isalpha() or rest[0] in "\r\n \t?"):
            continue
        cuts.append((begin, match.end(), match["host"]))
        done = match.end()
        if len(cuts) >= MAX_PROMPTS:
            break
    sections: list[Section] = []
    line, counted = 1, 0
    begin, hostname, prompted = 0, None, False
    for prompt_begin, text_begin, host in [*cuts, (len(text), len(text), "")]:
        if prompt_begin > begin:
            line += text.count("\n", counted, begin)
            counted = begin
            part = text[begin:prompt_begin] if (begin, prompt_begin) != (0, len(text)) else text
            sections.append(Section(path=path, text=part, line=line, hostname=hostname, prompted=prompted))
        begin, hostname, prompted = text_begin, host, True
    return sections
