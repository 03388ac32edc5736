"""--add-host, --dns, --domainname: lines in files that a program inside reads."""

import pytest

from tests.engine.boxes import Box


def test_extra_hosts_are_lines_of_etc_hosts(box: Box) -> None:
    hosts = ("db:10.0.0.7", "web=::1", "old:[fe80::2]")
    done = box.run("tail", "-n", "3", "/etc/hosts", extra_hosts=hosts)
    assert done.lines == ["10.0.0.7\tdb", "::1\tweb", "fe80::2\told"]


def test_name_servers_that_were_asked_for_take_the_machines_place(box: Box) -> None:
    done = box.run(
        "cat",
        "/etc/resolv.conf",
        dns=("9.9.9.9", "::1"),
        dns_search=("a.example", "b.example"),
        dns_options=("ndots:2",),
    )
    assert done.lines == [
        "search a.example b.example",
        "nameserver 9.9.9.9",
        "nameserver ::1",
        "options ndots:2",
    ]


def test_a_dot_means_no_search_at_all(box: Box) -> None:
    out = box.run("cat", "/etc/resolv.conf", dns=("9.9.9.9",), dns_search=(".",)).out
    assert "search" not in out
    assert "nameserver 9.9.9.9\n" in out


def test_a_domainname_is_the_uts_namespaces(box: Box) -> None:
    done = box.run("cat", "/proc/sys/kernel/domainname", domainname="lab.example")
    assert done.out == "lab.example\n"
    container = box.create("true", hostname="box", domainname="lab.example")
    config = box.engine.inspect(container.id)["Config"]
    assert (config["Hostname"], config["Domainname"]) == ("box", "lab.example")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"extra_hosts": ("db",)}, 'bad format for add-host: "db"'),
        ({"extra_hosts": ("db:x",)}, 'invalid IP address in add-host: "x"'),
        ({"extra_hosts": ("d b:1.2.3.4",)}, "bad format for add-host"),
        ({"extra_hosts": ("a\nb:1.2.3.4",)}, "bad format for add-host"),
        ({"dns": ("dns.example",)}, "IP address is not correctly formatted"),
        ({"dns_search": ("a b",)}, "a b is not a valid domain"),
        ({"dns_search": ("a\nnameserver 6.6.6.6",)}, "is not a valid domain"),
        ({"dns_options": ("a\nb",)}, "invalid --dns-option"),
        ({"domainname": "x" * 65}, "invalid domainname"),
    ],
)
def test_what_would_break_the_files_is_refused(
    box: Box, asked: dict[str, object], words: str
) -> None:
    box.refuses(asked, words)
