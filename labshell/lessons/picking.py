"""Picking one of several by its number on the screen, which counts from 1.

What is typed may be anything, of any length: only the numbers that were offered count.

Try it: `:answer 99` at a prediction
"""


def position(text: str, most: int) -> int | None:
    """The position, counted from 0, that was meant; None if it is no such number."""
    numbers = [str(number) for number in range(1, most + 1)]
    return numbers.index(text) if text in numbers else None
