"""The copy of the interpreter in memory, from which the spawner runs."""

import os
import sys
import threading

import pytest

from engine.runtime import interpreter


def test_nobody_can_write_into_it() -> None:
    copy = interpreter._sealed_copy(sys.executable)
    try:
        assert os.fstat(copy).st_size == os.stat(sys.executable).st_size
        with pytest.raises(PermissionError):
            os.write(copy, b"x")
    finally:
        os.close(copy)


def test_a_page_that_is_held_for_a_while_only_delays_the_seal() -> None:
    copy = os.memfd_create("page", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    reader, writer = os.pipe()
    try:
        os.write(copy, bytes(4096))
        os.splice(copy, writer, 4096, offset_src=0)  # the pipe holds the page itself
        threading.Timer(0.4, os.read, (reader, 4096)).start()
        interpreter._seal(copy)  # the kernel alone waits for 0.15 s
        with pytest.raises(PermissionError):
            os.write(copy, b"x")
    finally:
        for descriptor in (copy, reader, writer):
            os.close(descriptor)
