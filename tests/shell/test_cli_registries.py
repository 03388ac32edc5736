"""`lab pull`, `push`, `login`, `logout`, `manifest`, run's --pull: words and codes."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.conformance import registries
from tests.registries import Handler, Scripted, tar_of
from tests.shell.lines import Lab

pytestmark = pytest.mark.require("root", "overlay")
NOBODY = "127.0.0.1:1"  # a registry that nobody is


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A registry with the image x:1, which does not run: it is not for this machine."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    with Scripted() as registry:
        registry.add_image("1", tar_of({"a": b"x"}), seed=str(tmp_path))
        registry.manifests["latest"] = registry.manifests["1"]
        yield registry


def test_pull_prints_dockers_lines_and_the_full_name(
    lab: Lab, registry: Scripted
) -> None:
    done = lab("pull", f"{registry.host}/x")
    layer = done.lines[2].partition(":")[0]
    assert done.code == 0
    assert done.lines[:3] == [
        "Using default tag: latest",
        "latest: Pulling from x",
        f"{layer}: Pulling fs layer",
    ]
    assert done.lines[-2:] == [
        f"Status: Downloaded newer image for {registry.host}/x:latest",
        f"{registry.host}/x:latest",
    ]
    again = lab("pull", "-q", f"{registry.host}/x:1")
    assert (again.code, again.out, again.err) == (0, f"{registry.host}/x:1\n", "")


def test_images_shows_the_digest_that_the_registry_knows(
    lab: Lab, registry: Scripted
) -> None:
    name = f"{registry.host}/x"
    digest = lab("pull", f"{name}:1").lines[-3].removeprefix("Digest: ")
    rows = lab(
        "images", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}"
    )
    assert f"{name} 1 {digest}" in rows.lines
    lab("pull", f"{name}@{digest}")
    assert f"Untagged: {name}@{digest}" in lab("rmi", f"{name}:1").lines


def test_run_fetches_what_is_missing_and_says_so_on_stderr(
    lab: Lab, registry: Scripted
) -> None:
    name = f"{registry.host}/x:1"
    done = lab("create", "--network", "none", name, "/a")
    assert done.code == 0
    assert len(done.out.strip()) == 64
    assert done.err.splitlines()[:2] == [
        f"Unable to find image '{name}' locally",
        "1: Pulling from x",
    ]
    assert lab("create", "--network", "none", name, "/a").err == ""
    lab("rmi", "-f", name)
    quiet = lab("create", "--network", "none", "-q", name, "/a")
    assert quiet.err == f"Unable to find image '{name}' locally\n"


def test_run_asks_the_registry_always_or_never_if_it_is_told_to(
    lab: Lab, registry: Scripted
) -> None:
    name = f"{registry.host}/x:1"
    never = lab("run", "--pull", "never", name)
    assert (never.code, never.error) == (125, f"No such image: {name}")
    assert registry.asked == []
    assert lab("create", "--pull", "always", "--network", "none", name, "/a").code == 0
    assert lab("create", "--pull=always", "--network", "none", name, "/a").code == 0
    assert len(registry.asked_for("/manifests/1")) == 2


def test_run_without_a_network_says_which_registry_and_what_to_do(lab: Lab) -> None:
    name = "registry.invalid"  # no name server knows this domain
    done = lab("run", f"{name}/busybox")
    assert done.code == 125
    assert f"No such image: {name}/busybox:latest, and registry {name} could " in (
        done.error
    )
    assert "`lab run busybox`" in done.hint
    assert "`lab load`" in done.hint


def test_build_fetches_its_base_and_asks_again_with_pull(
    lab: Lab, registry: Scripted
) -> None:
    text = f"FROM {registry.host}/x:1\nLABEL a=b\n".encode()
    done = lab("build", "-", stdin=text)
    assert done.code == 0, done.err
    assert "1: Pulling from x" in done.lines
    assert "Pulling" not in lab("build", "-", stdin=text).out
    assert "Status: Image is up to date" in lab("build", "--pull", "-", stdin=text).out


def test_push_to_where_nobody_is_fails_with_the_registrys_name(lab: Lab) -> None:
    lab("tag", "busybox", f"{NOBODY}/me/box")
    done = lab("push", f"{NOBODY}/me/box")
    assert done.code == 1
    assert done.lines == [
        "Using default tag: latest",
        f"The push refers to repository [{NOBODY}/me/box]",
        *[line for line in done.lines if line.endswith(": Preparing")],
    ]
    assert f"registry {NOBODY} could not be reached" in done.error
    assert "lab registry serve" in done.hint


def test_push_to_a_registry_that_is_read_only_says_so(lab: Lab, tmp_path: Path) -> None:
    with registries.ours(tmp_path / "registry", "--read-only") as server:
        name = f"{server.address}/me/box"
        lab("tag", "busybox", name)
        done = lab("push", name)
    assert done.code == 1
    assert "this registry is read-only (405 Method Not Allowed" in done.error
    assert "without --read-only" in done.hint


def test_manifest_inspect_shows_what_the_registry_has(
    lab: Lab, registry: Scripted
) -> None:
    raw = registry.manifests["1"][1]
    done = lab("manifest", "inspect", f"{registry.host}/x:1")
    assert json.loads(done.out) == json.loads(raw)
    assert lab("manifest", "inspect", "--json", f"{registry.host}/x:1").out == (
        raw.decode()
    )


def asks_who(handler: Handler) -> bool:
    """A rule: only "me" with "s3cret" is let in."""
    wanted = base64.b64encode(b"me:s3cret").decode()
    if handler.headers.get("Authorization") == f"Basic {wanted}":
        return False
    handler.send(401, WWW_Authenticate='Basic realm="x"')
    return True


def test_login_reads_the_password_from_a_pipe_and_keeps_it(
    lab: Lab, registry: Scripted, tmp_path: Path
) -> None:
    registry.rules.append(asks_who)
    words = ("login", "-u", "me", "--password-stdin", registry.host)
    wrong = lab(*words, stdin=b"guess\n")
    assert wrong.code == 1
    assert "failed with status: 401 Unauthorized" in wrong.error
    done = lab(*words, stdin=b"s3cret\n")
    assert (done.code, done.out) == (0, "Login Succeeded\n")
    assert "stored unencrypted in" in done.err
    assert (tmp_path / "docker" / "config.json").stat().st_mode & 0o777 == 0o600
    assert lab("pull", "-q", f"{registry.host}/x:1").code == 0
    out = lab("logout", registry.host)
    assert out.out == f"Removing login credentials for {registry.host}\n"
    assert lab("logout", registry.host).out == f"Not logged in to {registry.host}\n"
    denied = lab("pull", f"{registry.host}/x:1")
    assert denied.code == 1
    assert f"401 Unauthorized from {registry.host}, repository x" in denied.error
    assert f"lab login {registry.host}" in denied.hint


def test_a_password_on_the_command_line_is_warned_of(
    lab: Lab, registry: Scripted
) -> None:
    registry.rules.append(asks_who)
    done = lab("login", "-u", "me", "-p", "s3cret", registry.host)
    assert done.code == 0
    assert "WARNING! Using --password via the CLI is insecure." in done.err


def test_ctrl_d_at_a_question_of_login_ends_it(lab: Lab) -> None:
    program, *words = lab.command("login", NOBODY)
    child = pexpect.spawn(program, words, timeout=20, encoding="utf-8")
    child.expect("Username: ")
    child.sendeof()
    child.expect("Error: nothing was typed")
    child.expect(pexpect.EOF)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("login", NOBODY),
            "Cannot perform an interactive login from a non TTY device",
        ),
        (("login", "--password-stdin", NOBODY), "Must provide --username"),
        (
            ("login", "-u", "a", "-p", "b", "--password-stdin", NOBODY),
            "mutually exclusive",
        ),
        (("login", "-u", "a", "-p", "b", "no/registry"), "is no registry"),
        (("pull", "-a", "x:1"), "tag can't be used with --all-tags/-a"),
        (("push", "nosuch"), "An image does not exist locally with the tag: nosuch"),
        (("pull", "Upper"), "repository name must be lowercase"),
    ],
)
def test_what_makes_no_sense_is_refused(
    lab: Lab, words: tuple[str, ...], told: str
) -> None:
    done = lab(*words)
    assert done.code == 1
    assert told in done.error
