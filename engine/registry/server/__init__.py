"""A private registry: images kept for others, over HTTP.

    docker push ──▶ ┌──────────────────────┐ ◀── lab pull
    skopeo copy ──▶ │ lab registry serve   │ ◀── a browser, at /
                    └──────────┬───────────┘
                     plain files in one directory

It keeps bytes under their digests and hands them out again, and knows very little of
images: that is all that a registry is. In the order to read:

    names.py         names of repositories, tags and digests in a request
    problems.py      what can be wrong, in the specification's codes
    index.py         index.json: manifests and tags of a repository
    repository.py    a repository on the disk: its blobs, as hard links
    uploads.py       blobs that are still coming
    manifests.py     manifests, and what must be here before one may come
    blob_calls.py    the requests about blobs
    upload_calls.py  the requests about uploads
    manifest_calls.py    the requests about manifests, tags, referrers; the catalogue
    routes.py        which request is which
    access.py        who may: passwords, in a file that `htpasswd -B` makes
    summary.py       what is in a registry: for `lab registry ls` and the page
    page.py          the page for a browser
    collecting.py    garbage collection: the blobs that no manifest names
    running.py       who serves a directory, and where; how that ends
    service.py       all of it put together, and served
    background.py    the same in a process that outlives its shell
    registry.py      the registry as its owner sees it

Source: opencontainers/distribution-spec 1.1, spec.md
Try it: `lab registry serve`, then `docker push 127.0.0.1:5000/shop:1.0`
"""
