"""Published ports as rules of the firewall: who asks is seen, and no rule is left.

What another kernel or another nft might do otherwise is tried in virtual machines, too.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from tests import machine, workshop
from tests.engine import harbours
from tests.engine.boxes import until
from tests.engine.harbours import ALSO, MACHINE, OUTSIDE, Harbour

pytestmark = pytest.mark.require("root", "overlay", "nft")
WEB = ("-p", "8080:80")


@pytest.fixture(scope="module")
def shared_harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    machine.need("root", "overlay", "nft")
    root = tmp_path_factory.mktemp("harbour") / "root"
    with harbours.opened(root, f"lab-test-{os.getpid()}") as opened:
        try:
            yield opened
        finally:
            opened.tidy()
            workshop.close(Engine(root))


@pytest.fixture
def harbour(shared_harbour: Harbour) -> Iterator[Harbour]:
    """A machine with nothing on it but an engine, and a host outside."""
    yield shared_harbour
    shared_harbour.tidy()
    assert shared_harbour.rules() == []


@pytest.mark.vm
def test_a_program_inside_sees_who_asks_from_outside(harbour: Harbour) -> None:
    harbour.begin("web", *WEB)
    assert harbour.from_outside(8080) == f"{OUTSIDE} web"
    assert harbour.from_outside(8080, ALSO) == f"{OUTSIDE} web"


def test_it_sees_the_machine_under_the_address_that_was_asked(harbour: Harbour) -> None:
    harbour.begin("web", *WEB)
    assert harbour.ask(harbour.machine, MACHINE, 8080) == f"{MACHINE} web"


def test_loopback_leads_to_the_porter(harbour: Harbour) -> None:
    harbour.begin("web", *WEB)
    seen = f"{harbour.gateway('web')} web"
    assert harbour.ask(harbour.machine, "127.0.0.1", 8080) == seen
    parameter = "net.ipv4.conf.all.route_localnet"
    assert harbour.run(harbour.machine, "sysctl", "-n", parameter).stdout == b"0\n"


@pytest.mark.vm
def test_datagrams_come_from_who_sent_them(harbour: Harbour) -> None:
    harbour.begin("names", "-p", "5353:5300/udp")
    assert harbour.from_outside(5353, protocol="udp") == f"{OUTSIDE} names"
    sent = harbour.ask(harbour.machine, MACHINE, 5353, "udp")
    assert sent == f"{MACHINE} names"


def test_a_port_at_one_address_is_at_no_other(harbour: Harbour) -> None:
    harbour.begin("web", "-p", f"{ALSO}:8080:80")
    assert harbour.from_outside(8080, ALSO) == f"{OUTSIDE} web"
    assert harbour.from_outside(8080, MACHINE) == "nobody: ConnectionRefusedError"


def test_two_containers_have_the_same_port_inside(harbour: Harbour) -> None:
    harbour.begin("one", *WEB)
    harbour.begin("two", "-p", "8081:80")
    assert harbour.from_outside(8080) == f"{OUTSIDE} one"
    assert harbour.from_outside(8081) == f"{OUTSIDE} two"
    harbour.lab("stop", "-t", "0", "one")
    assert harbour.from_outside(8080) == "nobody: ConnectionRefusedError"
    assert harbour.from_outside(8081) == f"{OUTSIDE} two"


@pytest.fixture(params=["0", "1"])
def bridged(request: pytest.FixtureRequest, harbour: Harbour) -> None:
    """Whether the firewall also sees what stays on one bridge, as Docker has it."""
    name = "net.bridge.bridge-nf-call-iptables"
    done = harbour.run(harbour.machine, "sysctl", "-w", f"{name}={request.param}")
    if done.returncode and request.param == "1":
        pytest.skip("no br_netfilter")


@pytest.mark.vm
def test_a_neighbour_reaches_it_through_the_machine(
    harbour: Harbour, bridged: None
) -> None:
    """It is masked where it must be: else the answer would take the short way back."""
    harbour.begin("web", *WEB)
    harbour.begin("neighbour")
    seen, _, who = harbour.from_container("neighbour", 8080).partition(" ")
    assert who == "web"
    assert seen in (harbour.gateway("web"), harbour.address("neighbour"))


def test_a_container_reaches_itself_through_the_machine(
    harbour: Harbour, bridged: None
) -> None:
    harbour.begin("web", *WEB)
    assert harbour.from_container("web", 8080) == f"{harbour.gateway('web')} web"


@pytest.mark.parametrize("kind", [(), ("--internal",)])
def test_from_another_network_it_is_reached_through_the_machine_only(
    harbour: Harbour, kind: tuple[str, ...]
) -> None:
    harbour.begin("web", *WEB)
    harbour.lab("network", "create", *kind, "front")
    harbour.begin("stranger", "--network", "front")
    place = harbour.sandbox("stranger")["endpoints"][0]
    gateway = harbour.lab("network", "inspect", "front", "-f", GATEWAY).out.strip()
    seen = harbour.gateway("web") if kind else place["address"]
    assert harbour.from_container("stranger", 8080, gateway) == f"{seen} web"
    answer = harbour.from_container("stranger", 80, harbour.address("web"))
    assert answer.startswith("nobody")


GATEWAY = "{{(index .IPAM.Config 0).Gateway}}"


@pytest.mark.vm
def test_a_restart_keeps_the_rule(harbour: Harbour) -> None:
    harbour.begin("web", *WEB)
    before = harbour.rules()
    assert harbour.lab("restart", "-t", "0", "web").code == 0
    assert harbour.rules() == before
    assert harbour.from_outside(8080) == f"{OUTSIDE} web"


def test_the_rule_follows_when_the_network_is_another(harbour: Harbour) -> None:
    harbour.lab("network", "create", "front")
    harbour.begin("web", "--network", "bridge", *WEB)
    assert harbour.lab("network", "connect", "front", "web").code == 0
    assert harbour.lab("network", "disconnect", "bridge", "web").code == 0
    [rule] = harbour.rules()
    assert rule.endswith(f"dnat ip to {harbour.address('web')}:80")
    assert harbour.from_outside(8080) == f"{OUTSIDE} web"
    assert harbour.lab("network", "disconnect", "front", "web").code == 0
    assert harbour.rules() == []
    assert harbour.lab("network", "connect", "front", "web").code == 0
    assert harbour.from_outside(8080) == f"{OUTSIDE} web"


def test_without_its_porter_the_kernel_goes_on(harbour: Harbour) -> None:
    harbour.begin("web", *WEB)
    shim = harbour.state("web")["shim_pid"]
    found = harbour.run(harbour.machine, "pgrep", "-P", str(shim), "-x", "lab-porter")
    os.kill(int(found.stdout), signal.SIGKILL)
    assert harbour.from_outside(8080) == f"{OUTSIDE} web"


@pytest.mark.vm
def test_the_rule_of_a_killed_shim_goes_with_the_next_command(harbour: Harbour) -> None:
    harbour.begin("web", *WEB)
    _kill_shim(harbour)
    assert "repaired" in harbour.lab("ps").err
    assert harbour.rules() == []


def test_who_has_the_port_has_the_rule_whatever_a_dead_one_has_left(
    harbour: Harbour,
) -> None:
    harbour.begin("web", "-p", f"{ALSO}:8080:80")
    _kill_shim(harbour)
    harbour.begin("next", *WEB)
    assert harbour.from_outside(8080, ALSO) == f"{OUTSIDE} next"
    assert harbour.lab("ps", "-q").code == 0
    assert harbour.from_outside(8080, ALSO) == f"{OUTSIDE} next"


def _kill_shim(harbour: Harbour) -> None:
    shim = harbour.state("web")["shim_pid"]
    pidfd = os.pidfd_open(shim)
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{shim}/fd/0").exists(), "the end of the shim")
    finally:
        os.close(pidfd)


def test_two_roots_have_their_rules_apart(harbour: Harbour, fresh_root: Path) -> None:
    harbour.begin("one", *WEB)
    harbour.begin("two", "-p", "8081:80", root=fresh_root)
    try:
        assert harbour.from_outside(8080) == f"{OUTSIDE} one"
        assert harbour.from_outside(8081) == f"{OUTSIDE} two"
        harbour.lab("rm", "-f", "one")
        assert harbour.from_outside(8081) == f"{OUTSIDE} two"
    finally:
        harbour.lab("rm", "-f", "two", root=fresh_root)


CLOSED = (
    "add table ip filter; add chain ip filter FORWARD "
    "{ type filter hook forward priority 0; policy drop; }"
)


@pytest.fixture
def closed(harbour: Harbour) -> Iterator[None]:
    """Somebody's table lets nothing pass through the machine."""
    harbour.run(harbour.machine, "nft", CLOSED)
    yield
    harbour.run(harbour.machine, "nft", "delete table ip filter")


