"""The images: found by name, made of layers, listed, tagged, removed.

    store.py       tag, add, remove: everything that changes the store
    catalogue.py   which images there are, and which one a name means
    index.py       index.json: which names point at which image
    stored.py      one image in the store, as data
    layers.py      blobs become directories, a directory becomes a blob
    unmounted.py   an image read from its blobs, for whoever judges it
    overlaying.py  … and what its layers show together, computed
    filtering.py   which of them `images` shows
    stack.py       an image as a stack of layers and a list of steps (history)
    inspecting.py  an image as `docker inspect` prints it
    making.py      a new image is written: config, manifest, names
    removal.py     `rmi`: what it refuses, what it untags, what it deletes
    deleting.py    … and how it is done; prune
    archives/      `save` and `load`
    importing.py   a plain tar becomes an image of one layer
    base.py        the first image, made of this machine's own files
    rootfs.py      programs and the shared libraries they need, gathered
    elf.py         what an ELF file says it needs
    pythons.py     what a Python says it needs: its library, certificates, pip
    transplant.py  a file of this machine, at its own place below another root

The store on disk is an OCI image layout, which other tools read and write:

    images/oci-layout  images/index.json  images/blobs/sha256/…

Try it: `skopeo inspect oci:/var/lib/labshell/images:busybox:latest`
"""
