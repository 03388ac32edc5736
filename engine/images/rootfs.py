"""A root file system for any program, made of this machine's own files.

A root file system is only files: a program, the loader that its ELF header names, the
libraries that it asks for, the libraries that those ask for, and so on until nothing
new is asked. For a script, the interpreter behind `#!` as well.

    lab rootfs make /tmp/r ls
        /usr/bin/ls
        /lib64/ld-linux-x86-64.so.2          its PT_INTERP
        /lib/x86_64-linux-gnu/libc.so.6      its DT_NEEDED
        …

What a program opens only when it runs (a plug-in, a locale, /etc/passwd) stands in no
header, and is not found: `strace -e openat` shows it. Of a Python it is known, because
it can be asked (pythons.py).

The loader looks for libraries in the RUNPATH of who asks, then in LD_LIBRARY_PATH (not
here), in the cache that ldconfig wrote, in /lib and /usr/lib. So does this file.

man: ld.so(8), ldconfig(8), elf(5)
Try it: `lab rootfs make /tmp/r sh ls; chroot /tmp/r sh -c ls`
"""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.errors import ImageError, InvalidArgument, NotFound, from_os_error
from engine.files import closing, open_directory
from engine.images import elf, pythons, transplant

_CACHE = Path("/etc/ld.so.cache")
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_MOST_FILES = 10_000


def assemble(directory: Path, programs: Sequence[str]) -> list[Path]:
    """Copy `programs` and all that they ask for to `directory`; the paths copied."""
    if not programs:
        raise InvalidArgument("no program was named", "lab rootfs make DIR PROGRAM…")
    try:
        wanted = [_find_program(program) for program in programs]
        asked = [pythons.ask(path) for path in wanted if pythons.is_named_so(path)]
        wanted = [path for path in wanted if not pythons.is_named_so(path)]
        found = Closure().of([*wanted, *(one.program for one in asked)])
        for python in asked:
            found += [path for path in _files_of(python) if path not in found]
        directory.mkdir(parents=True, exist_ok=True)
        with closing(open_directory(directory)) as root:
            for path in found:
                transplant.copy(path, root)
            transplant.put_usual_links(root, directory)
            for python in asked:
                pythons.furnish(python, root)
    except OSError as error:
        raise from_os_error(error) from error
    return [directory / path.relative_to("/") for path in found]


def _files_of(python: pythons.Python) -> list[Path]:
    """The standard library, and what its compiled modules ask for.

    A module whose library this machine does not have (a window's, often) is left out.
    """
    closure, found = Closure(), dict.fromkeys(pythons.library(python))
    for module in [path for path in found if path.suffix == ".so"]:
        try:
            found.update(dict.fromkeys(closure.of([module])))
        except NotFound:
            del found[module]
    return list(found)


def _find_program(program: str) -> Path:
    """A path as it is, a bare name by PATH, as the shell does."""
    if "/" in program:
        path = Path(program).absolute()
        if path.is_file():
            return path
        raise NotFound(f"{program}: no such file", "Name a program of this machine.")
    for directory in os.get_exec_path():
        path = Path(directory, program)
        if path.is_file() and os.access(path, os.X_OK):
            return path.absolute()
    raise NotFound(
        f"{program}: no such program in PATH", "Install it, or give its whole path."
    )


class Closure:
    """Files that need files that need files, each found once."""

    def __init__(self) -> None:
        self._cache: dict[str, list[Path]] | None = None
        self._found: dict[Path, None] = {}  # a set that keeps its order

    def of(self, programs: Sequence[Path]) -> list[Path]:
        """`programs` and all that they ask for, in the order in which it was found."""
        waiting = list(programs)
        while waiting:
            path = waiting.pop(0)
            if path not in self._found:
                self._found[path] = None
                waiting += self._needs(path)
            if len(self._found) > _MOST_FILES:
                raise ImageError(
                    f"{programs[0]} asks for more than {_MOST_FILES} files"
                )
        return list(self._found)

    def _needs(self, path: Path) -> list[Path]:
        """What one file asks for itself."""
        if not elf.is_elf(path):
            return _script_needs(path)
        header = elf.read(path)
        needs = [self._library(name, path, header) for name in header.needed]
        if header.interpreter:
            needs.insert(0, Path(header.interpreter))
        for need in needs:
            if not need.is_file():
                raise NotFound(
                    f"{path} asks for {need}, which is not there",
                    "Install the package that has it: `apt-file search` knows.",
                )
        return needs

    def _library(self, name: str, asker: Path, header: elf.Elf) -> Path:
        for path in self._candidates(name, asker, header):
            if path.is_file() and elf.is_elf(path):
                found = elf.read(path)
                if (found.machine, found.bits) == (header.machine, header.bits):
                    return path
        raise NotFound(
            f"{asker} asks for the library {name}, which is not on this machine",
            "Install the package that has it: `apt-file search` knows.",
        )

    def _candidates(self, name: str, asker: Path, header: elf.Elf) -> Iterator[Path]:
        """Where the loader would look, in its order."""
        if "/" in name:
            yield Path(name)
            return
        origin = str(asker.resolve().parent)
        for directory in header.search:
            directory = directory.replace("${ORIGIN}", "$ORIGIN")
            yield Path(directory.replace("$ORIGIN", origin), name)
        if self._cache is None:
            self._cache = read_cache()
        yield from self._cache.get(name, [])
        for directory in ("/lib64", "/usr/lib64", "/lib", "/usr/lib"):
            yield Path(directory, name)


def _script_needs(path: Path) -> list[Path]:
    """The interpreter of a script; for `#!/usr/bin/env python3`, python3 as well."""
    with path.open("rb") as file:
        line = file.readline(4096)
    if not line.startswith(b"#!"):
        return []
    words = os.fsdecode(line[2:]).split()
    needs = [_find_program(word) for word in words[:1]]
    if words and Path(words[0]).name == "env":
        programs = [w for w in words[1:] if not w.startswith("-") and "=" not in w]
        needs += [_find_program(word) for word in programs[:1]]
    return needs


def read_cache(cache: Path = _CACHE) -> dict[str, list[Path]]:
    """What ldconfig wrote down: a library's name, and the files that have it.

    A header of 48 bytes, then 24 for each library: flags, where in this file the name
    stands, where the path stands, and two numbers of no interest here.
    """
    data = cache.read_bytes() if cache.is_file() else b""
    start = data.find(_CACHE_MAGIC)  # an older table of the same may stand before it
    if start < 0 or len(data) < start + 48:
        return {}
    data = data[start:]
    (count,) = struct.unpack_from("=I", data, 20)
    table = data[48 : 48 + 24 * count]
    found: dict[str, list[Path]] = {}
    for _, name, path, _, _ in struct.iter_unpack(
        "=iIIIQ", table[: len(table) // 24 * 24]
    ):
        found.setdefault(_string(data, name), []).append(Path(_string(data, path)))
    return found


def _string(data: bytes, offset: int) -> str:
    return os.fsdecode(data[offset : data.find(b"\0", offset)])
