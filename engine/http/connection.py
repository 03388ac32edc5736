"""One connection: requests come in, responses go out, one after the other.

    bytes ──▶ h11 ──▶ Request ──▶ handler ──▶ Response ──▶ h11 ──▶ bytes
              │                     │
              └── body, piece by piece, only when the handler asks for it

h11 knows the grammar and the states of HTTP/1.1 and never touches the socket: it is
fed the bytes that came, and says which bytes are to be sent. What is left to us is to
wait, with bounded patience, and to part in good order:

    the body was not read     a little more is read, so that the connection can serve on
    there is too much of it   we say goodbye first and listen a moment longer: closing a
                              socket with unread bytes makes the kernel send a reset,
                              and the peer would lose our answer, too

Source: RFC 9112 9.6 (tear-down); h11's documentation
man: recv(2), sendfile(2), shutdown(2)
Try it: `strace -f -e trace=network,sendfile lab registry serve`
"""

import contextlib
import socket
from collections.abc import Iterator
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, cast

import h11

from engine.http.messages import (
    FileRange,
    Gone,
    Handler,
    Refused,
    Request,
    Response,
    split_target,
)
from engine.http.patience import BODY, HEADERS, IDLE, Patience

PIECE = 256 << 10  # bytes received at a time
_SENT_AT_ONCE = 1 << 20  # bytes
_LONGEST_HEADERS = 32 << 10  # bytes
_MOST_DRAINED = 1 << 20  # bytes of a body that nobody wanted
_GOODBYE = 2.0  # seconds to listen after the last answer


class Connection:
    """One open socket, until one of both sides has enough."""

    def __init__(self, socket: socket.socket, peer: str, handler: Handler) -> None:
        self._socket = socket
        self._peer = peer
        self._handler = handler
        self._http = h11.Connection(h11.SERVER, _LONGEST_HEADERS)
        self._patience = Patience(HEADERS)
        self._method = ""

    def serve(self) -> None:
        """Answer requests until the connection ends."""
        with contextlib.suppress(Gone, Refused):  # and nobody is there to be told
            while self._serve_one():
                self._http.start_next_cycle()
                self._patience = Patience(IDLE)

    def _serve_one(self) -> bool:
        """Answer one request; may another follow?"""
        try:
            request = self._request()
            if request is None:
                return False
            response = self._handler(request)
        except Refused as error:
            response = _complaint(error)
        holds_back = self._http.they_are_waiting_for_100_continue
        self._send(response)
        return self._is_ready_for_more(holds_back)

    def _request(self) -> Request | None:
        """The next request; None if the peer wants no more."""
        self._method = ""
        event = self._next_event()
        while event is h11.NEED_DATA:
            self._receive()
            event = self._next_event()
        if not isinstance(event, h11.Request):
            return None
        if event.http_version not in (b"1.0", b"1.1"):
            raise Refused(505, "HTTP/1.0 and HTTP/1.1 are spoken here")
        self._method = event.method.decode("ascii")
        self._patience = Patience(BODY)
        path, query = split_target(event.target.decode("ascii"))
        return Request(
            method=self._method,
            path=path,
            query=query,
            headers=headers_of(event),
            body=self,
            peer=self._peer,
        )

    def pieces(self) -> Iterator[bytes]:
        """The body of the request, as it arrives."""
        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            self._write(self._http.send(go_on) or b"")
        while self._http.their_state is h11.SEND_BODY:
            event = self._next_event()
            if event is h11.NEED_DATA:
                self._patience.earned(self._receive())
            elif isinstance(event, h11.Data):
                yield event.data

    def read(self, limit: int) -> bytes:
        """All of a short body."""
        whole = bytearray()
        for piece in self.pieces():
            whole += piece
            if len(whole) > limit:
                raise Refused(413, f"the body has more than {limit} bytes")
        return bytes(whole)

    def _next_event(self) -> Any:
        """What h11 makes of the bytes that have come."""
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise Refused(error.error_status_hint, f"bad request: {error}") from error

    def _receive(self) -> int:
        """Wait for bytes and hand them to h11; how many there were."""
        asked = self._method or self._http.trailing_data[0]
        with self._waiting():
            data = self._socket.recv(PIECE)
        if not data and asked:
            raise Gone("in the midst of a request")
        if not asked:  # it has begun to ask: from now on it has to hurry
            self._patience = Patience(HEADERS)
        self._http.receive_data(data)
        return len(data)

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        """Do something that may wait for the peer."""
        try:
            with self._patience.waiting(self._socket):
                yield
        except TimeoutError as error:
            raise Refused(408, "too slow") from error
        except OSError as error:
            raise Gone(str(error)) from error

    def _send(self, response: Response) -> None:
        """Send a response."""
        body = response.body
        try:
            self._patience = Patience(BODY)
            self._write(self._http.send(_head(response)) or b"")
            if len(body) and self._method != "HEAD":
                # h11 only counts the bytes here.
                data = h11.Data(data=cast(bytes, body))
                self._http.send_with_data_passthrough(data)
                self._send_body(body)
            self._http.send(h11.EndOfMessage())
        finally:
            if isinstance(body, FileRange):
                body.file.close()

    def _send_body(self, body: bytes | FileRange) -> None:
        if not isinstance(body, FileRange):
            self._write(body)
            return
        place, end = body.offset, body.offset + len(body)
        while place < end:
            with self._waiting():
                count = min(_SENT_AT_ONCE, end - place)
                sent = self._socket.sendfile(body.file, place, count)
            if not sent:
                raise Gone("the file has become shorter: the rest cannot be sent")
            self._patience.earned(sent)
            place += sent

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            with self._waiting():
                sent = self._socket.send(rest)
            self._patience.earned(sent)
            rest = rest[sent:]

    def _is_ready_for_more(self, holds_back: bool) -> bool:
        """Read what is left of the request, or part in good order.

        `holds_back`: the peer has waited to be told to send its body, and was not.
        """
        http = self._http
        if not holds_back:
            self._patience = Patience(_GOODBYE)
            left = _MOST_DRAINED
            pieces = self.pieces()
            while http.their_state is h11.SEND_BODY and left > 0:
                left -= len(next(pieces, b""))
        if http.our_state is http.their_state is h11.DONE:
            return True
        self._part()
        return False

    def _part(self) -> None:
        """Say that no more comes, and listen until the peer has heard it."""
        self._patience = Patience(_GOODBYE)
        with self._waiting():
            self._socket.shutdown(socket.SHUT_WR)
        while True:
            with self._waiting():
                if not self._socket.recv(PIECE):
                    return


def _head(response: Response) -> h11.Response:
    """The status and the headers of a response."""
    headers = {"Date": formatdate(usegmt=True), **response.headers}
    if response.status != HTTPStatus.NO_CONTENT:  # whose name says how long it is
        headers["Content-Length"] = str(len(response.body))
    return h11.Response(
        status_code=response.status,
        headers=list(headers.items()),
        reason=HTTPStatus(response.status).phrase,
    )


def headers_of(request: h11.Request) -> dict[str, str]:
    """The headers by name; of what comes several times, all in one."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _complaint(error: Refused) -> Response:
    text = f"{error.reason}\n".encode()
    headers = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
    return Response(error.status, headers, text)
