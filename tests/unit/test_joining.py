"""Which paths of namespaces are those of our containers, and which are just paths."""

import os
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.runtime import joining
from engine.runtime.joining import Pinned


def test_a_namespace_in_any_directory_of_that_name_is_what_is_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "ns").mkdir()
    path = tmp_path / "ns/net"
    path.symlink_to("/proc/self/ns/net")
    (found,) = joining.find({"network": str(path)})
    assert isinstance(found, Pinned)
    try:
        own = os.stat("/proc/self/ns/net")
        assert os.path.samestat(os.fstat(found.opened), own)
    finally:
        os.close(found.opened)


def test_that_of_a_container_of_ours_is_looked_up_in_its_record(tmp_path: Path) -> None:
    identity = "0123456789abcdef" * 4
    path = tmp_path / "containers" / identity / "ns/pid"
    with pytest.raises(EngineError, match=f"container {identity} is not running"):
        joining.find({"pid": str(path)})
