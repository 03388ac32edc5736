"""The storage: where the bytes of images, containers and volumes are.

A layer has three forms, and this room turns each into the next:

    blob       a tar file in the image layout, named by its digest   content.py
    snapshot   a directory with the layer's files                    snapshots.py
    upper      the directory where a container's changes gather

    blob ──unpack──► snapshot ──lower of──► overlay mount ──writes──► upper
      ▲                                                                │
      └────────────────────────────pack────────────────────────────────┘

    tarball.py       the tar format: one entry is 512 bytes of header, then data
    tar_reader.py    a tar from anybody, read in one pass
    sparse.py        tar's three ways to leave out the holes of a file
    compression.py   gzip, zstd, xz and bzip2, told apart by their first bytes
    xz.py            … and xz with a limit to the memory that it asks for
    pack.py          directory -> tar
    unpack.py        tar -> directory, whatever the tar tries
    nodes.py         one tar entry -> one file, link or device
    owners.py        owners that have other numbers where a tree is seen from outside
    whiteouts.py     how a layer says "deleted", in overlay's and in tar's dialect
    lowers.py        several layers seen as one, without mounting them
    changes.py       what a container changed, as `lab diff` prints it
    usage.py         how much is in a tree, and what it takes on the disk
    unfinished.py    the mark that a killed command leaves, for the next to tidy up
    downloads.py     blobs under way from a registry, and not in the store yet
    room.py          how much an archive may bring
    volumes.py       directories that outlive containers
    trees.py         a tree copied from place to place: `cp`, and what fills a volume

Try it: `ls /var/lib/labshell`, and what is in there
"""
