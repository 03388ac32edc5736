"""Archives: images as one file that can be carried to another machine.

Two formats are in use, and one tar can be both at once, since each looks only at the
names that it knows:

    oci-layout       {"imageLayoutVersion": "1.0.0"}    ┐
    index.json       names → manifests                  │ an OCI image layout
    blobs/sha256/…   manifests, configs, layers         ┘ ◄──┐
    manifest.json    [{"Config": "blobs/sha256/…",           │ what `docker load` reads
                       "RepoTags": ["busybox:latest"],       │
                       "Layers": ["blobs/sha256/…"]}]  ──────┘
    repositories     {"busybox": {"latest": "…"}}         for the very old

The docker-archive of before Docker 25 kept each layer as `<id>/layer.tar` and each
config as `<id>.json`. But what it *reads* are the paths in manifest.json, whatever
they are. So ours point into blobs/: Docker 20.10, podman and skopeo follow them, and no
byte is there twice.

    names.py        what the files in an archive are called
    writing.py      save: which images, which files, streamed out
    spool.py        load: the files of an archive, put aside while it is being read
    contents.py     what an archive says that it holds, as data
    docker_form.py  … in manifest.json
    oci_form.py     … in index.json
    loading.py      load: all checks, then all at once into the store

Source: opencontainers/image-spec image-layout.md; moby image/tarexport (behaviour)
Try it: `lab save busybox | tar tv`
"""
