"""Blanking spans: nothing moves, lines stay lines."""

from __future__ import annotations

from slowworm.sources.session import Section
from slowworm.sources.text.spans import blank


def test_spans_in_any_order_and_overlapping_become_white_space() -> None:
    section = Section(path="f", text="one two\nthree four", line=7, hostname="r", prompted=True)
    blanked = blank(section, [(8, 13), (4, 7), (5, 10)])
    assert blanked.text == "one    \n      four"
    assert (blanked.line, blanked.hostname, blanked.prompted) == (7, "r", True)


def test_no_span_leaves_the_section_as_it_is() -> None:
    section = Section(path="f", text="one", line=1)
    assert blank(section, []) is section
    assert blank(section, [(2, 2)]) is section
