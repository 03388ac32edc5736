"""The names of the files in an archive, and of the notes in its index.

Source: opencontainers/image-spec image-layout.md; moby image/tarexport (behaviour)
Try it: `lab save busybox | tar t`
"""

from engine.oci import digest as digests

OCI_LAYOUT, INDEX_JSON, BLOBS = "oci-layout", "index.json", "blobs/sha256/"
MANIFEST_JSON, REPOSITORIES = "manifest.json", "repositories"
CONTAINERD_NAME = "io.containerd.image.name"  # the whole name; ref.name is the tag


def path_of(digest: str) -> str:
    """Where the blob with this digest is."""
    return BLOBS + digests.hex_of(digest)
