"""The tar format: Python's tarfile reads what we write and writes what we read."""

import gzip
import io
import lzma
import random
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError, ImageError
from engine.storage import tarball
from engine.storage.tar_reader import TarReader
from engine.storage.tarball import Entry
from tests.tars import archive, folder, hard_link, link, part, regular

NAMES = st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1)
ENTRIES = st.builds(
    lambda **fields: Entry(kind=tarball.FILE, **fields),
    name=st.lists(NAMES, min_size=1, max_size=12).map("/".join),
    mode=st.integers(0, 0o7777),
    uid=st.integers(0, 0xFFFF_FFFE),
    gid=st.integers(0, 0xFFFF_FFFE),
    modified=st.integers(-(1 << 33), 1 << 36).map(lambda seconds: seconds * 10**9),
    xattrs=st.dictionaries(
        st.sampled_from(["user.a", "user.bb"]), st.binary(max_size=300)
    ),
)


def read(data: bytes) -> list[tuple[Entry, bytes]]:
    reader = TarReader(io.BytesIO(data))
    found = []
    for entry in reader.entries():
        content = bytearray(entry.size)
        for offset, piece in reader.chunks():
            content[offset : offset + len(piece)] = piece
        found.append((entry, bytes(content)))
    return found


def facts(entry: Entry) -> tuple[Any, ...]:
    return (entry.name, entry.mode, entry.uid, entry.gid, entry.modified)


@given(ENTRIES)
def test_tarfile_reads_every_entry_that_we_write(entry) -> None:
    data = tarball.encode(entry) + tarball.END
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        info = tar.getmembers()[0]
    seconds = entry.modified // 10**9
    assert (info.name, info.mode, info.uid, info.gid, int(info.mtime)) == (
        entry.name.rstrip("/"), entry.mode, entry.uid, entry.gid, seconds,
    )  # fmt: skip


@given(ENTRIES)
def test_what_we_write_we_read(entry) -> None:
    [(found, _)] = read(tarball.encode(entry) + tarball.END)
    assert facts(found) == facts(entry)
    assert found.xattrs == entry.xattrs


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_and_targets_are_read_in_either_dialect(form) -> None:
    name, target = "d/" * 60 + "ü" * 70, "t" * 300
    data = archive(regular(name, b"x"), link("l", target), form=form)
    found = read(data)
    assert [(e.name, e.target) for e, _ in found] == [(name, ""), ("l", target)]
    assert [e.kind for e, _ in found] == [tarball.FILE, tarball.LINK]


def test_names_that_are_no_utf8_survive() -> None:
    raw = b"caf\xe9"
    data = tarball.encode(Entry(name=raw.decode("utf-8", "surrogateescape")))
    [(entry, _)] = read(data + tarball.END)
    assert entry.name.encode("utf-8", "surrogateescape") == raw


def test_a_fraction_of_a_second_is_kept() -> None:
    data = archive(regular("a", mtime=1.25))
    assert read(data)[0][0].modified == 1_250_000_000


def test_data_follows_its_entry_whatever_its_size() -> None:
    sizes = [0, 1, 511, 512, 513, (1 << 20) + 7]
    parts = [regular(f"f{size}", random.Random(1).randbytes(size)) for size in sizes]
    found = [content for _, content in read(archive(*parts))]
    assert found == [data for _, data in parts]


def test_data_that_nobody_reads_is_skipped() -> None:
    reader = TarReader(io.BytesIO(archive(regular("a", b"x" * 3000), regular("b"))))
    assert [entry.name for entry in reader.entries()] == ["a", "b"]


@pytest.mark.parametrize("squeeze", [gzip.compress, lzma.compress])
def test_compression_is_recognised_and_the_diff_id_is_of_the_plain_tar(squeeze) -> None:
    data = archive(regular("a", b"x" * 3000))
    plain, squeezed = TarReader(io.BytesIO(data)), TarReader(io.BytesIO(squeeze(data)))
    assert [len(list(plain.entries())), len(list(squeezed.entries()))] == [1, 1]
    assert plain.diff_id == squeezed.diff_id


def sparse(name: str) -> bytes:
    """PAX 1.0: 4 bytes at 0 and 3 at 4096, of a file of 8192 bytes."""
    head = b"2\n0\n4\n4096\n3\n".ljust(512, b"\0")
    records = {
        "GNU.sparse.major": "1", "GNU.sparse.minor": "0",
        "GNU.sparse.name": name, "GNU.sparse.realsize": "8192",
    }  # fmt: skip
    info = regular("GNUSparseFile.0/x", head + b"headEND", pax_headers=records)
    return archive(info)


