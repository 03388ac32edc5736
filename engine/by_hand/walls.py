"""Section 3, the namespaces, and a shell that waits inside them.

    the script ── ( joins the groups ) ── unshare ── fork ──▶ sh, which waits
        │                                                      ▲
        └────────────── what it shall do, through a fifo ──────┘

Process 1 of the container must be there before anybody can furnish its namespaces, and
must do nothing before they are furnished. So it is a shell that reads its commands from
a fifo: nothing comes, and it waits. If the script is killed the fifo ends, and so does
the shell.

man: unshare(1), nsenter(1), fifo(7), setsid(1), env(1)
Try it: `lab tree` while the script runs: it is not there, it is no container of ours
"""

from engine.by_hand import powers, words
from engine.by_hand.groups import Groups
from engine.kernel.namespaces import KINDS
from engine.oci.spec import Process, Spec

_ABOUT = """
The process joins the groups and unshares; its child is process 1 of the container: a
shell of the machine's, without powers and without environment, that waits for commands
on a fifo. unshare makes all mounts private. Originally: engine.runtime.starter:start
and engine.runtime.spawner:_become_neutral, which takes the limits of process 1 of the
machine.
"""


def lines(spec: Spec, groups: Groups, interactive: bool) -> list[str]:
    """The section: start the waiting shell, and learn its number."""
    return [
        *words.heading(3, "Namespaces and powers", f"{_ABOUT} {powers.ABOUT}"),
        *(["exec 3<&0  # the standard input of the program"] if interactive else ()),
        'mkfifo -m 600 "$work"/commands "$work"/answer',
        'exec 5<>"$work"/commands',
        "(",
        "    read -r self _ </proc/self/stat",
        *(f"    {line}" for line in _limits(spec.process)),
        f'    for tree in $trees; do echo 0 > "$tree/$group"/{_members(groups)}; done',
        *(f"    {line}" for line in _unshare(spec)),
        ') 6>&2 <"$work"/commands 2>"$work"/said 4>"$work"/answer 5>&- &',
        "unshare=$!",
        "cat >&5 <<'QUESTION'  # which number the machine knows it by",
        "read -r self _ </proc/self/stat",
        'echo "$self" >&4',
        "exec 2>&6 4>&- 6>&-",
        "QUESTION",
        'read -r pid <"$work"/answer || fail "no namespaces: $(cat "$work"/said)"',
        'exec 5>"$work"/commands  # only to write: so it is told if nobody reads',
        "",
        "# unshare waits for it, and shall not be counted among its processes.",
        *_move_out(groups),
    ]


def _members(groups: Groups) -> str:
    """The file by which a process joins a group; version 1 can move one thread."""
    return "tasks" if groups.version == 1 else "cgroup.procs"


def enter(spec: Spec) -> str:
    """The command that goes into the namespaces, with all powers, as another shell."""
    kinds = " ".join(_option(kind) for kind in spec.namespaces)
    return f'nsenter --target "$pid" {kinds} -- "$sh" -eu'


def _option(kind: str) -> str:
    return KINDS[kind][2].split()[0]


def _unshare(spec: Spec) -> list[str]:
    """The command that becomes the waiting shell, by and by.

    A shell's `&` lets two signals be ignored; env makes them the usual ones again.
    """
    kinds = " ".join(_option(kind) for kind in spec.namespaces)
    # Without a session of its own it keeps the terminal that the script was given.
    session = [] if spec.process.terminal else ["setsid"]
    chain = [*session, *powers.command(spec.process), 'env -i --default-signal "$sh"']
    return words.aligned(f"exec unshare {kinds} --fork --", chain)


def _move_out(groups: Groups) -> list[str]:
    if groups.version == 2:
        return [
            "own=$(sed -n 's/^0:://p' /proc/self/cgroup)",
            'echo "$unshare" > "/sys/fs/cgroup$own/cgroup.procs"',
        ]
    return ['for tree in $trees; do echo "$unshare" > "$tree"/tasks; done']


def _limits(process: Process) -> list[str]:
    found = _LIMITS.splitlines()
    for name, (soft, hard) in process.limits.items():
        option = name.removeprefix("RLIMIT_").lower()
        found.append(f'prlimit --pid "$self" --{option}={_limit(soft)}:{_limit(hard)}')
    score = 0 if process.oom_score is None else process.oom_score
    return [*found, f"echo {score} > /proc/self/oom_score_adj"]


# Only CAP_SYS_RESOURCE may raise a hard limit: without it, up to our own.
_LIMITS = """\
prlimit --pid 1 --noheadings --raw --output RESOURCE,SOFT,HARD |
    tr '[:upper:]' '[:lower:]' | while read -r name soft hard; do
        if ! prlimit --pid "$self" "--$name=$soft:$hard" 2>/dev/null; then
            hard=$(prlimit --pid "$self" "--$name" --noheadings --raw --output HARD)
            prlimit --pid "$self" "--$name=$hard:$hard"
        fi
    done
"""


def _limit(value: int) -> str:
    return "unlimited" if value in (-1, (1 << 64) - 1) else str(value)
