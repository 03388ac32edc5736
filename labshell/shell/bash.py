"""The one bash: it keeps directory, variables, functions and jobs from line to line.

    this process                                   bash -i
    ────────────                                   ───────
    one line as text    ──── a pipe ────▶  stdin:  eval $'…' </dev/pts/N
    status, directory,  ◀─── a pipe ─────          _lab_report
      environment
    keys and output     ◀═ pseudo-terminal ═▶      what the line starts

Bash reads its commands from a pipe and its programs get the terminal: so nothing has
to be typed into a terminal and filtered out again, and a program can never read our
commands as its input. Each line goes through `eval` at the top level, not in a
function: `declare`, `local -`, traps, job control and Ctrl-C are those of any bash.

`$?` and `$_` are handed over with each line, so that a `lab …` line that ran in our
process counts as the command before. The report goes to /proc/PID/fd/N of ours, not
to an inherited descriptor: no program that bash starts gets hold of it.

Without a terminal (a script is piped in) bash is not interactive, has no job control,
and what it runs reads /dev/null.

man: bash(1) on eval, "JOB CONTROL", and --noediting; proc(5) on /proc/PID/fd
Try it: `cd /tmp; x=5` and then `echo $PWD $x`; `sleep 60`, Ctrl-Z, `jobs`, `fg`.
"""

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress

from engine.errors import EngineError
from labshell.messages import translate
from labshell.shell.terminal import PseudoTerminal

# Sent once. Bash has read ~/.bashrc by then; its prompt is ours to draw.
_SET_UP = r"""
set +o history +o histexpand; PS1= PS2= PS0=; unset PROMPT_COMMAND; _lab_word=
_lab_before() { return "$1"; }
_lab_after() { _lab_word=$2; return "$1"; }
_lab_report() {
    local -; set +x
    printf 'status=%s\0directory=%s\0word=%s\0' "$1" "$PWD" "$_lab_word" >REPORT
    /usr/bin/env -0 >REPORT
    printf 'end=%s\0\0' "$2" >REPORT
    printf 'MARK' >TERMINAL
}
"""


