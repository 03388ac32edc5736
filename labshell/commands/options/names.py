"""Options about what the container is called."""

import click

from labshell.commands.options.kinds import LABEL, LABELS, Heading

NAMES = Heading("Names")

OPTIONS: list[click.Parameter] = [
    NAMES.value(
        "--name",
        metavar="NAME",
        help="Call the container this; else it gets a name made of two words.",
    ),
    NAMES.value(
        "-h",
        "--hostname",
        metavar="NAME",
        help="The name of the machine as seen inside (a UTS namespace of its own).",
    ),
    NAMES.value(
        "--domainname",
        metavar="NAME",
        help="The NIS domain of that name: what `domainname` prints inside.",
    ),
    NAMES.several(
        "--add-host",
        "extra_hosts",
        metavar="NAME:ADDRESS",
        help="""One more line in the container's /etc/hosts: db:10.0.0.7;
        host:host-gateway is the machine.""",
    ),
    NAMES.several(
        "--dns",
        metavar="ADDRESS",
        help="Ask this name server, instead of the machine's.",
    ),
    NAMES.several(
        "--dns-search",
        metavar="DOMAIN",
        help="Try a name without dots in this domain, too; . for none.",
    ),
    NAMES.several(
        "--dns-option",
        "--dns-opt",
        "dns_options",
        metavar="OPTION",
        help="A word for the options line of /etc/resolv.conf: ndots:2.",
    ),
    NAMES.several(
        "-l",
        "--label",
        type=LABEL,
        metavar="KEY[=VALUE]",
        help="A note kept with the container; nothing acts on it.",
    ),
    NAMES.several(
        "--label-file",
        type=LABELS,
        metavar="FILE",
        help="Read labels from a file, one KEY=VALUE a line.",
    ),
    NAMES.value(
        "--cidfile",
        metavar="FILE",
        help="Write the container's ID to this file, which must not be there yet.",
    ),
]
