"""Detaching: the keys that leave a container running and give the prompt back.

    ctrl-p,ctrl-q      unless others are asked for: as bytes, 0x10 0x11
    ctrl-x,x           a key is a letter, DEL, or ctrl- and one of  @ a…z [ \\ ] ^ _

With a terminal every key goes to the container, so a way out must be hidden among
them. Who types only the first of the keys means it for the program: it is held back
until the next key tells.

Source: docker attach --detach-keys
man: ascii(7): Ctrl with a letter is the letter's number in the alphabet
Try it: `lab run -it --detach-keys ctrl-x,x busybox sh`
"""

from engine.errors import InvalidArgument

DETACH_KEYS = b"\x10\x11"  # Ctrl-P Ctrl-Q
_CONTROL = "@abcdefghijklmnopqrstuvwxyz[\\]^_"  # each at the place that is its byte


def read_keys(text: str | None, called: str = "detach") -> bytes:
    """The bytes that these keys send. InvalidArgument if they are none.

    None and "" are the usual ones. Docker calls them detach keys for a container, and
    escape keys for an exec.
    """
    if not text:
        return DETACH_KEYS
    codes = [_code(key) for key in text.split(",")]
    if None in codes:
        error = InvalidArgument(
            f"Invalid {called} keys ({text}) provided",
            "Such as ctrl-x,x: letters, or ctrl- and a letter or one of @ [ \\ ] ^ _.",
        )
        error.exit_code = 1  # as Docker's client: here the container is there already
        raise error
    return bytes(code for code in codes if code is not None)


def _code(key: str) -> int | None:
    """The byte that a key sends; None for no key."""
    if len(key) == 1 and key.isascii():
        return ord(key)
    if key == "DEL":
        return 127
    control = key.removeprefix("ctrl-")
    if control != key and len(control) == 1 and control in _CONTROL:
        return _CONTROL.index(control)
    return None


class KeyWatch:
    """Looks for the detach keys in what is typed, piece by piece."""

    def __init__(self, keys: bytes) -> None:
        """b"" looks for nothing."""
        self._keys = keys
        self._held = b""
        self.found = False

    def pass_on(self, typed: bytes) -> bytes:
        """What of it is for the program now; `found` tells whether it was the end."""
        if not self._keys:
            return typed
        typed, self._held = self._held + typed, b""
        before, found, _ = typed.partition(self._keys)
        self.found = bool(found)
        if self.found:
            return before
        keep = self._begun(typed)
        self._held = typed[len(typed) - keep :]
        return typed[: len(typed) - keep]

    def _begun(self, typed: bytes) -> int:
        """How many of the last bytes may be the beginning of the keys."""
        lengths = range(len(self._keys) - 1, 0, -1)
        return next((n for n in lengths if typed.endswith(self._keys[:n])), 0)
