"""What can be wrong with a request, in the specification's own codes.

    HTTP/1.1 404 Not Found
    Content-Type: application/json

    {"errors": [{"code": "BLOB_UNKNOWN", "message": "…", "detail": {…}}]}

A client decides by the code, a person reads the message. The status of each code is in
the table below.

Source: opencontainers/distribution-spec 1.1, "Error Codes"
Try it: `curl -i http://127.0.0.1:5000/v2/shop/manifests/nosuch`
"""

import json
from collections.abc import Mapping

from engine.errors import EngineError
from engine.http.messages import Response

STATUS = {
    "BLOB_UNKNOWN": 404,
    "BLOB_UPLOAD_INVALID": 409,
    "BLOB_UPLOAD_UNKNOWN": 404,
    "DIGEST_INVALID": 400,
    "MANIFEST_BLOB_UNKNOWN": 404,
    "MANIFEST_INVALID": 400,
    "MANIFEST_UNKNOWN": 404,
    "NAME_INVALID": 400,
    "NAME_UNKNOWN": 404,
    "SIZE_INVALID": 400,
    "UNAUTHORIZED": 401,
    "DENIED": 403,
    "UNSUPPORTED": 405,
    "TOOMANYREQUESTS": 429,
    "UNKNOWN": 500,  # of docker-registry, for what the specification has no word for
}


class Problem(EngineError):
    """Something wrong with a request, and with which status and headers to say so."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`status` 0: that of the code."""
        super().__init__(message)
        self.code = code
        self.status = status or STATUS[code]
        self.headers = headers or {}

    def response(self) -> Response:
        """The answer that says so."""
        errors = [{"code": self.code, "message": self.message}]
        return as_json({"errors": errors}, status=self.status, headers=self.headers)


def as_json(
    data: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON."""
    kind = {"Content-Type": "application/json"}
    return Response(status, {**kind, **(headers or {})}, json.dumps(data).encode())
