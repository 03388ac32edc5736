"""A private registry: what is in it, and each request to it in a line.

    REPOSITORY   TAG   DIGEST         LAYERS   SIZE
    team/shop    1.0   8c0d5f1a2b3c   3        12.4MB

    201   12.3 ms  PUT    /v2/team/shop/manifests/1.0

Try it: `lab registry ls`
"""

from typing import TYPE_CHECKING, Any

from labshell.templates.listing import Listing, Row
from labshell.views.amounts import size
from labshell.views.tables import printable, shorten

if TYPE_CHECKING:
    from engine.engine import Served, TaggedManifest

_LONGEST_PATH = 160  # characters
MANIFESTS = Listing(
    headings={
        "Repository": "REPOSITORY",
        "Tag": "TAG",
        "Digest": "DIGEST",
        "Layers": "LAYERS",
        "Size": "SIZE",
    },
    columns=("Repository", "Tag", "Digest", "Layers", "Size"),
    gives_way="Repository",
)


def request_line(served: "Served") -> str:
    """What a server prints of a request."""
    status = str(served.status) if served.status else "cut"
    path = shorten(printable(served.path), _LONGEST_PATH)
    fault = f"  {printable(served.fault)}" if served.fault else ""
    milliseconds = f"{served.seconds * 1000:8.1f} ms"
    return f"{status} {milliseconds}  {printable(served.method):6} {path}{fault}"


def manifest_row(one: "TaggedManifest", *, whole: bool) -> Row:
    """A manifest with a tag, as fields for a template."""
    digest = one.digest if whole else one.digest.partition(":")[2][:12]
    held = f"index of {one.manifests}" if one.manifests else str(len(one.layers))
    return {
        "Repository": one.repository,
        "Tag": one.tag or "<none>",
        "Digest": digest,
        "Layers": held,
        "Size": size(one.size),
    }


def manifest_json(one: "TaggedManifest") -> dict[str, Any]:
    """The same for programs."""
    return {
        "repository": one.repository,
        "tag": one.tag,
        "digest": one.digest,
        "layers": [layer._asdict() for layer in one.layers],
        "manifests": one.manifests,
        "size": one.size,
    }
