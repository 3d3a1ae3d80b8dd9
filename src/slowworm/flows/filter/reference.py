"""The filter language as a table, for help and documentation: every form, as an example that parses."""

from __future__ import annotations

REFERENCE: tuple[tuple[str, str], ...] = (
    ("any", "every flow"),
    ("ipv4", "IPv4 flows; also inet"),
    ("ipv6", "IPv6 flows; also inet6"),
    ("inet", "IPv4 flows"),
    ("inet6", "IPv6 flows"),
    ("tcp", "IP protocol 6; udp, icmp and icmp6 likewise need no 'proto'"),
    ("proto gre", "an IP protocol by name"),
    ("proto 47", "an IP protocol by number"),
    ("arp", "ARP requests and replies of packet captures; their addresses are those of ARP"),
    ("resolved", "the source had got the destination from DNS before, as far as DNS is at hand"),
    ("ip 192.0.2.1", "source or destination is this IPv4 or IPv6 address; also host"),
    ("src host 2001:db8::1", "the source is this address"),
    ("dst ip 192.0.2.1", "the destination is this address"),
    ("src or dst ip 192.0.2.1", "either is: what is meant when no direction is given"),
    ("src and dst net 192.0.2.0/24", "both are, here in this prefix"),
    (
        "src ip in [192.0.2.1 198.51.100.0/24, 2001:db8::/32]",
        "the source is in a list of addresses and prefixes, separated by spaces or commas",
    ),
    ("dst net 20.1.0.0/16", "the destination is in this prefix; host bits are ignored; 20.1/16 is the same"),
    ("net 20.1.0.0 255.255.0.0", "a prefix with its netmask"),
    ("port 80", "source or destination port is this number"),
    ("dst port http", "a port by service name, as ms-sql-m, microsoft-ds or netbios-ns"),
    ("src port > 1024", "comparison: = != > < >= <=, or eq ne gt lt ge le; == is ="),
    ("dst port in [80 443 8080]", "the port is one of a list"),
    ("packets > 3", "packets of the flow, as exported"),
    ("bytes <= 48", "octets of the flow, as exported"),
    ("bytes > 10M", "K, M, G and T are powers of 1000"),
    ("flags S", "all these TCP flags are set, others may be; letters CEUAPRSF, X is all of UAPRSF"),
    ("flags 0x12", "the same with the flags as a number"),
    ("not flags AFRPU", "none of these flags is set (but 'not (flags AFRPU)': they are not all set)"),
    ("flags S and not flags AFRPU", "only SYN"),
    ("flags = S", "the flags are exactly these, here only SYN; compares as numbers"),
    ("icmp-type 8", "ICMP type, here echo request"),
    ("icmp-code 0", "ICMP code"),
    ("icmp type 8", "the same with a space; also icmp code"),
    ("in if Vlan3", "input interface, by name or SNMP index, upper and lower case alike"),
    ("out if Null", "output interface"),
    ("if 'Port-channel 1'", "input or output interface; names with spaces, and keywords, go in quotes"),
    ("router gw1.example.net", "the exporter of the flow, by hostname or address; also exporter"),
    ("exporter 192.0.2.254", "the exporter of the flow"),
    ("router ip 192.0.2.254", "the exporter of the flow, as nfdump writes it"),
    ("tcp and dst port 80", "both; also &&"),
    ("udp || icmp", "at least one; also or; 'and' binds closer than 'or'"),
    ("not port 80", "every flow that 'port 80' does not match, those without a port too; also !"),
    ("tcp and (port 80 or port 443)", "parentheses group"),
)
"""(form, meaning) in the order in which to read them.

A field that is null, because its source does not have it, matches no comparison, not even ``!=``.
"""
