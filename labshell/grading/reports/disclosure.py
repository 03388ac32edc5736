"""What may be said of a class without saying it of a few: counts that hide who.

    12 students of 30        shown as    10–14
    3 students                           <5
    0 students                           <5   because "nobody" is about everybody

Counts of one row add up to the class, whose size everybody knows. Whoever subtracts
must not learn more of a small count than that it is small:

    10  20  0    as 10–14  20–24  <5     leaves nothing but 0 for the last: 30 - 10 - 20
                 as  5–14  15–24  <5     leaves 0 to 4: so the row is shown like this

So each row is looked at as somebody would who wants to know more: can all of 0 to 4 be
behind each `<5`, given the rest? If not, the ranges of that row are made wider, until
it is so. Where no width would do, the larger counts are not shown at all: `·`.

Source: Hundepool et al., "Statistical Disclosure Control", chapter 4
Try it: `lab grade --assignment layers-1 -o OUT --report class`
"""

from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What is shown of a count: that it is from `low` to `high`, or nothing."""

    low: int
    high: int
    is_covered: bool = False

    @property
    def is_few(self) -> bool:
        """Fewer than five, or none; how many is not said."""
        return not self.is_covered and self.high < FEWEST

    @property
    def middle(self) -> int:
        """What it is drawn and sorted by: nothing that is not shown."""
        return 0 if self.is_few or self.is_covered else (self.low + self.high) // 2

    def __str__(self) -> str:
        if self.is_covered:
            return "·"
        return f"<{FEWEST}" if self.is_few else f"{self.low}–{self.high}"


def protect(counts: Sequence[int]) -> list[Cell]:
    """What may be shown of counts that add up to a class, of five or more."""
    size = sum(counts)
    for width in range(FEWEST, size + FEWEST, FEWEST):
        cells = [_cell(count, width, size) for count in counts]
        if _all_safe(cells, size):
            return cells
    nothing = Cell(low=0, high=size, is_covered=True)
    cells = [cell if cell.is_few else nothing for cell in cells]
    return cells if _all_safe(cells, size) else [nothing for _ in counts]


def _cell(count: int, width: int, size: int) -> Cell:
    if count < FEWEST:
        return Cell(low=0, high=FEWEST - 1)
    low = count - (count - FEWEST) % width
    return Cell(low=low, high=max(FEWEST, min(low + width - 1, size)))


def _all_safe(cells: Sequence[Cell], size: int) -> bool:
    return all(_is_safe(cell, cells, size) for cell in cells if cell.is_few)


def _is_safe(cell: Cell, cells: Sequence[Cell], size: int) -> bool:
    """May it be any count from 0 to 4, for somebody who can subtract?"""
    others = [one for one in cells if one is not cell]
    least = size - sum(one.high for one in others)
    most = size - sum(one.low for one in others)
    return least <= 0 and most >= FEWEST - 1