class Bash:
    """A bash that runs one line at a time, and says how it is afterwards."""

    def __init__(
        self, *, terminal: PseudoTerminal | None, set_up: Iterable[str]
    ) -> None:
        """Start bash; `set_up` are commands of its first line."""
        self.status = 0
        self.directory = os.getcwd()
        self.environment: Mapping[str, str] = {}
        self.terminal = terminal
        self._last_word = ""
        self._unnoted: list[str] = []  # lines for `history` that bash has not heard of
        self._reports, self._report_end = os.pipe()
        self._received = b""
        self._serial = 0
        self._input = terminal.name if terminal else "/dev/null"
        reading, self._commands = os.pipe()
        self._process = _start(terminal, reading)
        os.close(reading)
        self._ending = os.pidfd_open(self._process.pid)
        self._send(self._filled_in(_SET_UP) + "; ".join(set_up))
        self._send(f"_lab_report 0 {self._next()}")
        self._starting = True

    @property
    def ended(self) -> bool:
        """Has bash ended? Then `status` is its exit status."""
        return self._process.poll() is not None

    def _filled_in(self, script: str) -> str:
        report = f"/proc/{os.getpid()}/fd/{self._report_end}"
        mark = self.terminal.mark.decode() if self.terminal else ""
        target = self.terminal.name if self.terminal else "/dev/null"
        return (
            script.replace("REPORT", report)
            .replace("MARK", mark)
            .replace("TERMINAL", target)
        )

    def wait_until_ready(self) -> None:
        """Let bash finish reading ~/.bashrc; what it prints by then is not shown.

        Ctrl-C is for what runs there.
        """
        while self._starting:
            try:
                self._await_report(quiet=True)
                self._starting = False
            except KeyboardInterrupt:
                if self.terminal is None:
                    raise
                self.terminal.interrupt()

    def run(self, line: str) -> int:
        """Run one line to its end, or until it is stopped or interrupted."""
        self.wait_until_ready()
        self.note(line)
        for noted in self._unnoted:
            self._send(f"{{ history -s -- {quoted(noted)}; }} 2>/dev/null")
        self._unnoted.clear()
        before = (
            f"{{ _lab_before {self.status} {quoted(self._last_word)}; }} 2>/dev/null"
        )
        if self.terminal:
            self.terminal.resize()  # before the line may ask for the size
        text = quoted(f'{line}\n{{ _lab_after "$?" "$_"; }} 2>/dev/null')
        self._send(f"{before}; eval {text} <{self._input}")
        self._send(f'{{ _lab_report "$?" {self._next()}; }} 2>/dev/null')
        self._await_report()
        return self.status

    def note(self, line: str) -> None:
        """Remember a line for bash's own `history`, unless it begins with a space."""
        if self.terminal and not line.startswith(" "):
            self._unnoted.append(line)

    def ask(self, code: str) -> str:
        """What `code` prints, run by this bash, leaving no trace in it."""
        self.wait_until_ready()
        target = self._filled_in("REPORT")
        self._send(f"{{ {code}\n}} >{target} 2>/dev/null </dev/null")
        self._send(f"printf 'end=%s\\0\\0' {self._next()} >{target}")
        while not (self.ended or self._report_is_here()):
            self._wait()
        answer = self._take_report()
        return "" if self.ended else answer.decode(errors="surrogateescape")

    def close(self) -> None:
        """End bash: as when its terminal is closed, its jobs are told with SIGHUP."""
        os.close(self._commands)
        if self.terminal:
            self.terminal.close()
        if not self.ended:
            self._process.send_signal(signal.SIGHUP)
            self._process.wait()
        for descriptor in (self._reports, self._report_end, self._ending):
            os.close(descriptor)

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _send(self, command: str) -> None:
        data = f"{command}\n".encode(errors="surrogateescape")
        with suppress(BrokenPipeError):  # bash has ended: `ended` says so
            while data:
                data = data[os.write(self._commands, data) :]

    def _await_report(self, *, quiet: bool = False) -> None:
        """Lend the terminal until bash reports or ends, and take down the report."""
        wakers = (self._reports, self._ending)

        def finished() -> bool:
            return self._report_is_here() or self.ended

        if self.terminal:
            self.terminal.lend(wakers, finished, quiet=quiet)
        else:
            while not finished():
                self._wait()
        if self._report_is_here():
            self._read_report(self._take_report())
        else:
            code = self._process.wait()
            self.status = 128 - code if code < 0 else code

    def _wait(self) -> None:
        select.select((self._reports, self._ending), (), ())

    def _report_is_here(self) -> bool:
        """Read what has come of the report; is it all here?"""
        while select.select([self._reports], (), (), 0)[0]:
            self._received += os.read(self._reports, 65536)
        return self._received.endswith(self._end_of_report())

    def _end_of_report(self) -> bytes:
        return f"end={self._serial}\0\0".encode()

    def _take_report(self) -> bytes:
        """The report without its end, and without an older one that nobody awaited."""
        report = self._received.removesuffix(self._end_of_report())
        self._received = b""
        return report.rpartition(b"\0\0")[2]

    def _read_report(self, report: bytes) -> None:
        fields = report.decode(errors="surrogateescape").split("\0")
        status, directory, word, *environment = fields
        self.status = int(status.removeprefix("status="))
        self.directory = directory.removeprefix("directory=")
        self._last_word = word.removeprefix("word=")
        pairs = (entry.partition("=") for entry in environment if "=" in entry)
        self.environment = {name: value for name, _, value in pairs} or self.environment


def _start(terminal: PseudoTerminal | None, commands: int) -> "subprocess.Popen[bytes]":
    """Start bash, as the leader of a session of its own if it gets a terminal."""
    bash = shutil.which("bash")
    if bash is None:
        raise EngineError(translate("The shell needs bash"), "apt-get install bash")
    if terminal is None:
        return subprocess.Popen([bash], stdin=commands)
    # A session leader that opens a terminal for reading and writing gets it as its
    # controlling terminal: job control and Ctrl-C hang on that.
    script = 'exec "$2" --noediting -i 2<>"$1" >&2'
    return subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", terminal.name, bash],
        stdin=commands,
        start_new_session=True,
    )


_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "!": "\\x21"}


def quoted(text: str) -> str:
    """`text` as one word for bash, on one line whatever is in it."""
    return "$'" + "".join(_ESCAPES.get(letter, letter) for letter in text) + "'"
