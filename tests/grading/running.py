"""A course whose students hand in a script that is run, and graders for it.

    course = RunCourse(tmp_path / "course")
    file = course.hand_in_script("s001", "echo $word > /srv/page")
    with course.graders() as look:
        look(file).row

What is asked for is one file with the student's word in it. So a script that tries what
it may not earns something only if it succeeded: `try it && echo $word > /srv/page`.

`program` makes a program of one system call, for what no program of busybox does.
"""

import platform
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from labshell.grading.classroom import Classroom
from labshell.grading.journal import Look
from labshell.grading.looker import Here
from tests.grading.courses import Course, packed

ASSIGNMENT = """
schema: labshell.assignment/1
name: layers-1
title: A page
due: "2026-12-01T12:00+01:00"
limits:
  seconds: 20
  run: {seconds: 20, memory: 64, disk: 16, pids: 32}
bases: [busybox]
values:
  word: {hex: 8}
items:
  - id: page
    kind: run
    title: "{{word}} in /srv/page"
    run: solve.sh
    files: [/srv/page]
    check: checks:left_the_page
    points: 4
    hidden:
      - {check: hidden:says_so, points: 3}
  - id: program
    kind: file
    title: A program, if the script needs one
    file: program
    check: checks:is_there
    points: 1
"""
CHECKS = """
def left_the_page(work):
    if work.ran.exit_status != 0:
        said = work.ran.output[-400:].decode(errors="replace")
        return work.failed(f"{work.ran.exit_status}: {said}")
    page = work.ran.file("/srv/page").decode(errors="replace")
    if page.strip() != work.values["word"]:
        return work.failed(page[:1000])
    return work.passed("There it is.")

def is_there(work):
    work.file("program")
    return work.passed("It is there.")
"""
HIDDEN = """
def says_so(work):
    if work.ran.file("/srv/page").strip() == work.values["word"].encode():
        return work.passed("It says so.")
    return work.failed("It does not.")
"""
HONEST = 'mkdir -p /srv && echo "$word" > /srv/page'
WHOLE = 4 + 3  # points of the run


class RunCourse(Course):
    """A course with an assignment that is run."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        (self.folder / "assignment.yaml").write_text(ASSIGNMENT)
        (self.folder / "checks.py").write_text(CHECKS)
        (self.folder / "hidden.py").write_text(HIDDEN)

    def give_labs(self, seconds: int = 20) -> None:
        """An engine of its own for each script, and so many seconds."""
        self.replace("run: solve.sh", "run: solve.sh\n    with: lab")
        old = "run: {seconds: 20, memory: 64, disk: 16, pids: 32}"
        new = f"run: {{seconds: {seconds}, memory: 192, disk: 16, pids: 64}}"
        self.replace(old, new)

    def hand_in_script(
        self, student: str, script: str | bytes, program: bytes | None = None
    ) -> Path:
        """A submission with this solve.sh."""
        data = script.encode() if isinstance(script, str) else script
        members = {**self.claimed(student), "files/solve.sh": data}
        if program is not None:
            members["files/program"] = program
        path = self.hand_in(student, {})
        path.write_bytes(packed(members))
        return path

    @contextmanager
    def graders(self) -> Iterator[Callable[[Path], Look]]:
        """Who looks at files, one after the other."""
        asked = self.assignment
        with closing(Here(asked)) as looker:
            yield lambda file: Classroom(asked).look(looker, file)


_AT = 0x400000
_HEADERS = 64 + 56
_REGISTERS = (
    b"\x48\xbf",
    b"\x48\xbe",
    b"\x48\xba",
    b"\x49\xba",
    b"\x49\xb8",
    b"\x49\xb9",
)
HAS_PROGRAMS = platform.machine() == "x86_64"


def program(number: int, *arguments: int | bytes) -> bytes:
    """A program that makes one system call, and ends with 0 if that was no error.

    Bytes are given by their address. For x86_64.
    """
    code_size = 10 * (len(arguments) + 1) + len(_END)
    code, data = b"", b""
    for register, argument in zip(_REGISTERS, arguments, strict=False):
        if isinstance(argument, bytes):
            value, data = (
                _AT + _HEADERS + code_size + len(data),
                data + argument + b"\0",
            )
        else:
            value = argument
        code += register + struct.pack("<Q", value & (1 << 64) - 1)
    code += b"\x48\xb8" + struct.pack("<Q", number) + _END
    size = _HEADERS + len(code) + len(data)
    header = b"\x7fELF\2\1\1" + bytes(9)
    header += struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, _AT + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    header += struct.pack("<IIQQQQQQ", 1, 7, 0, _AT, _AT, size, size, 0x1000)
    return header + code + data


# syscall; shr rax, 63: 1 for what is below nought; mov rdi, rax; mov eax, 60; syscall
_END = b"\x0f\x05\x48\xc1\xe8\x3f\x48\x89\xc7\xb8\x3c\0\0\0\x0f\x05"