def test_where_another_table_drops_the_porter_carries_and_the_rule_is_named(
    harbour: Harbour, closed: None
) -> None:
    """The command is run as it is printed, and then the kernel carries."""
    said = harbour.begin("web", *WEB).err.splitlines()
    [told] = [n for n, line in enumerate(said) if "carries the published ports" in line]
    assert "chain FORWARD of table ip filter drops" in said[told]
    assert harbour.rules() == []
    assert harbour.from_outside(8080) == f"{harbour.gateway('web')} web"
    command = said[told + 1].partition("after this: ")[2]
    assert harbour.run(harbour.machine, "sh", "-c", command).returncode == 0
    assert harbour.lab("stop", "-t", "0", "web").code == 0
    again = harbour.lab("start", "web")
    assert "published ports" not in again.err
    harbour.host("web")
    assert harbour.from_outside(8080) == f"{OUTSIDE} web"


@pytest.fixture
def flushed(harbour: Harbour, tmp_path: Path) -> Iterator[None]:
    """Somebody has taken all tables away, as a restart of nftables.service does."""
    harbour.begin("first")
    kept = str(tmp_path / "ruleset")
    take = f"nft list ruleset >{kept}; nft flush ruleset"
    assert harbour.run(harbour.machine, "sh", "-c", take).returncode == 0
    yield
    assert harbour.run(harbour.machine, "nft", "-f", kept).returncode == 0


def test_where_our_table_has_gone_the_porter_carries(
    harbour: Harbour, flushed: None
) -> None:
    harbour.begin("web", *WEB)
    assert harbour.from_outside(8080) == f"{harbour.gateway('web')} web"


def test_the_port_stays_taken_on_the_machine(harbour: Harbour) -> None:
    harbour.begin("web", *WEB)
    second = harbour.lab("run", "--rm", *WEB, "busybox", "true")
    assert second.error == "Bind for 0.0.0.0:8080 failed: port is already allocated"
    assert "Container web has it" in second.hint


def test_the_rule_is_told_as_an_act(harbour: Harbour) -> None:
    harbour.begin("web", *WEB)
    said = harbour.lab("acts", "web").out
    to = harbour.address("web")
    assert (
        f"published ip saddr != {to} tcp dport 8080 counter dnat ip to {to}:80" in said
    )


def test_the_picture_counts_the_connections(harbour: Harbour) -> None:
    harbour.begin("web", *WEB)
    for _ in range(3):
        harbour.from_outside(8080)
    drawn = harbour.lab("net").out
    assert "0.0.0.0:8080 → 80/tcp (dnat, 3 connections)" in drawn
    assert ":::8080 → 80/tcp (porter)" in drawn
