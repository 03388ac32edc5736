"""An act that is about to happen, as text: for `--step`.

    Mounts: what a process sees when it looks at a path
     29  mount -t overlay overlay -o lowerdir=… $ROOTFS
         mount(2), for engine.runtime.rootfs:mount_layers; process 4862 waits

The number counts the acts of this start; how many there will be, nobody knows before.
The heading stands where the concept changes.
What is written with a dollar is a variable in the shell that --step offers.

Try it: `lab run --step busybox true`
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labshell.views import naming
from labshell.views.concepts import heading
from labshell.views.tables import printable

HELP = """\
  next              do this act, and stop before the next one; Enter does the same
  next 5            do five of them
  next mounts       go on, and stop before the next act of this concept
  next pivot_root   … or before the next such call
  continue          do all that is left; so does Ctrl-D
  abort             break it off: all is as before, and what `run` made has gone;
                    so does Ctrl-C
  fail ENOSPC       let this act fail so, and see what becomes of it (a container
                    stays, and lab acts tells)
  mounts, tree      what is mounted, and which processes there are, by now
  source            the engine's function that asks for this act
  explain WORD      what it means: a concept, a call, an error
  help              this list

If this terminal is closed, the start goes on by itself; before it has its network,
which is made from here, it is broken off.
"""
SHELL_HELP = """\
  all else          a line for sh: $PID is the process that waits, $ID the container,
                    $C its directory, $ROOTFS its root, $CGROUP its control group,
                    $LAB all of labshell's: try ls -l /proc/$PID/ns
"""


def before(
    act: Mapping[str, Any],
    number: int,
    pid: int,
    directory: Path,
    *,
    new: bool,
    colour: bool = False,
) -> str:
    """The act with this number, which process `pid` is about to make.

    `new`: the one before was of another concept.
    """

    def ink(code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colour else text

    shell = printable(naming.shortened(str(act["shell"]), directory))
    lines = [ink("1;36", heading(str(act["concept"])))] if new else []
    lines.append(f"{number:3}  {shell}")
    who = f"{act['call']}, for {act['symbol']}; process {pid} waits"
    lines.append(f"     {ink('2', who)}")
    return "\n".join(lines)
