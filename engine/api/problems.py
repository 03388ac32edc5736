"""Problems: what went wrong, as a status and the words that Docker's clients know.

    HTTP/1.1 404 Not Found
    {"message": "No such container: box"}

The docker command prints the message behind "Error response from daemon:", and looks
into some: "executable file not found" becomes its exit status 127.

Source: Docker Engine API 1.41, ErrorResponse; moby, api/server/httpstatus/status.go
Try it: `curl --unix-socket /run/labshell/labd.sock http://labd/containers/nosuch/json`
"""

from engine.api.answers import Answer, as_json
from engine.errors import (
    BuildFileError,
    Conflict,
    EngineError,
    ImageError,
    InvalidArgument,
    InvalidReference,
    InvalidState,
    NotExecutable,
    NotFound,
    ProgramNotFound,
    RegistryError,
)

# The status for each kind of error; what is not here is a fault of the server: 500.
STATUSES: dict[type[EngineError], int] = {
    NotFound: 404,
    Conflict: 409,
    InvalidState: 409,
    InvalidArgument: 400,
    InvalidReference: 400,
    ImageError: 400,
    BuildFileError: 400,
    NotExecutable: 400,
    ProgramNotFound: 400,
}


class Problem(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def answer(self, *, closes: bool = False) -> Answer:
        """As it is answered; `closes`: what follows on the connection is not read."""
        answer = as_json({"message": self.message}, self.status)
        if closes:
            answer = answer._replace(headers={**answer.headers, "Connection": "close"})
        return answer


def problem_of(error: EngineError) -> Problem:
    """The error of the engine, as it is answered."""
    if isinstance(error, RegistryError) and error.status in (401, 403, 404):
        return Problem(404, error.message)
    return Problem(STATUSES.get(type(error), 500), error.message)
