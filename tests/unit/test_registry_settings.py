"""daemon.json: mirrors and insecure registries; where a registry is reached."""

import ssl
import subprocess
from pathlib import Path

import pytest

from engine.errors import EngineError, InvalidArgument
from engine.registry import settings
from engine.registry.connection import is_public
from engine.registry.endpoints import endpoints, trust
from engine.registry.manifests import Platform
from engine.registry.settings import Settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file of this machine."""
    monkeypatch.setenv("LABSHELL_CONFIG", str(tmp_path / "daemon.json"))
    return tmp_path / "daemon.json"


def test_without_a_file_nothing_is_said(file: Path) -> None:
    assert settings.read() == Settings(directory=file.parent)


@pytest.mark.parametrize(
    "text",
    [
        "[",
        '{"registry-mirrors": "https://a.b"}',
        '{"registry-mirrors": ["a.b"]}',
        '{"registry-mirrors": ["https://a.b/path"]}',
        '{"registry-mirrors": ["https://user@a.b"]}',
        '{"registry-mirrors": ["file:///etc"]}',
        '{"insecure-registries": [5]}',
    ],
)
def test_a_file_that_is_wrong_is_an_error_that_names_it(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidArgument) as caught:
        settings.read()
    assert str(file) in caught.value.hint + caught.value.message


@pytest.mark.parametrize(
    ("host", "insecure"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.1.2.3", True),
        ("[::1]:5000", True),
        ("10.1.2.3:5000", True),
        ("11.1.2.3:5000", False),
        ("plain.lan:5000", True),
        ("plain.lan", False),
        ("name.lan:1", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("registry-1.docker.io", False),
    ],
)
def test_these_registries_are_insecure(host: str, insecure: bool) -> None:
    known = Settings(insecure=("10.0.0.0/8", "plain.lan:5000", "name.lan"))
    assert known.is_insecure(host) is insecure


def test_mirrors_stand_before_the_hub_and_nobody_else() -> None:
    known = Settings(mirrors=("https://m.example:444", "http://n.example"))
    hosts = [(e.host, e.schemes) for e in endpoints("docker.io", known, mirrors=True)]
    assert hosts == [
        ("m.example:444", ("https",)),
        ("n.example", ("http",)),
        ("registry-1.docker.io", ("https",)),
    ]
    assert [e.host for e in endpoints("r.lan", known, mirrors=True)] == ["r.lan"]
    assert len(endpoints("docker.io", known, mirrors=False)) == 1


def test_only_an_insecure_registry_may_speak_plainly() -> None:
    known = Settings(insecure=("plain.lan",))
    assert endpoints("r.lan", known, mirrors=True)[0].schemes == ("https",)
    assert endpoints("plain.lan", known, mirrors=True)[0].schemes == ("https", "http")


@pytest.mark.require("openssl")
def test_an_authority_of_certs_d_is_believed_for_its_registry_only(
    tmp_path: Path,
) -> None:
    place = tmp_path / "certs.d" / "r.lan:5000"
    place.mkdir(parents=True)
    make = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ca -days 1".split()
    files = ["-keyout", str(tmp_path / "key"), "-out", str(place / "ca.crt")]
    subprocess.run([*make, *files], check=True, capture_output=True)
    known = Settings(directory=tmp_path)
    believed = {host: trust(host, known) for host in ("r.lan:5000", "other.lan")}
    names = {h: "'ca'" in str(c.get_ca_certs()) for h, c in believed.items()}
    assert names == {"r.lan:5000": True, "other.lan": False}
    assert all(c.verify_mode == ssl.CERT_REQUIRED for c in believed.values())
    (place / "broken.crt").write_text("nothing")
    with pytest.raises(EngineError, match=r"broken\.crt"):
        trust("r.lan:5000", known)


@pytest.mark.parametrize(
    ("netloc", "public"),
    [
        ("127.0.0.1:5000", False),
        ("10.0.0.1", False),
        ("[fe80::1]", False),
        ("1.1.1.1", True),
    ],
)
def test_addresses_of_this_network_are_not_public(netloc: str, public: bool) -> None:
    assert is_public(netloc) is public


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("arm64", "linux/arm64"),
        ("linux/x86_64", "linux/amd64"),
        ("LINUX/AMD64", "linux/amd64"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_a_platform_is_read_as_docker_does(typed: str, meant: str) -> None:
    assert str(Platform.parse(typed)) == meant


@pytest.mark.parametrize("typed", ["linux/../x", "a b", "linux/arm 64"])
def test_a_platform_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(InvalidArgument, match="unknown operating system"):
        Platform.parse(typed)
