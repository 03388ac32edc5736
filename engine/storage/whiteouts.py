"""Whiteouts: how a layer says that something below it is gone.

A layer can only add. To hide a file of a layer below, it holds a *whiteout* where the
file was; to hide all that a directory held before, the directory is *opaque*. The
kernel and the tar files of images use different dialects:

                      in a directory (overlay)           in a tar (OCI, from AUFS)
    x is deleted      a character device 0,0 named x     an empty file named .wh.x
    d is opaque       d has trusted.overlay.opaque=y     an empty file d/.wh..wh..opq
                      (user.… in a user namespace)

`to_overlay` is the way from tar to directory, `to_tar` the way back. AUFS's own
bookkeeping (.wh..wh.plnk and the like) means nothing today and is skipped.

Source: Documentation/filesystems/overlayfs.rst "whiteouts and opaque directories";
        opencontainers/image-spec, layer.md "Whiteouts"
man: mknod(2), setxattr(2)
Try it: `lab run --name box busybox rm /etc/passwd; lab layers box --paths`
"""

import os
import stat
from enum import Enum
from typing import NamedTuple

from engine.errors import ImageError
from engine.kernel import pseudo_files

# How attributes begin that mean something to overlay only.
OVERLAYS_OWN = "user.overlay." if pseudo_files.is_nested() else "trusted.overlay."
OPAQUE_XATTR = OVERLAYS_OWN + "opaque"
OPAQUE_NAME = ".wh..wh..opq"
_PREFIX = ".wh."
_AUFS_OWN = ".wh..wh."
WHITEOUT_MODE, OPAQUE_MODE = 0o600, 0o755  # of the marks in a tar, as Docker's


class Mark(Enum):
    """What the name of a tar entry says."""

    NONE = "an ordinary entry"
    WHITEOUT = "what has this name is deleted"
    OPAQUE = "nothing below this directory shows through"
    IGNORED = "AUFS's own business"


class Named(NamedTuple):
    """A tar entry's name, understood: the mark, and the name it is about."""

    mark: Mark
    name: str


def to_overlay(name: str) -> Named:
    """What the last part of a tar entry's name stands for."""
    if not name.startswith(_PREFIX):
        return Named(Mark.NONE, name)
    if name == OPAQUE_NAME:
        return Named(Mark.OPAQUE, "")
    if name.startswith(_AUFS_OWN):
        return Named(Mark.IGNORED, "")
    hidden = name.removeprefix(_PREFIX)
    if hidden in ("", ".", ".."):
        raise ImageError(
            f"the archive has a whiteout for {hidden!r}",
            "No tool writes such a name. Do not trust where this archive comes from.",
        )
    return Named(Mark.WHITEOUT, hidden)


def to_tar(name: str) -> str:
    """The tar entry that says that `name` is deleted."""
    return _PREFIX + name


def is_whiteout(status: os.stat_result) -> bool:
    """Is this overlay's mark for "deleted"?"""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def make_whiteout(name: str, directory: int) -> None:
    """Hide `name`, in a layer's open directory, from all layers below."""
    os.mknod(name, stat.S_IFCHR, os.makedev(0, 0), dir_fd=directory)


def make_opaque(directory: int) -> None:
    """Let nothing of the layers below show through an open directory."""
    os.setxattr(directory, OPAQUE_XATTR, b"y")


def is_opaque(directory: int | str) -> bool:
    """Does this directory, open or by its path, hide what is below it?"""
    try:
        return os.getxattr(directory, OPAQUE_XATTR) == b"y"
    except OSError:  # has no such attribute, or the file system has none at all
        return False
