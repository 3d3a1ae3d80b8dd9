"""What stands after a keyword, taken from a cursor: numbers, services, prefixes, flags, names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from slowworm.flows.addresses import Address, Network, parse_ipv4
from slowworm.flows.filter.lexer import Cursor, Kind, Token, shown
from slowworm.flows.filter.names import ALL_FLAGS, COMPARISONS, FLAGS, RESERVED, SCALES
from slowworm.flows.filter.syntax import Comparison

MAX_FLAGS = 0xFFFF
"""tcpControlBits of IPFIX has 16 bits, of which the letters name eight."""

_NUMBER = re.compile(r"0x(?P<hex>[0-9a-f]+)|(?P<decimal>[0-9]+)(?P<scale>[kmgt]?)")
_MAX_DIGITS = 20
"""Digits of 2**64: more are out of every range, and ``int`` itself refuses thousands of them."""


def comparison(cursor: Cursor) -> Comparison | None:
    """The comparison operator at the cursor, if there is one."""
    if cursor.key not in COMPARISONS:
        return None
    return Comparison(COMPARISONS[cursor.take().key])


def no_comparison(cursor: Cursor) -> None:
    """Refuse an operator where only equality makes sense, and say how the opposite is written."""
    if cursor.key in COMPARISONS:
        way = "leave it out" if COMPARISONS[cursor.key] == "=" else "put 'not' before the whole condition"
        raise cursor.error(f"no {cursor.token.text!r} here: {way}")


def number(
    cursor: Cursor, what: str, *, maximum: int, names: Mapping[str, int] | None = None, scaled: bool = False
) -> int:
    """A number from 0 to ``maximum``, in decimal or ``0x`` hexadecimal, or one of ``names``.

    ``scaled`` allows the suffixes K, M, G and T; ``what`` says in errors what was expected.
    """
    token = cursor.token
    names = names or {}
    if token.kind is Kind.WORD and token.key in names:
        return names[cursor.take().key]
    match = _NUMBER.fullmatch(token.key) if token.kind is Kind.WORD else None
    if match is None:
        raise cursor.expected(what, near=names)
    if match["scale"] and not scaled:
        raise cursor.error(f"expected {what}, not {shown(token.text)}: only packets and bytes take a suffix")
    digits = (match["hex"] or match["decimal"]).lstrip("0") or "0"
    value = int(digits, 16 if match["hex"] else 10) if len(digits) <= _MAX_DIGITS else maximum + 1
    value *= SCALES[match["scale"]] if match["scale"] else 1
    if value > maximum:
        raise cursor.error(f"expected {what} from 0 to {maximum}, not {shown(token.text)}")
    cursor.take()
    return value


def flags(cursor: Cursor) -> int:
    """TCP flags as letters or as a number."""
    token = cursor.token
    what = "TCP flags, letters of CEUAPRSF (or X for all of UAPRSF) or a number such as 0x02"
    if token.kind is not Kind.WORD:
        raise cursor.expected(what)
    if token.text[0].isdigit():
        return number(cursor, what, maximum=MAX_FLAGS)
    mask = 0
    for index, letter in enumerate(token.text.upper()):
        if letter != "X" and letter not in FLAGS:
            raise cursor.error(
                f"expected {what}; {token.text[index]!r} is no flag", position=token.position + index
            )
        mask |= ALL_FLAGS if letter == "X" else FLAGS[letter]
    cursor.take()
    return mask


def name(cursor: Cursor, what: str) -> str:
    """The name of an interface or router, quoted or not."""
    token = cursor.token
    if token.kind is Kind.QUOTED or (token.kind is Kind.WORD and token.key not in RESERVED):
        return cursor.take().text
    no_comparison(cursor)
    if token.kind is Kind.WORD:
        raise cursor.error(f"expected {what}, not the keyword {token.key!r}; if that is meant, quote it")
    raise cursor.expected(what)


def host(cursor: Cursor) -> Network:
    """One address, as a network of full length."""
    token = _address_word(cursor, "an IP address")
    if "/" in token.text:
        raise cursor.error(f"'ip' takes one address; write 'net {token.text}' or 'ip in [{token.text}]'")
    return _prefix(cursor, need_length=False)


def member(cursor: Cursor) -> Network:
    """One entry of an address list: an address or a prefix."""
    _address_word(cursor, "an IP address or a prefix")
    return _prefix(cursor, need_length=False)


def network(cursor: Cursor) -> Network:
    """``PREFIX/length``, or an IPv4 address and a netmask; host bits that are set are ignored."""
    token = _address_word(cursor, "a prefix such as 192.0.2.0/24")
    if "/" in token.text:
        return _prefix(cursor, need_length=True)
    address = _address(cursor, token.text, token.position)
    cursor.take()
    if address.version == 6:
        raise cursor.error("an IPv6 prefix needs its length, as in 2001:db8::/32", position=token.position)
    mask = parse_ipv4(cursor.token.text) if cursor.token.kind is Kind.WORD else None
    if mask is None:
        raise cursor.expected("'/length' right after the prefix, or a netmask such as 255.255.0.0")
    length = _mask_length(mask)
    if length is None:
        raise cursor.error(f"{cursor.token.text!r} is not a netmask{_wildcard_hint(mask)}")
    cursor.take()
    return _masked(address, length)


def _address_word(cursor: Cursor, what: str) -> Token:
    no_comparison(cursor)
    if cursor.token.kind is not Kind.WORD:
        raise cursor.expected(what)
    return cursor.token


def _prefix(cursor: Cursor, *, need_length: bool) -> Network:
    """The address at the cursor with the length that it carries, else its full length."""
    token = cursor.token
    text, slash, length_text = token.text.partition("/")
    address = _address(cursor, text, token.position, shortened=bool(slash))
    if not slash and not need_length:
        cursor.take()
        return _masked(address, address.max_prefixlen)
    position = token.position + len(text) + 1
    # At most three digits, so that no length of hostile size reaches ``int``.
    if not (length_text.isdecimal() and len(length_text) <= 3 and int(length_text) <= address.max_prefixlen):
        reason = f"expected a prefix length from 0 to {address.max_prefixlen}"
        reason += f", not {shown(length_text)}" if length_text else " after '/'"
        raise cursor.error(reason, position=position)
    cursor.take()
    return _masked(address, int(length_text))


def _address(cursor: Cursor, text: str, position: int, *, shortened: bool = False) -> Address:
    """An address; ``shortened`` also takes the leading octets of an IPv4 prefix, as in ``10/8``."""
    padded = text + ".0" * (3 - text.count(".")) if shortened else text
    if (value := parse_ipv4(padded)) is not None:
        return ipaddress.IPv4Address(value)
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        address = None
    if address is None or address.scope_id is not None:
        raise cursor.error(f"expected an IP address, not {shown(text)}", position=position)
    return address


def _masked(address: Address, length: int) -> Network:
    kept = int(address) >> (address.max_prefixlen - length) << (address.max_prefixlen - length)
    if address.version == 4:
        return ipaddress.IPv4Network((kept, length))
    return ipaddress.IPv6Network((kept, length))


def _mask_length(mask: int) -> int | None:
    """The prefix length of a netmask; ``None`` where its ones are not all on the left."""
    zeros = mask ^ 0xFFFFFFFF
    return None if zeros & (zeros + 1) else 32 - zeros.bit_length()


def _wildcard_hint(mask: int) -> str:
    """What to write instead of the inverted mask of a Cisco access list."""
    length = _mask_length(mask ^ 0xFFFFFFFF)
    if length is None:
        return ": its ones are not all on the left"
    return f"; for the wildcard mask of an access list, write '/{length}'"
