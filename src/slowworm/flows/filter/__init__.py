"""The filter language over the flow table, in the syntax of nfdump: which flows to look at, or hosts to show.

    lexer → parser (with operands) → syntax → evaluate

``names`` holds the language's words, ``reference`` the table from which its help is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.filter import evaluate
from slowworm.flows.filter.parser import parse
from slowworm.flows.filter.reference import REFERENCE
from slowworm.flows.filter.syntax import Node

__all__ = ["REFERENCE", "Filter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A filter that has been understood; filters of equal meaning word by word are equal.

    ``str()`` is its canonical text, which parses back to the same filter. Written out it can be longer than
    what was parsed (``!tcp`` is ``not tcp``), so only near the limit of 10,000 characters it may be refused.
    """

    tree: Node

    @classmethod
    def parse(cls, text: str) -> Filter:
        """The filter that ``text`` means.

        Raises :class:`~slowworm.errors.FilterError` with the place of what is wrong and what was expected.
        """
        return cls(tree=parse(text))

    def mask(self, batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        """Which rows of a flow batch match, as a boolean array of shape (rows,).

        A null field matches no comparison, not even ``!=``; ``not`` is the plain complement, so that
        ``not port 80`` matches the rows that have no port. An address of one IP version matches no row of
        a batch of the other.
        """
        return evaluate.mask(self.tree, evaluate.Columns(batch))

    def __str__(self) -> str:
        return str(self.tree)