def test_a_sparse_file_has_its_pieces_in_their_places() -> None:
    [(entry, content)] = read(sparse("big"))
    assert entry.name == "big"
    assert content == b"head".ljust(4096, b"\0") + b"END".ljust(4096, b"\0")


def test_gnu_tars_own_sparse_files_are_read(tmp_path) -> None:
    import subprocess

    big = tmp_path / "big"
    with big.open("wb") as file:
        for place in range(0, 60 << 16, 1 << 16):  # more pieces than fit the header
            file.seek(place)
            file.write(b"data%d" % place)
        file.truncate(8 << 20)
    for form in ("gnu", "posix"):
        made = subprocess.run(
            ["tar", "-C", tmp_path, "--sparse", f"--format={form}", "-c", "big"],
            capture_output=True, check=True,
        )  # fmt: skip
        assert len(made.stdout) < 1 << 20
        assert read(made.stdout)[0][1] == big.read_bytes()


def test_every_kind_of_entry_is_told_apart() -> None:
    data = archive(
        folder("d"), regular("f"), link("l", "f"), hard_link("h", "f"),
        part("p", tarfile.FIFOTYPE), part("c", tarfile.CHRTYPE, devmajor=1, devminor=3),
    )  # fmt: skip
    assert [entry.kind for entry, _ in read(data)] == list("502163")


def test_a_link_has_no_data_whatever_size_it_claims() -> None:
    data = archive(
        regular("a", b"x" * 600),
        (hard_link("b", "a")[0], b""),
        part("c", tarfile.CONTTYPE, b"yy"),
    )
    claimed = tarball.encode(
        Entry(name="l", kind=tarball.HARD_LINK, target="a", size=600)
    )
    assert [e.name for e, _ in read(claimed + data)] == ["l", "a", "b", "c"]
    assert read(data)[2][1] == b"yy"


WHOLE = archive(folder("d"), regular("d/f", b"hello" * 300), link("d/l", "f"))


@pytest.mark.parametrize("cut", [0, 1, 511, 512, 1000, 1536, 2560, 3583])
def test_a_tar_cut_off_anywhere_is_an_error(cut) -> None:
    with pytest.raises(ImageError, match="ends too early"):
        read(WHOLE[:cut])


FILE = archive(regular("f", b"hello" * 300))


@pytest.mark.parametrize("cut", [2012, 2048, 2560])  # data, padding, a block of zeros
def test_a_tar_may_lack_its_end_where_that_was_agreed(cut) -> None:
    (entry,) = TarReader(io.BytesIO(FILE[:cut]), ended=False).entries()
    assert (entry.name, entry.size) == ("f", 1500)


@pytest.mark.parametrize("cut", [511, 2011, 2013])
def test_but_what_it_has_must_be_whole(cut) -> None:
    with pytest.raises(ImageError, match="ends too early"):
        list(TarReader(io.BytesIO(FILE[:cut]), ended=False).entries())


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 7))
def test_a_flipped_bit_gives_an_error_or_another_digest(place, bit) -> None:
    data = bytearray(WHOLE)
    data[place] ^= 1 << bit
    right, reader = TarReader(io.BytesIO(WHOLE)), TarReader(io.BytesIO(bytes(data)))
    list(right.entries())
    try:
        list(reader.entries())
    except EngineError:
        return
    assert reader.diff_id != right.diff_id


@given(st.binary(max_size=3000))
def test_any_bytes_at_all_are_a_tar_or_an_engine_error(data) -> None:
    with pytest.raises(EngineError):
        read(data or b"x")
        raise ImageError("by chance a tar")


@pytest.mark.parametrize(
    "records",
    [
        {"size": "-1"}, {"size": "9" * 30}, {"size": "1e3"}, {"uid": "4294967295"},
        {"mtime": "x"}, {"gid": ""}, {"SCHILY.devmajor": "-5"},
    ],
)  # fmt: skip
def test_absurd_numbers_are_refused(records) -> None:
    with pytest.raises(ImageError):
        read(archive(regular("a", b"x", pax_headers=records)))


@pytest.mark.parametrize(
    "line", [b"0 a=b\n", b"99 a=b\n", b"7 a=b\n", b"5 ab\n", b"a=b\n", b"-6 a=b\n"]
)
def test_broken_pax_records_are_refused(line) -> None:
    with pytest.raises(ImageError):
        tarball.decode_pax(line)
