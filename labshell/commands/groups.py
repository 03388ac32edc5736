"""Verbs that hold verbs: `lab container …`, `lab image …`, `lab volume …`.

Docker gave the short names first (`ps`, `rmi`) and sorted them under the kind of
thing they work on later (`container ls`, `image rm`). Both are the same commands, so
both names lead to the same function here.

Try it: `lab image --help`
"""

from labshell.commands import VERBS
from labshell.commands.grammar import Verbs

_work = VERBS["Work with containers"]

container = Verbs(
    name="container",
    help="""
    Everything about containers, under one word.

    `lab container ls` is `lab ps`, `lab container run` is `lab run`, and so on.
    """,
    headings={
        "Verbs": {
            "ls": _work["ps"],
            **VERBS["Run containers"],
            **{verb: place for verb, place in _work.items() if verb != "ps"},
            "commit": VERBS["Images"]["commit"],
            "prune": "labshell.commands.pruning:prune_containers",
        }
    },
)

image = Verbs(
    name="image",
    help="""
    Everything about images, under one word.

    `lab image ls` is `lab images`, `lab image rm` is `lab rmi`, and so on.
    """,
    headings={
        "Verbs": {
            "ls": "labshell.commands.images:images",
            "build": "labshell.commands.build:build",
            "history": "labshell.commands.images:history",
            "inspect": "labshell.commands.inspect:inspect_image",
            "tag": "labshell.commands.images:tag",
            "rm": "labshell.commands.images:rmi",
            "prune": "labshell.commands.pruning:prune_images",
            "pull": "labshell.commands.registries:pull",
            "push": "labshell.commands.registries:push",
            "save": "labshell.commands.archives:save",
            "load": "labshell.commands.archives:load",
            "import": "labshell.commands.archives:import_",
        }
    },
)

manifest = Verbs(
    name="manifest",
    help="""
    What a registry says of an image, before anything is fetched.

    A manifest names the config and the layers of one image; an index names several
    manifests, one for each kind of machine.
    """,
    headings={"Verbs": {"inspect": "labshell.commands.registries:inspect_manifest"}},
)

volume = Verbs(
    name="volume",
    help="""
    Directories that outlive the containers that write to them.

    What a container writes goes into its own top layer and is lost when it is
    removed. A volume is a directory of the host that is mounted over a place in the
    container: it is in no layer, so it is not committed and not lost.
    """,
    headings={
        "Verbs": {
            "create": "labshell.commands.volumes:create",
            "ls": "labshell.commands.volumes:ls",
            "inspect": "labshell.commands.inspect:inspect_volume",
            "rm": "labshell.commands.volumes:rm",
            "prune": "labshell.commands.pruning:prune_volumes",
        }
    },
)

network = Verbs(
    name="network",
    help="""
    Networks of containers: bridges in the kernel, and who is plugged in.

    Containers on one network reach each other, and by name, if it is one that you have
    made. Those of two networks do not. `lab net` draws it all.
    """,
    headings={
        "Verbs": {
            "create": "labshell.commands.networks:create",
            "ls": "labshell.commands.networks:ls",
            "inspect": "labshell.commands.inspect:inspect_network",
            "connect": "labshell.commands.networks:connect",
            "disconnect": "labshell.commands.networks:disconnect",
            "rm": "labshell.commands.networks:rm",
            "prune": "labshell.commands.pruning:prune_networks",
        }
    },
)

registry = Verbs(
    name="registry",
    help="""
    A registry of your own: images kept for others.

    `serve` runs it, `stop` ends it; any client can push to it and pull from it, docker
    too. What it keeps are plain files, which `ls` reads and `gc` tidies.
    """,
    headings={
        "Verbs": {
            "serve": "labshell.commands.registry:serve",
            "stop": "labshell.commands.registry:stop",
            "ls": "labshell.commands.registry:ls",
            "gc": "labshell.commands.registry:gc",
        }
    },
)

daemon = Verbs(
    name="daemon",
    help="""
    labd: the little engine for Docker's own clients.

    What is called Docker are two programs: a client that knows nothing of containers,
    and a server that is asked over a socket. `lab` needs no server; `docker` does, and
    labd is one.
    """,
    headings={
        "Verbs": {
            "start": "labshell.commands.daemon:start",
            "status": "labshell.commands.daemon:status",
            "stop": "labshell.commands.daemon:stop",
        }
    },
)

system = Verbs(
    name="system",
    help="""
    The engine as a whole: what it keeps on the disk, what it can do without, and what
    happens in it.
    """,
    headings={
        "Verbs": {
            "df": "labshell.commands.system:df",
            "events": "labshell.commands.events:events",
            "prune": "labshell.commands.pruning:prune_system",
        }
    },
)

rootfs = Verbs(
    name="rootfs",
    help="""
    A root file system made of this machine's own files.

    An image is only files. Here they come from the machine you sit at: a program,
    and the shared libraries that it asks for.
    """,
    headings={"Verbs": {"make": "labshell.commands.images:make_rootfs"}},
)
