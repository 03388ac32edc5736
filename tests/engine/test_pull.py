"""Pull and push with a real registry, Debian's docker-registry on loopback."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.errors import EngineError, NotFound, RegistryError
from tests.conformance import registries
from tests.engine.transfers import Heard
from tests.registries import OCI, Scripted, digest_of, tar_of

pytestmark = pytest.mark.require("root", "overlay", "docker-registry")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry for the tests of this file; each has repositories of its own."""
    with registries.dockers(tmp_path_factory.mktemp("dockers") / "it") as server:
        yield server.address


def of_layers(engine: Engine, name: str, *contents: str) -> str:
    """An image with a layer for each text."""
    with Scripted() as source:
        layers = [tar_of({f"f{n}": c.encode()}) for n, c in enumerate(contents)]
        source.add_image("1", *layers)
        engine.pull(f"{source.host}/x:1", Heard())
        engine.tag(f"{source.host}/x:1", name)
        engine.remove_image(f"{source.host}/x:1")
    return name


def test_an_image_is_the_same_after_a_registry(
    engine: Engine, busybox: str, host: str, fresh_root: Path
) -> None:
    name = f"{host}/team/box:1"
    engine.tag(busybox, name)
    engine.push(name, Heard())
    ours, elsewhere = engine.image(name), Engine(fresh_root)
    pulled = elsewhere.pull(name, Heard())
    there = elsewhere.image(name)
    assert pulled.is_new
    assert (there.id, there.manifest_digest) == (ours.id, ours.manifest_digest)
    assert (there.size, there.layer_sizes) == (ours.size, ours.layer_sizes)
    called = (f"{host}/team/box@{ours.manifest_digest}",)
    assert there.repo_digests == engine.image(name).repo_digests == called
    assert elsewhere.inspect(name)["RepoDigests"] == list(called)


def test_what_is_told_are_dockers_words(
    engine: Engine, busybox: str, host: str, fresh_root: Path
) -> None:
    name, went, came, again = f"{host}/words:1", Heard(), Heard(), Heard()
    engine.tag(busybox, name)
    engine.push(name, went)
    layer, digest = (
        engine.image(name).config.diff_ids[0][7:19],
        (engine.image(name).manifest_digest),
    )
    assert went.lines[0] == f"The push refers to repository [{host}/words]"
    assert went.lines[1] == f"{layer}: Preparing"
    assert went.lines[-1].startswith(f"1: digest: {digest} size: ")
    elsewhere = Engine(fresh_root)
    elsewhere.pull(name, came)
    elsewhere.pull(name, again)
    assert came.lines == [
        "1: Pulling from words",
        f"{layer}: Pulling fs layer",
        f"{layer}: Verifying Checksum",
        f"{layer}: Download complete",
        f"{layer}: Extracting",
        f"{layer}: Pull complete",
        f"Digest: {digest}",
        f"Status: Downloaded newer image for {name}",
    ]
    assert again.lines[1:] == [
        f"Digest: {digest}",
        f"Status: Image is up to date for {name}",
    ]


def test_what_is_there_is_not_sent_again_and_next_door_it_is_mounted(
    engine: Engine, host: str
) -> None:
    first, second = f"{host}/sent/a:1", f"{host}/sent/b:1"
    of_layers(engine, first, "mounted 1", "mounted 2")
    engine.tag(first, second)
    new, again, mounted = Heard(), Heard(), Heard()
    engine.push(first, new)
    engine.push(first, again)
    engine.push(second, mounted)
    assert new.statuses("Pushed") == 2
    assert again.statuses("Layer already exists") == 2
    assert mounted.statuses("Mounted from sent/a") == 2


def test_a_layer_that_is_here_is_not_fetched_again(
    engine: Engine, host: str, fresh_root: Path
) -> None:
    of_layers(engine, f"{host}/shared:1", "below", "one")
    of_layers(engine, f"{host}/shared:2", "below", "two")
    engine.push_all(f"{host}/shared", Heard())
    elsewhere, heard = Engine(fresh_root), Heard()
    elsewhere.pull(f"{host}/shared:1", Heard())
    elsewhere.pull(f"{host}/shared:2", heard)
    assert heard.statuses("Already exists") == 1
    assert heard.statuses("Pulling fs layer") == 1


