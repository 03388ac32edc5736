"""Frames: stdout and stderr of a program, in one stream of bytes.

    ┌──────┬───────┬────────────┬──────────┐
    │ 0..2 │ 0 0 0 │ length, BE │ payload  │     0 stdin, 1 stdout, 2 stderr
    └──────┴───────┴────────────┴──────────┘
      1      3       4            length

A terminal has only one output, so its bytes are sent as they are, without frames.

Source: Docker Engine API 1.41, "Attach to a container", Stream format
Try it: `curl -s --unix-socket /run/labshell/labd.sock
'http://labd/containers/NAME/logs?stdout=1' | xxd`
"""

import struct

STDOUT, STDERR = 1, 2
STREAMS = {"stdout": STDOUT, "stderr": STDERR}  # by their names
_HEADER = struct.Struct(">B3xI")


def frame(stream: int, payload: bytes) -> bytes:
    """The payload with its header."""
    return _HEADER.pack(stream, len(payload)) + payload
