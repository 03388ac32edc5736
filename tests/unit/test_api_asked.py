"""What clients send as JSON, as the engine takes it. Nothing is looked up for it."""

from typing import Any

import pytest

from engine.api.asked.container import container_options
from engine.api.asked.limits import update_options
from engine.engine import Healthcheck, RestartPolicy
from engine.errors import InvalidArgument

BUSYBOX = {"Image": "busybox"}


def said(data: dict[str, Any]) -> dict[str, Any]:
    """What was asked for beyond an image, as config.json would have it."""
    options = container_options({**BUSYBOX, **data}).to_json()
    assert options.pop("image") == "busybox"
    return options


def of_host(data: dict[str, Any]) -> dict[str, Any]:
    found = said({"HostConfig": data})
    assert found.pop("detached") is True
    return {k: v for k, v in found.items() if (k, v) != ("network", "bridge")}


# What the docker command sends for `docker create -i busybox`, but for empty fields.
NOTHING_SAID = {
    "Hostname": "",
    "AttachStdin": True,
    "AttachStdout": True,
    "AttachStderr": True,
    "OpenStdin": True,
    "StdinOnce": True,
    "Env": None,
    "Cmd": None,
    "Entrypoint": None,
    "Labels": {},
    "Volumes": {},
    "HostConfig": {
        "Binds": None,
        "LogConfig": {"Type": "", "Config": {}},
        "NetworkMode": "default",
        "PortBindings": {},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "CapAdd": None,
        "PidMode": "",
        "Memory": 0,
        "NanoCpus": 0,
        "MemorySwappiness": -1,
        "OomKillDisable": False,
        "PidsLimit": 0,
        "Ulimits": [],
    },
    "NetworkingConfig": {"EndpointsConfig": {"default": {"Aliases": None}}},
}


def test_nothing_masked_is_what_docker_sends_for_system_paths_unconfined() -> None:
    asked = {"SecurityOpt": ["no-new-privileges"], "MaskedPaths": []}
    opened = {**asked, "ReadonlyPaths": []}
    assert of_host(asked) == {"security_options": ["no-new-privileges"]}
    assert of_host(opened) == {
        "security_options": ["no-new-privileges", "systempaths=unconfined"]
    }


def test_what_says_nothing_is_passed_over() -> None:
    assert said(NOTHING_SAID) == {"interactive": True, "network": "bridge"}


@pytest.mark.parametrize(
    ("data", "command", "entrypoint"),
    [
        ({"Cmd": "ls -l"}, ("ls -l",), None),
        ({"Cmd": ["ls", "-l"]}, ("ls", "-l"), None),
        ({"Cmd": [], "Entrypoint": None}, (), None),
        ({"Cmd": ["ls"], "Entrypoint": "sh"}, ("ls",), ("sh",)),
        ({"Cmd": ["ls"], "Entrypoint": []}, ("ls",), ()),
        ({"Cmd": ["ls"], "Entrypoint": [""]}, ("ls",), ("",)),
    ],
)
def test_a_command_is_a_text_or_a_list(
    data: dict[str, Any], command: tuple[str, ...], entrypoint: tuple[str, ...] | None
) -> None:
    options = container_options({**BUSYBOX, **data})
    assert (options.command, options.entrypoint) == (command, entrypoint)


@pytest.mark.parametrize(
    ("data", "once", "shown"),
    [
        ({"OpenStdin": True, "StdinOnce": True}, True, ("stdout", "stderr")),
        ({"OpenStdin": True}, False, ()),  # run -di
        ({}, False, ()),  # run -d
        ({"AttachStdout": True, "AttachStderr": True}, False, ("stdout", "stderr")),
        ({"AttachStderr": True}, False, ("stderr",)),
    ],
)
def test_who_attaches_decides_what_the_end_of_the_input_means(
    data: dict[str, Any], once: bool, shown: tuple[str, ...]
) -> None:
    options = container_options({**BUSYBOX, **data})
    assert options.stdin_once is once
    assert tuple(name for name in ("stdout", "stderr") if options.shows(name)) == shown


def test_the_program_has_its_surroundings() -> None:
    data = {
        "Env": ["A=b"],
        "Labels": {"team": "x"},
        "User": "1:2",
        "WorkingDir": "/srv",
        "Hostname": "web",
        "Domainname": "lan",
        "Tty": True,
        "StopSignal": "INT",
        "StopTimeout": 3,
        "AttachStdout": True,
        "AttachStderr": True,
    }
    assert said(data) == {
        "environment": ["A=b"],
        "labels": {"team": "x"},
        "user": "1:2",
        "working_directory": "/srv",
        "hostname": "web",
        "domainname": "lan",
        "tty": True,
        "stop_signal": "INT",
        "stop_timeout": 3,
        "network": "bridge",
    }


