"""A start as a script: what becomes of acts and of words that nobody may trust."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.by_hand import (
    groups,
    last_start,
    layers,
    powers,
    program,
    tree_lines,
    words,
)
from engine.by_hand.words import Act
from engine.errors import InvalidState
from engine.oci.spec import Process
from engine.runtime.bundle import Layers

ROOT, HOME = "/c/rootfs", Path("/c")


def act(
    call: str, shell: str, symbol: str = "x", pid: int = 1, result: str = "0"
) -> Act:
    return {
        "call": call,
        "shell": shell,
        "symbol": symbol,
        "pid": pid,
        "result": result,
    }


@pytest.mark.parametrize(
    ("call", "shell", "lines"),
    [
        (
            "mount(2)",
            "mount -t tmpfs -o 'size=1m,odd word' tmpfs '/c/rootfs/a b'",
            ["directory '/a b'; mount -t tmpfs -o 'size=1m,odd word' tmpfs \"$place\""],
        ),
        (
            "move_mount(2)",
            "mount --rbind -o ro /etc/passwd '/c/rootfs/it'\"'\"'s'",
            [
                "file '/it'\"'\"'s'; mount --rbind /etc/passwd \"$place\"",
                "read_only",
            ],
        ),
        (
            "mount(2)",
            "mount --rbind /c/hosts /c/rootfs/etc/hosts",
            ['file /etc/hosts; mount --rbind "$work"/hosts "$place"'],
        ),
        (
            "mount(2)",
            "mount --rbind /c/rootfs/proc/sys /c/rootfs/proc/sys",
            ['at /proc/sys; mount --rbind "$place" "$place"'],
        ),
        (
            "mount(2)",
            "mount -o remount,bind,ro /c/rootfs/",
            ['at /; mount -o remount,bind,ro "$place"'],
        ),
        ("mount(2)", "mount --make-rprivate /", []),
        (
            "mknodat(2)",
            "mknod -m 666 /c/rootfs/dev/null c 1 3",
            ['at /dev/null; mknod -m 666 "$place" c 1 3'],
        ),
        (
            "symlinkat(2)",
            "ln -s /proc/self/fd /c/rootfs/dev/fd",
            ['at /dev/fd; ln -s /proc/self/fd "$place"'],
        ),
        (
            "write(2)",
            "sysctl -w 'net.ipv4.ping_group_range=0 1'",
            ["echo '0 1' > /proc/sys/net/ipv4/ping_group_range"],
        ),
        ("setgroups(2)", "setpriv --clear-groups …", []),
    ],
)
def test_an_act_becomes_lines(call: str, shell: str, lines: list[str]) -> None:
    assert tree_lines.of(act(call, shell), ROOT, HOME) == lines


def test_a_value_with_a_backslash_is_not_echoed() -> None:
    assert words.write_value("a\\n", "/f") == "printf '%s\\n' 'a\\n' > /f"


def test_a_line_of_a_value_does_not_end_a_here_document() -> None:
    lines = words.here_document("cat", ["x='1\nEND\nEND_\n'"], "END")
    assert lines == ["cat <<'END__'", "x='1", "END", "END_", "'", "END__"]


def test_no_character_ends_a_comment() -> None:
    assert words.comment("a\nrm -rf /\r\x1b") == ["# a rm -rf / ?"]


def test_layers_are_links_and_an_overlay_of_their_names() -> None:
    stack = Layers(
        lower=(Path("/l/odd:name"), Path("/l/2")), upper=Path("/u"), work=Path("/w")
    )
    made = layers.lines(stack, HOME)
    assert 'ln -s /l/odd:name "$work"/lower/1' in made
    assert layers.overlay(stack)[1].split()[5] == (
        "lowerdir=lower/1:lower/2,upperdir=upper,workdir=work,"
        "redirect_dir=off,metacopy=off"
    )


def test_powers_are_named_one_by_one() -> None:
    process = Process(
        arguments=("x",),
        limits={},
        uid=33,
        gid=34,
        no_new_privileges=True,
        capabilities=("CAP_NET_BIND_SERVICE",),
    )
    assert powers.command(process) == [
        "setpriv --bounding-set=-all,+net_bind_service",
        "--inh-caps=-all --ambient-caps=-all",
        "--clear-groups",
        "--regid=34 --reuid=33",
        "--no-new-privs --",
    ]


def test_the_program_gets_each_word_as_it_is(tmp_path: Path) -> None:
    """The commands for the waiting shell, carried out by a real one."""
    odd = ("a b", "", "*", "$(touch caught)`touch caught`", "'\"\\\n", "-n")
    process = Process(
        arguments=("/usr/bin/printf", "%s|", *odd),
        limits={},
        environment=("A=$HOME \n'", "odd.name=x"),
        directory=str(tmp_path),
    )
    done = subprocess.run(
        ["sh"], input=spoken(process), capture_output=True, cwd=tmp_path, check=True
    )
    assert done.stdout.decode() == "".join(f"{word}|" for word in odd)
    shown = process._replace(arguments=("/usr/bin/env", "-0"))
    done = subprocess.run(
        ["env", "-i", "sh"], input=spoken(shown), capture_output=True, check=True
    )
    assert set(done.stdout.split(b"\0")) == {b"A=$HOME \n'", b"odd.name=x", b""}
    assert not (tmp_path / "caught").exists()


def spoken(process: Process) -> bytes:
    """What the waiting shell hears."""
    lines = program.lines(process, interactive=False)
    first = next(n for n, line in enumerate(lines) if line.startswith("cat >&5"))
    last = lines.index("PROGRAM")
    return "\n".join(lines[first + 1 : last]).encode() + b"\n"


STARTER = "engine.runtime.starter:start"


def start(pid: int, value: str, **last: Any) -> list[Act]:
    """The acts of one start, whose starter has this number."""
    path = "/sys/fs/cgroup/memory/labshell-1/id"
    limit, join = "engine.kernel.limits:limit", "engine.kernel.cgroups:join"
    file = f"{path}/memory.limit_in_bytes"
    return [
        act("fork(2)", "", "engine.runtime.launch:Launch._begin", 9, str(pid)),
        act("write(2)", f"echo {value} > {file}", limit, pid),
        act("write(2)", f"echo refused > {file}", limit, pid, "-1 EINVAL"),
        act("write(2)", f"echo 0 > {path}/tasks", join, pid),
        act("unshare(2)", "", STARTER, pid),
        act("fork(2)", "", STARTER, pid, str(pid + 1)),
        act("mount(2)", f"mount {value}"),
        act("execve(2)", "exec true", result=last.get("result", "?")),
    ]


def test_only_the_last_start_counts_and_what_was_updated_since() -> None:
    file = "/sys/fs/cgroup/memory/labshell-1/id/memory.limit_in_bytes"
    later = act("write(2)", f"echo 3 > {file}", "engine.kernel.limits:changed", 50)
    found = last_start.find([*start(10, "1"), *start(20, "2"), later], "box")
    assert [a["shell"] for a in found.within] == ["mount 2", "exec true"]
    own = groups.read(found, "labshell-1/id")
    assert (own.version, own.trees, own.parent) == (1, ("/sys/fs/cgroup/memory",), "")
    mine = '/sys/fs/cgroup/memory/"$group"/memory.limit_in_bytes'
    assert groups.lines(found, own)[-2:] == [f"echo 2 > {mine}", f"echo 3 > {mine}"]


def test_on_version_2_controllers_are_handed_down_to_the_parent() -> None:
    place = "/sys/fs/cgroup/system.slice/labshell-1.scope/class/id"
    join = "engine.kernel.cgroups:join"
    acts = [
        act("write(2)", f"echo 0 > {place}/cgroup.procs", join, 10),
        act("unshare(2)", "", STARTER, 10),
        act("fork(2)", "", STARTER, 10, "11"),
        act("execve(2)", "exec true", result="?"),
    ]
    own = groups.read(last_start.find(acts, "box"), "labshell-1/class/id")
    assert (own.version, own.parent) == (2, "system.slice/labshell-1.scope/class")


def test_a_start_that_did_not_reach_its_program_is_refused() -> None:
    with pytest.raises(InvalidState, match="did not come as far"):
        last_start.find(start(10, "1", result="-1 ENOENT"), "box")
    with pytest.raises(InvalidState, match="no start"):
        last_start.find([], "box")