def test_all_tags_come_at_once(engine: Engine, host: str, fresh_root: Path) -> None:
    for tag in ("1", "2", "latest"):
        of_layers(engine, f"{host}/tags:{tag}", tag)
    engine.push_all(f"{host}/tags", Heard())
    elsewhere = Engine(fresh_root)
    pulled = elsewhere.pull_all(f"{host}/tags", Heard())
    assert sorted(str(one.reference.tag) for one in pulled) == ["1", "2", "latest"]
    assert elsewhere.image(f"{host}/tags:2").id == engine.image(f"{host}/tags:2").id


def test_an_image_is_pulled_by_its_digest_and_has_no_tag_then(
    engine: Engine, host: str, fresh_root: Path
) -> None:
    name = of_layers(engine, f"{host}/by/digest:1", "x")
    engine.push(name, Heard())
    by_digest = f"{host}/by/digest@{engine.image(name).manifest_digest}"
    elsewhere = Engine(fresh_root)
    elsewhere.pull(by_digest, Heard())
    there = elsewhere.image(by_digest)
    assert (there.references, there.repo_digests) == ((), (by_digest,))
    lines = elsewhere.remove_image(by_digest)
    assert lines[:2] == [f"Untagged: {by_digest}", f"Deleted: {there.id}"]
    with pytest.raises(NotFound):
        elsewhere.image(by_digest)


@pytest.mark.require("skopeo")
@pytest.mark.parametrize(
    "form",
    [
        ["--format", "v2s2"],
        ["--format", "v2s2", "--dest-compress-format", "gzip", "--dest-compress"],
        ["--format", "oci", "--dest-compress-format", "zstd", "--dest-compress"],
        ["--format", "oci", "--dest-compress-format", "gzip", "--dest-compress"],
    ],
    ids=lambda words: "-".join(word for word in words if not word.startswith("-")),
)
def test_every_form_that_skopeo_pushes_is_understood(
    engine: Engine, busybox: str, host: str, fresh_root: Path, form: list[str]
) -> None:
    there = f"{host}/forms/{'-'.join(w.strip('-') for w in form)}:1"
    source = f"oci:{engine.root}/images:busybox:latest"
    words = ["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false"]
    subprocess.run([*words, *form, source, f"docker://{there}"], check=True)
    elsewhere = Engine(fresh_root)
    elsewhere.pull(there, Heard())
    image, ours = elsewhere.image(there), engine.image(busybox)
    assert image.config.diff_ids == ours.config.diff_ids
    assert image.size == ours.size
    elsewhere.push(there, heard := Heard())  # the manifest goes back as it came
    assert heard.statuses("Layer already exists") == 1
    assert image.repo_digests == (f"{there[:-2]}@{image.manifest_digest}",)


def with_index(source: Scripted, tag: str) -> tuple[str, dict[str, str]]:
    """An index for three kinds of machine; its digest, and their layers' contents."""
    entries, contents = [], {}
    for machine in ("amd64", "arm64", "s390x"):
        contents[machine] = f"for {machine}"
        layer = tar_of({"machine": contents[machine].encode()})
        manifest = source.add_image(machine, layer, architecture=machine)
        raw = json.dumps(manifest).encode()
        entries.append(
            {
                "mediaType": f"{OCI}.manifest.v1+json",
                "digest": digest_of(raw),
                "size": len(raw),
                "platform": {"os": "linux", "architecture": machine},
            }
        )
    index = {"schemaVersion": 2, "manifests": entries}
    return source.add_manifest(tag, index, "index"), contents