def test_health_is_asked_for_in_nanoseconds() -> None:
    check = {"Test": ["CMD-SHELL", "true"], "Interval": 10**9, "Retries": 2}
    options = container_options({**BUSYBOX, "Healthcheck": check})
    wanted = Healthcheck(test=("CMD-SHELL", "true"), interval=10**9, retries=2)
    assert options.health == wanted


@pytest.mark.parametrize(
    ("mount", "option"),
    [
        (
            {"Type": "bind", "Source": "/a,b", "Target": "/c", "ReadOnly": True},
            'type=bind,target=/c,"source=/a,b",readonly',
        ),
        (
            {
                "Type": "volume",
                "Source": "data",
                "Target": "/d",
                "VolumeOptions": {
                    "NoCopy": True,
                    "Labels": {"a": "b"},
                    "DriverConfig": {"Name": "local", "Options": {"type": "tmpfs"}},
                },
            },
            "type=volume,target=/d,source=data,volume-nocopy,volume-label=a=b,"
            "volume-driver=local,volume-opt=type=tmpfs",
        ),
        (
            {
                "Type": "tmpfs",
                "Target": "/t",
                "TmpfsOptions": {"SizeBytes": 4096, "Mode": 0o1770},
            },
            "type=tmpfs,target=/t,tmpfs-size=4096,tmpfs-mode=1770",
        ),
        (
            {
                "Type": "bind",
                "Source": "/a",
                "Target": "/b",
                "BindOptions": {"Propagation": "rprivate", "NonRecursive": True},
            },
            "type=bind,target=/b,source=/a,bind-propagation=rprivate,bind-nonrecursive",
        ),
    ],
)
def test_a_mount_is_put_together_again(mount: dict[str, Any], option: str) -> None:
    assert of_host({"Mounts": [mount]}) == {"mounts": [option]}


def test_volumes_without_a_name_are_what_is_mounted_by_nothing_else() -> None:
    data = {
        "Volumes": {"/cache": {}, "/d": {}, "/t": {}},  # as docker-py sends it
        "HostConfig": {
            "Binds": ["data:/d:ro"],
            "Tmpfs": {"/t": "size=1m", "/u": ""},
            "VolumesFrom": ["box:ro"],
            "ReadonlyRootfs": True,
            "ShmSize": 4096,
        },
    }
    found = said(data)
    assert found["volumes"] == ["data:/d:ro", "/cache"]
    assert found["tmpfs"] == ["/t:size=1m", "/u"]
    assert found["volumes_from"] == ["box:ro"]
    assert (found["read_only"], found["shm_size"]) == (True, 4096)


def test_a_port_is_published_as_p_would_have_it() -> None:
    bindings = {
        "80/tcp": [
            {"HostIp": "", "HostPort": "8080"},
            {"HostIp": "127.0.0.1", "HostPort": ""},
            {"HostIp": "::1", "HostPort": "8081-8082"},
        ],
        "53/udp": [{}],
        "90/tcp": None,
    }
    found = of_host({"PortBindings": bindings, "PublishAllPorts": True})
    assert found == {
        "ports": [
            "8080:80/tcp",
            "127.0.0.1::80/tcp",
            "[::1]:8081-8082:80/tcp",
            "53/udp",
        ],
        "publish_all": True,
    }


@pytest.mark.parametrize("mode", ["front", "default"])
def test_an_endpoint_says_what_is_wanted_in_the_network(mode: str) -> None:
    endpoint = {
        "Aliases": ["web"],
        "IPAMConfig": {"IPv4Address": "10.1.2.3"},
        "MacAddress": "02:42:ac:11:00:02",
    }
    found = said(
        {
            "ExposedPorts": {"80/tcp": {}},
            "HostConfig": {"NetworkMode": mode, "Dns": ["10.0.0.1"]},
            "NetworkingConfig": {"EndpointsConfig": {"front": endpoint}},
        }
    )
    assert found == {
        "detached": True,
        "network": "front",
        "network_aliases": ["web"],
        "ip": "10.1.2.3",
        "mac_address": "02:42:ac:11:00:02",
        "exposed": ["80/tcp"],
        "dns": ["10.0.0.1"],
    }


