"""Passwords, keys and communities of configuration lines, masked before anything is quoted."""

from __future__ import annotations

import re

MASK = "<removed>"

_WORDS = ("passw", "secret", "communit", "key", "md5", "trap", "snmp", "user", "auth", "psk", "priv")
"""Quick test: a line without any of these holds no secret."""

_BEHIND = re.compile(
    r"(?P<word>\b(?:password|passwd|secret|key-string|pre-shared-key|community|md5|psk|"
    r"authentication-key|message-digest-key\s+\d+\s+md5|(?<!crypto )(?<!crypto isakmp )(?<!public )key|"
    r"(?<=auth )(?:sha|md5)|(?<=priv )(?:des|3des|aes(?:\s+(?:128|192|256))?)))"
    r"(?P<kind>(?:\s+(?:encrypted|ascii-text|hex|[0-9](?=\s)))*)\s+(?!chain\b|config-key\b|rsa\b|cisco123\b\s*$)"
    r"(?P<value>\S+)",
    re.IGNORECASE,
)
_SNMP_HOST = re.compile(
    r"(?P<keep>\bsnmp-server\s+host\s+\S+(?:\s+(?:traps|informs|vrf\s+\S+|version\s+(?:1|2c|3)(?:\s+(?:auth|noauth|priv))?))*)"
    r"\s+\S+",
    re.IGNORECASE,
)
_ISAKMP = re.compile(r"(?P<keep>\bcrypto\s+isakmp\s+key(?:\s+[06])?)\s+\S+", re.IGNORECASE)
_AUTHENTICATION = re.compile(
    r"(?P<keep>\b(?:standby|vrrp|glbp)\s+\d*\s*authentication(?:\s+text)?)\s+(?!md5\b)\S+", re.IGNORECASE
)


def redacted(text: str) -> str:
    """The text with values of passwords, keys and communities replaced by ``<removed>``."""
    lower = text.lower()
    if not any(map(lower.__contains__, _WORDS)):
        return text
    for pattern in (_ISAKMP, _SNMP_HOST, _AUTHENTICATION):
        text = pattern.sub(rf"\g<keep> {MASK}", text)
    return _BEHIND.sub(rf"\g<word>\g<kind> {MASK}", text)
