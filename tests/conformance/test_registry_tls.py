"""TLS with an authority of one's own, end to end: on our registry and on Docker's.

Each line of `lab` runs in a mount namespace of its own, in which /etc is an overlay: so
the certificates lie where they lie on a student's machine, box.example.org is a name of
this one, and the machine's own /etc is not touched.
"""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.benchmarks import rivals
from tests.conformance import registries
from tests.conformance.registries import Server
from tests.shell.lines import Done, Lab

pytestmark = pytest.mark.require("root", "overlay", "openssl", "docker-registry")
NAME, ALIAS = "box.example.org", "other.example.org"
OVERLAY = 'mount -t overlay overlay -o "$1" /etc; shift; exec "$@"'


class Authority:
    """Vouches for others, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory
        self.certificate, self._key = self._make("ca", "-subj", "/CN=our own")

    def vouch(self, who: str, *more: str) -> tuple[Path, Path]:
        """A certificate for a name, and its key."""
        ours = ["-CA", str(self.certificate), "-CAkey", str(self._key)]
        return self._make(who, "-subj", f"/CN={who}", *ours, *more)

    def _make(self, who: str, *more: str) -> tuple[Path, Path]:
        files = [self._directory / f"{who}.{end}" for end in ("crt", "key")]
        rivals.run(
            *["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"],
            *["-pkeyopt", "ec_paramgen_curve:prime256v1"],
            *["-out", str(files[0]), "-keyout", str(files[1]), *more],
        )
        return files[0], files[1]


class Client(Lab):
    """`lab` with an /etc of its own, and a plain configuration."""

    def __init__(self, root: Path, directory: Path) -> None:
        super().__init__(root)
        self.etc, self._work = directory / "etc", directory / "work"
        for made in (self.etc, self._work):
            made.mkdir()
        hosts = Path("/etc/hosts").read_text()
        (self.etc / "hosts").write_text(f"{hosts}\n127.0.0.1 {NAME} {ALIAS}\n")

    def command(self, *words: str) -> list[str]:
        """The line, with what has to be done before."""
        layers = f"lowerdir=/etc,upperdir={self.etc},workdir={self._work}"
        before = ["unshare", "--mount", "sh", "-ec", OVERLAY, "sh", layers]
        return [*before, "env", "-u", "LABSHELL_CONFIG", *super().command(*words)]

    def believes(self, host: str, **files: Path) -> None:
        """Put files into the registry's directory; `ca_crt` is called ca.crt there."""
        place = self.etc / "labshell" / "certs.d" / host
        place.mkdir(parents=True, exist_ok=True)
        for name, source in files.items():
            shutil.copy(source, place / name.replace("_", "."))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def client(fresh_root: Path, tmp_path: Path) -> Client:
    client = Client(fresh_root, tmp_path)
    assert client("images").code == 0  # the base image is made
    return client


def serve(
    who: str, directory: Path, authority: Authority
) -> AbstractContextManager[Server]:
    certificate, key = authority.vouch(NAME, "-addext", f"subjectAltName=DNS:{NAME}")
    if who == "ours":
        options = ["--tls-cert", str(certificate), "--tls-key", str(key)]
        return registries.ours(directory, *options)
    files = f"certificate: {certificate}, key: {key}"
    return registries.dockers(directory, http=f"tls: {{{files}}}")


@pytest.fixture(params=["ours", "dockers"])
def host(
    request: pytest.FixtureRequest, tmp_path: Path, authority: Authority
) -> Iterator[str]:
    """The address of a registry that speaks TLS, by its name."""
    with serve(request.param, tmp_path / "registry", authority) as server:
        yield f"{NAME}:{server.port}"


def push(client: Client, host: str) -> Done:
    done = client("tag", "busybox", f"{host}/shop:1")
    assert done.code == 0, done.err
    return client("push", f"{host}/shop:1")


def test_who_knows_the_authority_pushes_and_pulls(
    client: Client, host: str, authority: Authority
) -> None:
    client.believes(host, ca_crt=authority.certificate)
    pushed = push(client, host)
    assert pushed.code == 0, pushed.err
    digest = pushed.lines[-1].split()[2]
    assert client("rmi", f"{host}/shop:1").code == 0
    pulled = client("pull", f"{host}/shop:1")
    assert f"Digest: {digest}" in pulled.lines, pulled.err


def test_where_docker_keeps_authorities_lab_finds_them(
    client: Client, host: str, authority: Authority
) -> None:
    place = client.etc / "docker" / "certs.d" / host
    place.mkdir(parents=True)
    shutil.copy(authority.certificate, place / "ca.crt")
    assert push(client, host).code == 0


@pytest.mark.parametrize("known", ["none", "another"])
def test_who_does_not_know_the_authority_is_told_where_to_put_it(
    client: Client, host: str, tmp_path: Path, known: str
) -> None:
    if known == "another":
        other = Authority(tmp_path / "another")
        client.believes(host, ca_crt=other.certificate)
    done = push(client, host)
    assert done.code == 1
    assert f"registry {host} could not be reached" in done.error
    assert "certificate verify failed" in done.error
    assert f"goes to /etc/labshell/certs.d/{host}/ca.crt" in done.hint


def test_a_certificate_for_another_name_is_not_believed(
    client: Client, host: str, authority: Authority
) -> None:
    alias = host.replace(NAME, ALIAS)
    client.believes(alias, ca_crt=authority.certificate)
    done = push(client, alias)
    assert (done.code, "Hostname mismatch" in done.error) == (1, True)
    assert "Its certificate is for another name" in done.hint


def test_a_damaged_certificate_is_named(client: Client, host: str) -> None:
    place = client.etc / "damaged"
    place.write_text("no certificate\n")
    client.believes(host, ca_crt=place)
    done = push(client, host)
    assert done.error.startswith(f"/etc/labshell/certs.d/{host}/ca.crt: ")
    assert done.hint


def test_docker_registry_may_ask_for_a_certificate_of_the_client(
    client: Client, authority: Authority, tmp_path: Path
) -> None:
    certificate, key = authority.vouch(NAME, "-addext", f"subjectAltName=DNS:{NAME}")
    mine, mine_key = authority.vouch("ada", "-addext", "extendedKeyUsage=clientAuth")
    asks = f"certificate: {certificate}, key: {key}"
    asks += f", clientcas: [{authority.certificate}]"
    with registries.dockers(tmp_path / "registry", http=f"tls: {{{asks}}}") as server:
        host = f"{NAME}:{server.port}"
        client.believes(host, ca_crt=authority.certificate)
        refused = push(client, host)
        assert refused.code == 1
        assert f"/etc/labshell/certs.d/{host}/client.cert" in refused.hint
        client.believes(host, client_cert=mine, client_key=mine_key)
        done = push(client, host)
        assert done.code == 0, done.err
