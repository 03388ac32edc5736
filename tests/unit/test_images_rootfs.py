"""Programs gathered with what they need: proved by running them in a chroot."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.errors import EngineError, ImageError, InvalidArgument, NotFound
from engine.images import base, elf
from engine.images.rootfs import assemble, read_cache
from engine.images.store import ImageStore


def run_in(root: Path, *command: str) -> str:
    done = subprocess.run(
        ["chroot", root, *command], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_dynamic_program_names_its_loader_and_libraries() -> None:
    header = elf.read(Path("/bin/ls"))
    assert header.interpreter.startswith("/lib")
    assert "libc.so.6" in header.needed
    assert header.bits == 64


@pytest.mark.require("busybox")
def test_a_static_program_names_nothing() -> None:
    header = elf.read(Path(shutil.which("busybox") or ""))
    assert (header.interpreter, header.needed) == ("", ())


def test_what_is_no_elf_file_is_refused(tmp_path) -> None:
    for data in (b"", b"\x7fELF", b"\x7fELF" + b"\xff" * 100, b"#!/bin/sh\n"):
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(ImageError, match="cannot be used"):
            elf.read(tmp_path / "x")


def test_a_damaged_program_is_an_error_and_never_a_crash(tmp_path) -> None:
    whole = Path("/bin/ls").read_bytes()
    for place in range(16, 800, 3):
        data = bytearray(whole[:20000])
        data[place] ^= 0xFF
        (tmp_path / "x").write_bytes(data)
        try:
            elf.read(tmp_path / "x")
        except EngineError:
            continue


@pytest.mark.require("root")
def test_a_program_and_its_libraries_run_in_the_new_root(tmp_path) -> None:
    made = assemble(tmp_path, ["sh", "ls"])
    assert all(path.is_file() for path in made)
    assert "bin" in run_in(tmp_path, "/bin/sh", "-c", "ls /").split()


@pytest.mark.require("root")
def test_a_script_brings_its_interpreter(tmp_path) -> None:
    script = tmp_path / "hello"
    script.write_text("#!/usr/bin/env sh\necho hello\n")
    script.chmod(0o755)
    assemble(tmp_path / "root", [str(script)])
    assert run_in(tmp_path / "root", str(script)) == "hello\n"


@pytest.mark.require("root")
def test_links_in_the_new_root_lead_nowhere_else(tmp_path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    for name in ("bin", "usr", "lib", "lib64"):
        (root / name).symlink_to(f"../outside/{name}")
    with pytest.raises(EngineError):
        assemble(root, ["sh"])
    assert not any(outside.iterdir())


def test_a_program_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(NotFound, match="nosuch: no such program in PATH"):
        assemble(tmp_path, ["nosuch"])
    with pytest.raises(NotFound, match="/no/such: no such file"):
        assemble(tmp_path, ["/no/such"])
    with pytest.raises(InvalidArgument):
        assemble(tmp_path, [])


def test_a_library_that_is_not_there_is_named(tmp_path) -> None:
    data = Path("/bin/ls").read_bytes().replace(b"libc.so.6\0", b"libc.so.X\0")
    program = tmp_path / "ls"
    program.write_bytes(data)
    program.chmod(0o755)
    with pytest.raises(NotFound, match=r"asks for the library libc\.so\.X"):
        assemble(tmp_path / "root", [str(program)])


def test_the_loaders_cache_is_read_and_a_damaged_one_is_empty(tmp_path) -> None:
    assert any(path.is_file() for path in read_cache().get("libc.so.6", []))
    (tmp_path / "cache").write_bytes(b"glibc-ld.so.cache1.1" + b"\xff" * 100)
    assert read_cache(tmp_path / "cache") is not None
    assert read_cache(tmp_path / "missing") == {}


@pytest.mark.require("root", "busybox")
def test_the_base_image_is_the_same_in_every_store(tmp_path) -> None:
    first = base.ensure_base_image(ImageStore(tmp_path / "one"))
    second = base.ensure_base_image(ImageStore(tmp_path / "two"))
    assert first.id == second.id
    assert first.references == ("busybox:latest",)


@pytest.mark.require("root", "busybox")
def test_the_base_image_has_every_applet_and_the_usual_modes(tmp_path) -> None:
    store = ImageStore(tmp_path)
    image = base.ensure_base_image(store)
    [root] = store.layer_directories(image)
    applets = subprocess.run(["busybox", "--list"], capture_output=True, text=True)
    assert set(applets.stdout.split()) <= set(os.listdir(root / "bin"))
    assert (root / "bin/sh").stat().st_ino == (root / "bin/busybox").stat().st_ino
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert (root / "root").stat().st_mode & 0o7777 == 0o700
    assert run_in(root, "/bin/id", "-un") == "root\n"
    assert run_in(root, "/usr/bin/env", "sh", "-c", "grep wheel /etc/group")


@pytest.mark.require("root")
def test_without_busybox_the_base_image_is_this_machines_shell(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(base, "find_busybox", lambda: None)
    store = ImageStore(tmp_path)
    image = base.ensure_base_image(store)
    assert image.references == ("host:latest",)
    [root] = store.layer_directories(image)
    found = run_in(root, "/bin/sh", "-c", "ls /etc").split()
    assert {"group", "passwd", "shadow"} <= set(found)
    assert base.ensure_base_image(store).id == image.id
