"""The format of builds/: a case is a file, with all that one build needs.

    # What the case is about.
    $ lab build --build-arg A=1 -t built .      run in the context, on both sides
    ! words                                     both must say them

    ==== Dockerfile                             a file of the context
    FROM busybox
    COPY . /
    ==== "with blanks" 0600 1:2                 … with a mode and an owner
    ==== dir/ 0700                              a directory
    ==== link -> dir/file                       a symbolic link
    ==== sh                                     what text cannot say: lines of bash
    mkfifo pipe

The lines at the top are those of lines.py. Without any, it is `lab build -t built .`.
Every image that a line gives a name to with -t is compared.

A case of builds/newer/ has what only BuildKit understands. It ends with what its layers
must hold, since the classic builder cannot be asked:

    ==== expected
    -rw-r--r-- 0:0 "hello\\n"  /greeting

Try it: read builds/ignore_file.txt
"""

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conformance import lines

HERE = Path(__file__).parent / "builds"
_USUAL = "$ lab build -t built ."
_SECTION = "==== "


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something in the context: what stands behind `====`, and the text below it."""

    words: tuple[str, ...]
    text: str

    def make(self, context: Path) -> None:
        """Make it."""
        name, *more = self.words
        path = context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == "sh":
            subprocess.run(["bash", "-ec", self.text], cwd=context, check=True)
        elif more[:1] == ["->"]:
            path.symlink_to(more[1])
        else:
            path.mkdir() if name.endswith("/") else path.write_text(self.text)
            usual = ("0755" if path.is_dir() else "0644", "0:0")
            mode, owner = (*more, *usual[len(more) :])
            uid, gid = owner.split(":")
            os.chown(path, int(uid), int(gid))
            path.chmod(int(mode, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file of builds/."""

    name: str
    lines: tuple[lines.Line, ...]
    parts: tuple[Part, ...]
    expected: str

    def make(self, context: Path) -> None:
        """Make the context."""
        context.mkdir(mode=0o755)
        for part in self.parts:
            part.make(context)


def read(path: Path) -> Case:
    """One case."""
    script, *sections = ("\n" + path.read_text()).split("\n" + _SECTION)
    written = lines.parse(script, path.name) or lines.parse(_USUAL, path.name)
    parts = [_part(section) for section in sections]
    expected = [part.text for part in parts if part.words == ("expected",)]
    return Case(
        name=path.stem,
        lines=written,
        parts=tuple(part for part in parts if part.words != ("expected",)),
        expected="".join(expected),
    )


def _part(section: str) -> Part:
    words, _, text = section.partition("\n")
    if text and not text.endswith("\n"):
        text += "\n"
    return Part(words=tuple(shlex.split(words)), text=text)


def classic() -> list[Case]:
    """What docker and labshell are both asked to build."""
    return [read(path) for path in sorted(HERE.glob("*.txt"))]


def newer() -> list[Case]:
    """What only labshell is asked to build."""
    return [read(path) for path in sorted((HERE / "newer").glob("*.txt"))]