def test_walls_are_opened_one_by_one() -> None:
    asked = {
        "Privileged": True,
        "CapAdd": ["NET_ADMIN"],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "GroupAdd": ["7"],
        "PidMode": "host",
        "IpcMode": "shareable",
        "UTSMode": "host",
        "CgroupnsMode": "host",
        "UsernsMode": "host",
        "DeviceCgroupRules": ["c 1:3 rwm"],
        "Sysctls": {"net.core.somaxconn": "10"},
        "Devices": [{"PathOnHost": "/dev/null"}],
    }
    assert of_host(asked) == {
        "privileged": True,
        "capabilities_add": ["NET_ADMIN"],
        "capabilities_drop": ["ALL"],
        "security_options": ["no-new-privileges"],
        "groups_add": ["7"],
        "pid": "host",
        "ipc": "shareable",
        "uts": "host",
        "cgroup_namespace": "host",
        "user_namespace": "host",
        "device_rules": ["c 1:3 rwm"],
        "sysctls": {"net.core.somaxconn": "10"},
        "devices": ["/dev/null:/dev/null:rwm"],
    }


LIMITS = {
    "Memory": 64 << 20,
    "MemorySwap": -1,
    "NanoCpus": 1_500_000_000,
    "CpuShares": 512,
    "CpusetCpus": "0",
    "BlkioWeight": 0,
    "PidsLimit": 100,
}
LIMITED = {
    "memory": 64 << 20,
    "memory_swap": -1,
    "cpus": 1.5,
    "cpu_shares": 512,
    "cpuset_cpus": "0",
    "pids_limit": 100,
}


def test_limits_are_asked_for_at_first_or_later() -> None:
    assert of_host(LIMITS) == update_options(LIMITS).given() == LIMITED


def test_no_limit_of_processes_is_a_change_but_no_wish() -> None:
    assert update_options({"PidsLimit": 0}).given() == {"pids_limit": -1}
    assert of_host({"PidsLimit": -1}) == {}


def test_what_only_a_new_container_is_asked() -> None:
    limits = {
        "MemorySwappiness": 0,
        "OomKillDisable": True,
        "OomScoreAdj": -500,
        "CgroupParent": "/team",
        "Ulimits": [{"Name": "nofile", "Soft": 20, "Hard": 30}],
        "Init": True,
        "AutoRemove": True,
        "LogConfig": {"Type": "local", "Config": {"max-size": "1m"}},
    }
    assert of_host(limits) == {
        "memory_swappiness": 0,
        "oom_kill_disable": True,
        "oom_score_adj": -500,
        "cgroup_parent": "/team",
        "ulimits": ["nofile=20:30"],
        "init": True,
        "auto_remove": True,
        "log_driver": "local",
        "log_options": {"max-size": "1m"},
    }


def test_a_restart_policy_has_a_name_and_a_number() -> None:
    policy = {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}
    wanted = RestartPolicy(name="on-failure", maximum=3)
    assert update_options(policy).restart == wanted
    assert container_options({**BUSYBOX, "HostConfig": policy}).restart == wanted
    assert update_options({"RestartPolicy": {"Name": ""}}).restart is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"Cmd": 1}, "Cmd is not a list"),
        ({"Cmd": [1]}, "Cmd is not a list of strings"),
        ({"Env": {"A": "b"}}, "Env is not a list"),
        ({"Labels": {"a": 1}}, "Labels is not an object of strings"),
        ({"Tty": "yes"}, "Tty is not true or false"),
        ({"StopTimeout": "3"}, "StopTimeout is not a number"),
        ({"HostConfig": []}, "HostConfig is not an object"),
        ({"HostConfig": {"Memory": "64m"}}, "HostConfig.Memory is not a number"),
        ({"HostConfig": {"Memory": 1 << 70}}, "HostConfig.Memory is not a number"),
        ({"HostConfig": {"Mounts": ["x"]}}, r"HostConfig.Mounts\[0\] is not an object"),
        (
            {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": 80}]}}},
            r"HostConfig.PortBindings.80/tcp\[0\].HostPort is not a string",
        ),
        (
            {"NetworkingConfig": {"EndpointsConfig": {"a": {}, "b": {}}}},
            "Container cannot be connected to network endpoints: a, b",
        ),
        ({"HostConfig": {"Links": ["a:b"]}}, "links are not supported"),
        ({"HostConfig": {"DeviceRequests": [{}]}}, "could not select device driver"),
        ({"Healthcheck": {"Test": ["X"]}}, "Unknown healthcheck type 'X'"),
        ({"Image": ""}, "no image is named"),
    ],
)
def test_what_is_of_the_wrong_kind_is_refused_by_name(
    data: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidArgument, match=words):
        container_options({**BUSYBOX, **data})


def test_what_nobody_knows_is_passed_over() -> None:
    assert of_host({"Annotations": {"a": "b"}, "ConsoleSize": [1, 2]}) == {}
