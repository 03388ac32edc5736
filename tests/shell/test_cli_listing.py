"""`--filter` and `--format` of the verbs that list things, and how wide a table is."""

import json
import os
import pty
import subprocess

import pytest

from labshell.views.containers import CONTAINERS
from tests.shell.lines import Lab


@pytest.fixture
def box(lab: Lab) -> str:
    """The ID of a container that was created, with labels and a volume."""
    line = ["create", "--name", "box", "-l", "a=b", "-l", "c=d", "-v", "vol:/data"]
    return lab(*line, "busybox", "sh", "-c", "sleep 1d").lines[0]


def test_ps_fills_a_template_for_each(lab: Lab, box: str) -> None:
    done = lab("ps", "-a", "--format", r"{{.ID}}\t{{.Names}} {{.State}} {{.Mounts}}")
    assert done.lines == [f"{box[:12]}\tbox created vol"]
    words = '{{.Label "a"}} {{.Labels}} {{.LocalVolumes}} {{.Command}} {{.Networks}}'
    done = lab("ps", "-a", "--format", words)
    assert done.lines == ["b a=b,c=d 1 \"sh -c 'sleep 1d'\" bridge"]


def test_ps_has_tables_of_ones_own_and_json(lab: Lab, box: str) -> None:
    done = lab("ps", "-a", "--format", r"table {{.Names}}\t{{.Status}}")
    assert done.lines == ["NAMES     STATUS", "box       Created"]
    (row,) = lab("ps", "-a", "--format", "json").lines
    assert json.loads(row)["ID"] == box[:12]
    assert list(json.loads(row)) == sorted(json.loads(row))
    assert set(json.loads(row)) == set(CONTAINERS.headings)


def test_ps_measures_sizes_when_it_is_asked_for_them(lab: Lab, box: str) -> None:
    heading, row = lab("ps", "-a", "-s").lines
    assert heading.endswith("SIZE")
    assert " 0B (virtual " in row
    assert "0B (virtual" in lab("ps", "-a", "--format", "{{.Size}}").out
    assert lab("ps", "-a", "--format", "{{json .Size}}").out.startswith('"0B (virtual')


def test_filters_are_told_apart_from_their_values(lab: Lab, box: str) -> None:
    assert lab("ps", "-aq", "--filter", "label=a=b").lines == [box[:12]]
    assert lab("ps", "-aq", "-f", "label=a=c").lines == []
    done = lab("ps", "--filter", "foo")
    assert done.code == 125
    assert "bad format of filter (expected name=value)" in done.error
    done = lab("ps", "--filter", "foo=bar")
    assert (done.code, done.error) == (1, "Invalid filter 'foo'")


def test_images_and_volumes_take_the_same_options(lab: Lab, box: str) -> None:
    lab("tag", "busybox", "mine:1")
    form = "{{.Repository}}:{{.Tag}} {{.Digest}}"
    assert lab("images", "--format", form, "mine").lines == ["mine:1 <none>"]
    assert lab("images", "--filter", "reference=m*", "-q").lines == (
        lab("images", "-q", "mine:1").lines
    )
    assert "DIGEST" in lab("images", "--digests").lines[0]
    assert lab("volume", "ls", "--filter", "dangling=true", "-q").lines == []
    form = "{{.Name}} {{.Driver}} {{.Scope}}"
    assert lab("volume", "ls", "--format", form).lines == ["vol local local"]
    form = "{{.CreatedBy}} {{.Size}}"
    assert lab("history", "--format", form, "busybox").lines[0] == 'CMD ["sh"] 0B'
    lab("rmi", "mine:1")


def test_a_wrong_template_says_what_fields_there_are(lab: Lab, box: str) -> None:
    done = lab("ps", "-a", "--format", "{{.Name}}")
    assert done.code == 1
    assert 'map has no entry for key "Name"' in done.error
    assert ".Names" in done.hint


