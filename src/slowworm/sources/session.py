"""A terminal session as text: cleaned of paging and control characters, cut at its prompts.

Used for flow listings here and for every other ``show`` output by the diagnosis. Text is decoded as Latin-1
so that one character is one byte; what is shown to people is decoded again by :func:`readable`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

MAX_PROMPTS = 100_000
"""Prompts honoured in one input: a session of a lifetime has fewer; hostile input might be all prompts."""

MAX_COMMAND = 200
"""Longest line taken for a command after a prompt; a longer one is output collapsed behind it."""

MAX_PROMPT = 96
"""Characters looked at in front of a prompt's sign: hostname and mode are shorter."""

BINARY_SHARE = 0.05
"""Share of control characters from which bytes are no session. Terminal logs have next to none (a telnet log one
NUL a line), random and compressed bytes 10 %."""

UTF16_SHARE = 0.4
"""Share of every other byte that is NUL from which text is UTF-16 without a byte order mark."""

MARK = "\x1e"
"""Stands for a run of rows that was taken out of a text: white space, and so no part of what is read there."""

_SHORTEST, _START, _HEAD = 8, 64, 8192
_BOM = b"\xef\xbb\xbf"
_PAGING = re.compile(
    rb"(?:(?<!-)-{2,12} ?\(?[Mm]ore\)? ?-{2,12}|<-{1,12} ?More ?-{1,12}>)(?:[ \t\x08]|\^H)*+\r?", re.ASCII
)
_TITLE = re.compile(rb"\x1b\][^\x07\x1b\n]{0,200}+(?:\x07|\x1b\\)")
_MOVE = re.compile(rb"\x1b\[[0-9;]{0,20}+[A-Hdf]")
_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|[ -/]*+[0-Z\\-~])")
_AT_LINE_START = re.compile(rb"^\x08+", re.MULTILINE)
_ERASED = re.compile(rb"\x08[\x08 \t]*+")
_PROMPTED = re.compile(rb"[^\x08#>]{0,96}(?:[#>]|\(enable\))")
_RUN = re.compile(rb"\x08++|[^\x08]++")
_PROMPT = re.compile(
    r"(?P<host>[A-Za-z0-9][\w.\-/:@~]{0,62})(?P<gap> ?)"
    r"(?P<mode>\([a-z][\w\-]{0,40}\))?"
    r"(?:(?P<sign>[#>]) ?(?P<late>\(enable\) ?)?|(?<=\(enable\)) ?|<(?= ?sh))"
)
_BEFORE_SIGN = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz)-_ ")
_ROUTE_PROCESSOR = re.compile(r"\A(?:RP|LC)/\d{1,3}/\w{1,8}/CPU\d{1,3}:(?=.)")
"""What IOS-XR prints in front of its hostname."""
_SHOW = re.compile(r"\s{0,20}(?:do\s{1,20})?sh(?:o|ow)?\s", re.IGNORECASE)
_TYPED = re.compile(
    r"\s{0,20}(?:do|conf\w*|clear|u(?:n(?:debug)?)?|debug|term\w*|ping|trace\w*|en\w*|disa\w*|exit|end|logout|quit|"
    r"wr\w*|copy|reload|no|set|mls|ip|int\w*|access-list|route-map)(?:\s|$)",
    re.IGNORECASE,
)
"""First words of what is typed behind a prompt, where nothing else tells that it is one."""
_RULES = {sign: re.compile(b"(?:" + re.escape(sign) + b")++") for sign in (b"#", b">", b"<", b"(enable)")}
_LINE_END = re.compile(r"[ \t\r]{0,20}(?:\n|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one prompt led to: the text from behind the prompt to the next one.

    ``line`` is the 1-based line in the file of the first character of ``text``. ``prompted`` sections begin
    with the command as typed; a section without a prompt is text that precedes any. ``taken``: flow rows of
    the section that were read before the session was cut, and are not in ``text``.
    """

    path: str
    text: str
    line: int
    hostname: str | None = None
    prompted: bool = False
    taken: int = 0

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
    """True where more than BINARY_SHARE of the first 8 KiB are control characters or NULs beside each other.

    Single NULs are no sign: telnet sends them behind a CR, and UTF-16 has them in text, also in a part of it
    where PowerShell appended to a file.
    """
    head = data[:_HEAD]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or _utf16(data):
        return False
    control = sum(head.count(c) for c in range(1, 32) if c not in b"\t\n\r\x08\x0c\x1b\x07")
    return control + 2 * head.count(b"\x00\x00") > BINARY_SHARE * len(head)


def clean(data: bytes) -> bytes:
    """Session bytes without paging prompts, erasures, escape sequences; UTF-16 turned into UTF-8.

    Line numbers stay what they were. A file without any of these is returned as it is.
    """
    return rendered(decoded(data))


def decoded(data: bytes) -> bytes:
    """Session bytes as a superset of ASCII with ``\\n`` ends of lines: UTF-16, byte order marks, NULs, lone CRs."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode()
    elif b"\x00" in data and (encoding := _utf16(data)):
        data = data.decode(encoding, "replace").encode()
    if b"\x00" in data:
        data = data.replace(b"\x00", b"").replace(b"\xff\xfe", b"")
    if MARK.encode() in data:
        data = data.replace(MARK.encode(), b" ")
    if _BOM in data:  # also in the middle, where files were joined
        data = data.replace(_BOM, b"")
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    return data


def rendered(data: bytes) -> bytes:
    """Decoded session bytes as a terminal showed them: no escape sequences, paging prompts, erased characters."""
    if b"\x1b" in data:
        data = _ESCAPE.sub(b"", _MOVE.sub(b" ", _TITLE.sub(b"", data))).replace(b"\x1b", b" ")
    if (b"--" in data or b"<-" in data) and any(m in data for m in (b"ore-", b"ore -", b"ore)-", b"ore) -")):
        data = _PAGING.sub(b" ", data)
    if b"\x08" in data:
        data = _AT_LINE_START.sub(b"", data)
    if b"\x08" in data:
        data = b"\n".join(_overstruck(line) if b"\x08" in line else line for line in data.split(b"\n"))
    return data


def _utf16(data: bytes) -> str | None:
    """The encoding of UTF-16 text without a byte order mark, told by the NULs in ASCII characters."""
    if len(data) < _SHORTEST:
        return None
    found = {_nuls(data[:size]) for size in (_START, _HEAD)}
    return found.pop() if len(found) == 1 else None


def _nuls(head: bytes) -> str | None:
    """Which half of the characters of ``head`` is mostly NUL, as the encoding that this tells."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    enough = UTF16_SHARE * len(head) / 2
    if odd > enough and even <= enough / 4:
        return "utf-16-le"
    return "utf-16-be" if even > enough and odd <= enough / 4 else None


def _overstruck(line: bytes) -> bytes:
    """A command line as it stood on the terminal after backspaces moved the cursor back and text went over it.

    On other lines backspaces are remains of paging: they may stand behind a row whose end of line was lost, and
    may not erase it.
    """
    if len(line) > 2 * MAX_COMMAND or _PROMPTED.match(line) is None:
        return _ERASED.sub(b" ", line)
    shown, cursor = bytearray(), 0
    for run in _RUN.findall(line):
        if run[0] == 8:
            cursor = max(0, cursor - len(run))
        else:
            shown[cursor : cursor + len(run)] = run
            cursor += len(run)
    return bytes(shown)


def _prompt_signs(data: bytes) -> Iterator[int]:
    """Offsets of characters that may end a prompt: ``#``, ``>``, ``<``, or ``)`` of ``(enable)``."""
    found: list[int] = []
    for sign in _RULES:
        at, met = data.find(sign), 0
        while at >= 0 and met < MAX_PROMPTS:
            behind = at + len(sign)
            if at and (data[at - 1] in _BEFORE_SIGN or len(sign) > 1):
                met += 1
                found.append(behind - 1)
            if data.startswith(sign, behind):  # a rule of them: only the first can end a prompt
                run = _RULES[sign].match(data, behind)
                behind = run.end() if run else behind
            at = data.find(sign, behind)
    return iter(sorted(found))


def _prompt(text: str, sign: int, low: int, hosts: set[str]) -> re.Match[str] | None:
    """The prompt that ends with the character at ``sign`` and begins after ``low``, if it is one.

    At the start of a line nearly every prompt is believed. Within a line, where a paste may have lost the ends
    of lines, what follows must be a command, or the hostname one of ``hosts``, met before.
    """
    low = max(low, sign - MAX_PROMPT)
    word = text[low : sign - len("(enable") if text[sign] == ")" else sign].rstrip(" ")
    begin = max(word.rfind(c) for c in " \t\r\n\x1e") + 1 + low
    match = _PROMPT.match(text, begin)
    if match is None or match.end() <= sign:
        return None
    rest = text[match.end() : match.end() + 40]
    before = text[max(0, begin - 40) : begin].rstrip(" \t")
    line_start = before[-1:] in ("\r", "\n") if before else begin < 40
    if rest[:1] and not (rest[0].isalpha() or rest[0] in "\r\n \t?" or (line_start and rest[0] in "%*!.")):
        return None
    known = _SHOW.match(rest) is not None
    glued = not match["gap"]
    if line_start:
        return match if known or glued or match["late"] or _TYPED.match(rest) else None
    if known or (glued and (match["mode"] or "").startswith(("(config", "(enable"))):
        return match
    if match["sign"] == "#" and glued and (_TYPED.match(rest) or _LINE_END.match(rest)):
        return match
    return match if match["sign"] and glued and match["host"] in hosts else None


def split(path: str, data: bytes) -> list[Section]:
    """Cut cleaned session bytes at their prompts, also where a paste collapsed them into one line."""
    text = data.decode("latin-1")
    cuts: list[tuple[int, int, str]] = []  # prompt begin, text begin, hostname
    hosts: set[str] = set()
    done = 0
    for sign in _prompt_signs(data):
        if sign < done:
            continue
        match = _prompt(text, sign, done, hosts)
        if match is None:
            continue
        hosts.add(match["host"])
        cuts.append((match.start(), match.end(), _ROUTE_PROCESSOR.sub("", match["host"])))
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