def test_of_an_index_the_image_for_this_machine_or_for_a_platform_comes(
    engine: Engine,
) -> None:
    with Scripted() as source:
        digest, _ = with_index(source, "all")
        name = f"{source.host}/many:all"
        ours = engine.pull(name, Heard())
        assert engine.image(name).config.architecture == "amd64"
        assert ours.digest == digest != engine.image(name).manifest_digest
        assert engine.image(f"{source.host}/many@{digest}").id == ours.image.id
        engine.pull(name, Heard(), "linux/arm64")
        assert engine.image(name).config.architecture == "arm64"
        with pytest.raises(NotFound, match="no matching manifest for linux/ppc64le"):
            engine.pull(name, Heard(), "linux/ppc64le")
        with pytest.raises(NotFound, match="wanted linux/arm64, actual: linux/amd64"):
            engine.remove_image(name, force=True)
            engine.pull(f"{source.host}/many:amd64", Heard(), "linux/arm64")


def test_a_name_that_moved_in_the_registry_moves_here(
    engine: Engine, host: str, fresh_root: Path
) -> None:
    name, elsewhere = f"{host}/moving:1", Engine(fresh_root)
    of_layers(engine, name, "old")
    engine.push(name, Heard())
    elsewhere.pull(name, Heard())
    old = elsewhere.image(name)
    engine.remove_image(name)
    of_layers(engine, name, "new")
    engine.push(name, Heard())
    assert elsewhere.pull(name, Heard()).is_new
    assert elsewhere.image(name).id == engine.image(name).id
    assert elsewhere.image(old.id).references == ()


def test_what_the_registry_does_not_have_is_an_error_that_names_it(
    engine: Engine, host: str
) -> None:
    with pytest.raises(RegistryError) as caught:
        engine.pull(f"{host}/nothing/here:1", Heard())
    assert caught.value.status == 404
    assert f"manifest for {host}/nothing/here:1 not found" in caught.value.message
    assert f"(404 Not Found from {host}, repository nothing/here)" in (
        caught.value.message
    )


def test_what_is_not_here_cannot_be_pushed(engine: Engine, host: str) -> None:
    with pytest.raises(NotFound, match="An image does not exist locally with the tag"):
        engine.push(f"{host}/nosuch", Heard())


def test_pull_and_push_are_events(engine: Engine, host: str) -> None:
    name = of_layers(engine, f"{host}/told:1", "told")
    engine.push(name, Heard())
    engine.remove_image(name)
    engine.pull(name, Heard())
    told = [e.action for e in engine.events(until=time.time()) if e.id == name]
    assert told == ["push", "pull"]


HTPASSWD = "me:$2b$04$/IyHfsY5Ax.w0d.UNqAeWOfMW269TAoRkzd0z5n2laz3UM2QXFgTi\n"


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A registry that wants to know who asks: "me", with "s3cret"."""
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    more = f"auth: {{htpasswd: {{realm: here, path: {tmp_path / 'htpasswd'}}}}}"
    with registries.dockers(tmp_path / "locked", more) as server:
        yield server.address


def test_who_has_logged_in_may_push_and_pull_and_nobody_else(
    engine: Engine, busybox: str, locked: str, tmp_path: Path
) -> None:
    name, file = f"{locked}/mine:1", tmp_path / "docker" / "config.json"
    engine.tag(busybox, name)
    with pytest.raises(RegistryError, match=r"access denied.*'lab login'.*401"):
        engine.push(name, Heard())
    with pytest.raises(RegistryError, match="failed with status: 401 Unauthorized"):
        engine.login(locked, "me", "wrong")
    assert not file.exists()
    assert engine.login(locked, "me", "s3cret") == file
    assert file.stat().st_mode & 0o777 == 0o600
    engine.push(name, Heard())
    engine.pull(name, Heard())
    assert engine.logout(locked)
    with pytest.raises(RegistryError, match="401"):
        engine.pull(name, Heard())


def test_nobody_there_is_told_as_such(engine: Engine) -> None:
    with pytest.raises(EngineError) as caught:
        engine.pull("127.0.0.1:1/x", Heard())
    assert "registry 127.0.0.1:1 could not be reached" in caught.value.message
    assert "lab registry serve" in caught.value.hint