def test_ps_fits_the_terminal_if_it_can(lab: Lab, box: str) -> None:
    lab("create", "--name", "longer_than_others", "busybox", "sleep", "1000000")
    wide = lab("ps", "-a").lines
    assert max(map(len, wide)) > 90
    narrow = seen_on_a_terminal(lab, 90, "ps", "-a")
    assert max(map(len, narrow)) <= 90
    assert [line.split()[-1] for line in narrow] == [x.split()[-1] for x in wide]
    assert "PORTS" not in narrow[0]


def seen_on_a_terminal(lab: Lab, columns: int, *words: str) -> list[str]:
    outside, inside = pty.openpty()
    try:
        subprocess.run(["stty", "cols", str(columns)], stdin=inside, check=True)
        subprocess.run(lab.command(*words), stdout=inside, timeout=30, check=True)
        os.close(inside)
        text = b""
        while not text.endswith(b"\n") or text.count(b"\n") < 3:
            text += os.read(outside, 65536)
    finally:
        os.close(outside)
    return text.decode().splitlines()


def test_events_are_printed_as_text_as_json_and_by_template(lab: Lab, box: str) -> None:
    past = ("events", "--since", "1h", "--until", "0s", "--filter", "event=create")
    of_box = ("--filter", f"container={box}")
    (line,) = lab(*past, *of_box).lines
    moment, words = line.split(" ", 1)
    assert words == f"container create {box} (a=b, c=d, image=busybox, name=box)"
    assert len(moment.partition(".")[2].rstrip("Z").partition("+")[0]) == 9
    (line,) = lab(*past, *of_box, "--format", "json").lines
    found = json.loads(line)
    assert (found["status"], found["id"], found["from"]) == ("create", box, "busybox")
    assert found["Actor"]["Attributes"]["name"] == "box"
    form = "{{.Type}} {{.Action}} {{.ID}} {{.Status}} {{.Actor.Attributes.nope}}"
    (line,) = lab(*past, *of_box, "--format", form).lines
    assert line == f"container create {box} create <no value>"
    assert lab("events", "--since", "soon").code == 1


def test_port_lists_nothing_and_a_port_that_is_not_published_is_an_error(
    lab: Lab, box: str
) -> None:
    done = lab("port", "box")
    assert (done.code, done.out) == (0, "")
    done = lab("port", "box", "80")
    assert (done.code, done.error) == (1, "No public port '80' published for box")
    assert lab("port", "nosuch").error == "No such container: nosuch"


LASTS = ("busybox", "sleep", "1000")


def test_a_published_port_is_in_ps_and_in_port(lab: Lab) -> None:
    asked = ("-p", "127.0.0.1::80", "-p", "[::1]::53/udp", "--expose", "90-91")
    lab("run", "-d", "--name", "web", "--network", "bridge", *asked, *LASTS)
    first, second = lab("port", "web").lines
    tcp, udp = (line.rpartition(":")[2] for line in (second, first))
    assert (first, second) == (
        f"53/udp -> ::1:{udp}",
        f"80/tcp -> 127.0.0.1:{tcp}",
    )
    assert lab("port", "web", "80").out == f"127.0.0.1:{tcp}\n"
    assert lab("ps", "--format", "{{.Ports}}").out == (
        f"90-91/tcp, ::1:{udp}->53/udp, 127.0.0.1:{tcp}->80/tcp\n"
    )
    lab("rm", "-f", "web")


def test_wait_prints_a_code_for_each_and_goes_on_after_what_is_not_there(
    lab: Lab, box: str
) -> None:
    lab("run", "--name", "gone", "busybox", "sh", "-c", "exit 3")
    done = lab("wait", "gone", "nosuch", "box")
    assert (done.code, done.lines) == (1, ["3", "0"])
    assert done.error == "No such container: nosuch"


def test_a_container_cannot_be_called_nothing(lab: Lab, box: str) -> None:
    done = lab("rename", "box", "")
    assert (done.code, done.error) == (1, "Neither old nor new names may be empty")
