"""Blobs: named by their digest, written whole or not at all."""

import os
from pathlib import Path

import pytest

from engine.errors import DigestMismatch, EngineBroken, ImageError
from engine.oci import digest as digests
from engine.storage.content import ContentStore


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    content = ContentStore(tmp_path / "images")
    content.create()
    return content


def files_in(store: ContentStore) -> list[str]:
    return [p.name for p in store.directory.rglob("*") if p.is_file()]


def test_a_blob_is_found_under_its_digest(store) -> None:
    blob = store.write(b"hello")
    assert blob.digest == digests.sha256(b"hello")
    assert store.read(blob.digest) == b"hello"
    assert store.size(blob.digest) == blob.size == 5


def test_the_same_bytes_are_stored_once(store) -> None:
    store.write(b"hello")
    with store.writer() as writer:
        writer.write(b"hel")
        writer.write(b"lo")
        writer.finish()
    assert len(files_in(store)) == 1


def test_an_unexpected_digest_stores_nothing(store) -> None:
    with pytest.raises(DigestMismatch), store.writer() as writer:
        writer.write(b"hello")
        writer.finish(digests.sha256(b"other"))
    assert files_in(store) == []


def test_a_writer_that_fails_half_way_leaves_nothing(store) -> None:
    with pytest.raises(RuntimeError), store.writer() as writer:
        writer.write(b"hello")
        raise RuntimeError
    assert files_in(store) == []


def test_a_flipped_bit_on_the_disk_is_noticed(store) -> None:
    blob = store.write(b"hello")
    store.path(blob.digest).write_bytes(b"jello")
    with pytest.raises(DigestMismatch, match="damaged"):
        store.read(blob.digest)


def test_a_missing_blob_is_named(store) -> None:
    with pytest.raises(EngineBroken, match=digests.sha256(b"x")):
        store.read(digests.sha256(b"x"))


def test_a_digest_with_a_path_in_it_opens_nothing(store) -> None:
    with pytest.raises(ImageError):
        store.open("sha256:../../index.json")


def test_a_json_file_without_end_is_not_read_whole(store) -> None:
    blob = store.write(b" " * 100)
    with pytest.raises(ImageError, match="larger than 99"):
        store.read(blob.digest, limit=99)


def test_sweeping_keeps_what_is_asked_and_takes_what_crashes_left(store) -> None:
    kept, gone = store.write(b"kept"), store.write(b"gone")
    (store.directory / ".writing-1-abc").write_bytes(b"half")
    assert store.sweep({kept.digest}) == 8
    assert store.has(kept.digest)
    assert not store.has(gone.digest)
    assert len(files_in(store)) == 1


def test_nobody_else_can_read_the_blobs(store) -> None:
    blob = store.write(b"secret")
    assert os.stat(store.blobs).st_mode & 0o077 == 0
    assert os.stat(store.path(blob.digest)).st_mode & 0o077 == 0
