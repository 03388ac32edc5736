"""What a handler gets and gives: a request and a response.

    PUT /v2/shop/blobs/uploads/3f?digest=sha256:9f… HTTP/1.1     Request
    content-length: 524288000                                     method, path, query
                                                                  headers
    (500 MB, which nobody holds in memory)                        body

A body is read piece by piece while it arrives. A response's body is either a few bytes
or a part of a file, which the kernel carries to the socket by sendfile(2) without
showing it to us.

Source: RFC 9110 (semantics), RFC 9112 (HTTP/1.1)
Try it: `curl -v http://127.0.0.1:5000/v2/` while `lab registry serve` runs
"""

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote

_MOST_FIELDS = 32  # in a query; the rest of an overlong one is nobody's business


class Gone(Exception):
    """The peer has cut the connection: there is nobody to answer."""


class Refused(Exception):
    """A request that cannot be read: answered with this status, then cut off."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Body(Protocol):
    """The bytes that follow the headers of a request."""

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they arrive. Refused or Gone if they stop arriving."""

    def read(self, limit: int) -> bytes:
        """All of a short body. Refused (413) if it has more than `limit` bytes."""


class Request(NamedTuple):
    """What a peer asks. Names of headers are in small letters."""

    method: str
    path: str  # decoded: "%3A" is ":"
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body
    peer: str  # its address

    @property
    def length(self) -> int | None:
        """How many bytes the body will have; None if it does not say so before."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() else None


class FileRange:
    """A part of an open file, as the body of a response; closed when it was sent."""

    def __init__(self, file: BinaryIO, offset: int, length: int) -> None:
        self.file = file
        self.offset = offset
        self._length = length

    def __len__(self) -> int:
        return self._length


class Response(NamedTuple):
    """What is answered. The length of the body is added to the headers.

    To HEAD, answer as to GET: the body is left out, its length is said.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: bytes | FileRange = b""


Handler = Callable[[Request], Response]


def split_target(target: str) -> tuple[str, dict[str, str]]:
    """The path and the query of what stands behind the method."""
    path, _, query = target.partition("?")
    try:
        fields = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Refused(400, f"too many fields in the query: {error}") from error
    return unquote(path, errors="replace"), dict(fields)
