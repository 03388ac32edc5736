"""Networks of containers: who reaches whom, under which address."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Container, ContainerOptions, Engine
from engine.errors import Conflict, EngineError, InvalidArgument, NotFound
from tests.engine.boxes import LASTS, Box, until

pytestmark = pytest.mark.require("root", "overlay", "nft")
OUTSIDE = f"198.18.{os.getpid() % 250}"  # others may run the same test
ADDRESSES = "ip -4 -o addr show eth0 | awk '{print $4}'"


@pytest.fixture
def front(engine: Engine) -> Iterator[str]:
    """A network, removed after the test."""
    yield engine.create_network("front").name
    remove_networks(engine)


def remove_networks(engine: Engine) -> None:
    for container in engine.containers(all=True):
        engine.remove(container.id, force=True)
    engine.prune_networks()


def settings(container: Container) -> dict[str, object]:
    return json.loads((container.directory / "network.json").read_text())


def address(container: Container, network: int = 0) -> str:
    return str(settings(container)["endpoints"][network]["address"])  # type: ignore[index]  # JSON


def reaches(box: Box, container: Container, target: str) -> bool:
    ping = ("ping", "-c1", "-W1", target)
    return box.execute(container.id, *ping).code == 0


def links(engine: Engine) -> set[str]:
    """The machine's interfaces that are this engine's, but not its bridges."""
    names = os.listdir("/sys/class/net")
    tag = engine._house.place.tag
    return {name for name in names if name.startswith(f"lv{tag}")}


def test_a_container_on_the_bridge_has_an_address_and_a_way_out(box: Box) -> None:
    done = box.run("sh", "-c", f"{ADDRESSES}; ip route", network="bridge")
    bridge = box.engine.network("bridge")
    assert done.lines[0].endswith(f"/{bridge.prefix}")
    assert f"default via {bridge.gateway} dev eth0" in done.out


def test_it_finds_its_own_name_in_its_hosts_file(box: Box) -> None:
    container = box.begin(network="bridge", hostname="harbour")
    hosts = box.execute(container.id, "cat", "/etc/hosts").lines
    assert hosts[-1] == f"{address(container)}\tharbour"


def test_containers_on_one_network_reach_each_other_and_the_machine(
    box: Box, front: str
) -> None:
    one, other = box.begin(network=front), box.begin(network=front)
    assert reaches(box, one, address(other))
    assert reaches(box, one, box.engine.network(front).gateway)


def test_containers_on_two_networks_do_not(box: Box, front: str) -> None:
    one, other = box.begin(network=front), box.begin(network="bridge")
    assert not reaches(box, one, address(other))
    assert not reaches(box, other, address(one))


def test_an_internal_network_leads_nowhere(box: Box, front: str, outside: str) -> None:
    """Not even for a program that gives itself a way out."""
    box.engine.create_network("back", internal=True)
    container = box.begin(network="back", capabilities_add=("NET_ADMIN",))
    assert box.execute(container.id, "ip", "route").out.count("\n") == 1
    gateway = box.engine.network("back").gateway
    box.execute(container.id, "ip", "route", "add", "default", "via", gateway)
    assert reaches(box, container, gateway)
    assert not reaches(box, container, outside)


def test_what_leaves_the_machine_has_the_machines_address(
    box: Box, front: str, outside: str
) -> None:
    """A namespace with a veth to the machine is all that the outside is."""
    done = box.run("sh", "-c", f"nc {outside} 7 </dev/null", network=front)
    assert done.out == f"{OUTSIDE}.1\n"


@pytest.fixture
def outside(engine: Engine) -> Iterator[str]:
    """A host beyond the machine, which tells who asks: its address."""
    if engine.hindrances():
        pytest.skip("rules of others keep containers from the outside")
    name, link = f"lab-test-{os.getpid()}", f"lt{os.getpid()}"
    ip = ["ip", "-n", name]
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        pair = ["ip", "link", "add", link, "type", "veth", "peer", "out", "netns", name]
        subprocess.run(pair, check=True)
        subprocess.run(
            ["ip", "addr", "add", f"{OUTSIDE}.1/30", "dev", link], check=True
        )
        subprocess.run(["ip", "link", "set", link, "up"], check=True)
        subprocess.run(
            [*ip, "addr", "add", f"{OUTSIDE}.2/30", "dev", "out"], check=True
        )
        subprocess.run([*ip, "link", "set", "out", "up"], check=True)
        code = (
            "import socket\n"
            "s = socket.create_server(('', 7)); print('ready', flush=True)\n"
            "while True: c, a = s.accept(); c.sendall(f'{a[0]}\\n'.encode()); c.close()"
        )
        server = subprocess.Popen(
            ["ip", "netns", "exec", name, "python3", "-c", code],
            stdout=subprocess.PIPE,
        )
        assert server.stdout
        server.stdout.readline()
        yield f"{OUTSIDE}.2"
        server.kill()
        server.wait()
        server.stdout.close()
    finally:
        subprocess.run(["ip", "link", "delete", link], check=True)
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_an_address_and_a_hardware_address_can_be_asked_for(box: Box) -> None:
    box.engine.create_network("fixed", subnet="10.211.0.0/24")
    mac = "02:00:00:00:00:07"
    asked = {"network": "fixed", "ip": "10.211.0.77", "mac_address": mac}
    done = box.run("ip", "addr", "show", "eth0", **asked)
    assert "inet 10.211.0.77/24" in done.out
    assert f"ether {mac}" in done.out
    container = box.begin(**asked)
    with pytest.raises(Conflict, match="Address already in use"):
        box.run("true", **asked)
    box.engine.remove(container.id, force=True)
    remove_networks(box.engine)


def test_addresses_come_from_the_range_and_are_given_back(box: Box) -> None:
    box.engine.create_network(
        "small", subnet="10.212.0.0/24", ip_range="10.212.0.32/31"
    )
    one, other = box.begin(network="small"), box.begin(network="small")
    assert {address(one), address(other)} == {"10.212.0.32", "10.212.0.33"}
    with pytest.raises(EngineError, match="no available IPv4 addresses"):
        box.run("true", network="small")
    box.engine.remove(one.id, force=True)
    assert box.run("true", network="small").code == 0
    box.engine.remove(other.id, force=True)
    remove_networks(box.engine)


def test_a_container_that_shares_anothers_network_has_its_address(
    box: Box, front: str
) -> None:
    other = box.begin(network=front, hostname="host-of-both")
    mode = f"container:{other.name}"
    done = box.run("sh", "-c", f"{ADDRESSES}; hostname; cat /etc/hosts", network=mode)
    assert done.lines[0].startswith(f"{address(other)}/")
    assert done.lines[1] == "host-of-both"
    assert done.lines[-1] == f"{address(other)}\thost-of-both"


def test_an_address_is_nobodys_before_the_next_container_gets_it(
    box: Box, front: str
) -> None:
    owner = box.begin(*LASTS, name="owner", network=front)
    had = address(owner)
    sharer = box.begin(*LASTS, network="container:owner")
    box.engine.remove("owner", force=True)
    assert address(box.begin(*LASTS, network=front)) == had
    assert had not in box.execute(sharer.id, "ip", "-o", "address").out


def test_a_network_is_joined_and_left_while_a_container_runs(
    box: Box, front: str
) -> None:
    one, other = box.begin(network="bridge"), box.begin(network=front)
    assert not reaches(box, one, address(other))
    box.engine.connect(front, one.name, {"aliases": ("db",)})
    assert reaches(box, one, address(other))
    assert box.execute(one.id, "ip", "-o", "link").out.count(": eth") == 2
    box.engine.disconnect("bridge", one.name)
    default = box.execute(one.id, "ip", "route", "show", "default").out
    assert box.engine.network(front).gateway in default
    assert address(one) == address(one)
    box.engine.disconnect(front, one.name)
    assert "eth" not in box.execute(one.id, "ip", "-o", "link").out


def test_what_is_joined_while_it_does_not_run_is_there_after_the_start(
    box: Box, front: str
) -> None:
    container = box.create(*LASTS, network="bridge")
    box.engine.connect(front, container.name, {})
    with pytest.raises(Conflict, match="already exists in network front"):
        box.engine.connect(front, container.name, {})
    box.engine.start(container.id)
    assert box.execute(container.id, "ip", "-o", "link").out.count(": eth") == 2


def test_the_namespace_and_its_address_stay_over_a_restart_by_policy(
    box: Box, front: str
) -> None:
    from engine.engine import RestartPolicy

    container = box.begin(network=front, restart=RestartPolicy.parse("always"))
    before = settings(container)
    box.execute(container.id, "kill", "-9", "1")
    os.kill(container.state.pid, 9)
    until(lambda: box.engine.container(container.id).state.restarts == 1, "the restart")
    until(lambda: box.engine.container(container.id).running, "the second life")
    assert settings(container) == before
    assert box.execute(container.id, "sh", "-c", ADDRESSES).lines != []


def test_when_it_has_ended_nothing_of_its_network_is_left(box: Box, front: str) -> None:
    container = box.begin(network=front)
    pin = Path(str(settings(container)["namespace"]))
    assert pin.exists()
    box.engine.stop(container.id, 0)
    assert not pin.exists()
    assert not (container.directory / "network.json").exists()
    assert os.listdir(box.engine.root / "networks/front.leases") == []
    until(lambda: not links(box.engine), "the end of its interfaces")


def test_a_start_that_fails_leaves_nothing_of_its_network(box: Box, front: str) -> None:
    container = box.create("nosuch", network=front)
    with pytest.raises(EngineError):
        box.engine.start(container.id)
    assert not (container.directory / "network.json").exists()
    assert os.listdir(box.engine.root / "networks/front.leases") == []


def test_events_tell_of_networks_in_dockers_order(box: Box, front: str) -> None:
    container = box.create("true", network=front)
    box.foreground(container.id)
    until = time.time()
    stream = box.engine.events(since=0, until=until, filters={"type": ["network"]})
    told = [(event.action, event.attributes.get("name")) for event in stream]
    assert told[-3:] == [(a, front) for a in ("create", "connect", "disconnect")]
    lines = (box.engine.root / "events.jsonl").read_text().splitlines()
    actions = [json.loads(line)["Action"] for line in lines[-6:]]
    assert actions == ["create", "attach", "connect", "start", "die", "disconnect"]


def test_a_network_with_a_running_container_cannot_be_removed(
    box: Box, front: str
) -> None:
    box.begin(network=front)
    with pytest.raises(Conflict, match="has active endpoints"):
        box.engine.remove_network(front)
    assert box.engine.prune_networks() == []


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"name": "bridge"}, Conflict, "operation is not permitted on predefined"),
        ({"name": "front"}, Conflict, "network with name front already exists"),
        ({"name": "a/b"}, InvalidArgument, "invalid network name"),
        ({"name": "n", "subnet": "10.0.0.1/24"}, InvalidArgument, "invalid subnet"),
        ({"name": "n", "subnet": "fd00::/64"}, InvalidArgument, "IPv6"),
        ({"name": "n", "gateway": "10.0.0.1"}, InvalidArgument, "need a subnet"),
        (
            {"name": "n", "subnet": "10.213.0.0/24", "gateway": "10.9.0.1"},
            InvalidArgument,
            "no matching subnet for gateway 10.9.0.1",
        ),
        (
            {"name": "n", "subnet": "10.213.0.0/24", "ip_range": "10.9.0.0/24"},
            InvalidArgument,
            "no matching subnet for range",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    engine: Engine, front: str, asked: dict[str, str], error: type, words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        engine.create_network(**asked)  # type: ignore[arg-type]  # fields by name
    assert caught.value.hint
    assert {one.name for one in engine.networks()} == {
        "bridge",
        "front",
        "host",
        "none",
    }


def test_a_subnet_that_is_taken_is_refused(engine: Engine, front: str) -> None:
    with pytest.raises(Conflict, match="Pool overlaps with other one"):
        engine.create_network("other", subnet=engine.network(front).subnet)


def test_predefined_networks_stay(engine: Engine) -> None:
    with pytest.raises(Conflict, match="predefined default network"):
        engine.create_network("default")
    for name in ("bridge", "host", "none"):
        with pytest.raises(Conflict, match="pre-defined network and cannot be removed"):
            engine.remove_network(name)


def test_a_network_that_is_not_there_is_named(box: Box) -> None:
    with pytest.raises(NotFound, match="network nosuch not found"):
        box.create("true", network="nosuch")
    with pytest.raises(NotFound, match="network nosuch not found"):
        box.engine.remove_network("nosuch")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"ip": "10.0.0.9", "network": "bridge"}, "on user defined networks only"),
        ({"network_aliases": ("a",), "network": "bridge"}, "network-scoped alias"),
        ({"mac_address": "zz", "network": "bridge"}, "not a valid mac address"),
        ({"mac_address": "03:00:00:00:00:01", "network": "bridge"}, "not a valid mac"),
        ({"hostname": "x", "network": "container:y"}, "hostname and the network mode"),
        ({"network": ""}, "invalid --network"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    box: Box, asked: dict[str, object], words: str
) -> None:
    box.refuses(asked, words)


def test_a_stopped_container_leaves_a_network_that_is_gone(
    box: Box, front: str
) -> None:
    name = box.create("true", network=front).name
    box.engine.remove_network(front)
    with pytest.raises(NotFound):
        box.engine.start(name)
    box.engine.disconnect(front, name)
    assert box.engine.container(name).memberships == ()


def test_an_alias_that_is_no_name_is_refused_when_it_is_connected(
    box: Box, front: str
) -> None:
    name = box.create("true", network="bridge").name
    with pytest.raises(InvalidArgument, match="invalid network alias"):
        box.engine.connect(front, name, {"aliases": ("a b",)})


def test_two_engines_on_one_machine_have_networks_of_their_own(
    box: Box, fresh_root: Path
) -> None:
    other = Box(Engine(fresh_root))
    other.engine.image("busybox")
    mine, theirs = box.begin(network="bridge"), other.begin(network="bridge")
    one, two = box.engine.network("bridge"), other.engine.network("bridge")
    assert not one.block.overlaps(two.block)
    assert reaches(box, mine, one.gateway)
    assert reaches(other, theirs, two.gateway)


def test_bridges_that_are_gone_are_made_anew_by_the_next_start(
    box: Box, front: str
) -> None:
    """As after a restart of the machine: records stay, the kernel's things do not."""
    box.engine.close()
    tag = box.engine._house.place.tag
    assert not [n for n in os.listdir("/sys/class/net") if n.startswith(f"lb{tag}")]
    one, other = box.begin(network=front), box.begin(network=front)
    assert reaches(box, one, address(other))


def bridge_of(engine: Engine, network: str) -> str:
    options = engine.inspect_network(network)["Options"]
    return str(options["com.docker.network.bridge.name"])


def test_a_prune_takes_what_a_root_removed_by_hand_has_left(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "root")
    try:
        engine.create_network("lost")
        lost = bridge_of(engine, "lost")
        subprocess.run(["rm", "-r", *engine.root.iterdir()], check=True)
        engine = Engine(engine.root)
        engine.create_network("kept")
        engine.create(ContainerOptions(image="busybox", network="kept"))
        assert engine.prune_networks() == []
        links = {name for _, name in socket.if_nameindex()}
        assert lost not in links
        assert bridge_of(engine, "kept") in links
    finally:
        remove_networks(engine)
        engine.destroy()
