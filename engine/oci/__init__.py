"""The formats of the Open Container Initiative, as plain data: no I/O in this room.

    digest.py        the name of some bytes, computed from the bytes
    reference.py     the name of an image: what "busybox" stands for
    image.py         manifest and config, the two JSON files of an image
    health.py        how an image says "ask me whether I am well"
    instructions.py  what `--change "ENV A=B"` does to a config
    fields.py        JSON from outside, read field by field with its types checked
    spec.py          the runtime's config.json: what to run, and in which surroundings
    resources.py     … the part of it that limits a container
    seccomp.py       … and the system calls it may make, as a table

Source: opencontainers/image-spec, opencontainers/runtime-spec
"""
