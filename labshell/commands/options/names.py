"""Options about what the container is called."""

from typing import Any

import click

from labshell.commands.options.kinds import LABEL, LABELS, several, text

HEADING = "Names"

OPTIONS: list[click.Parameter] = [
    text(
        "--name",
        under=HEADING,
        metavar="NAME",
        help="Call the container this; else it gets a name made of two words.",
    ),
    text(
        "-h",
        "--hostname",
        under=HEADING,
        metavar="NAME",
        help="The name of the machine as seen inside (a UTS namespace of its own).",
    ),
    text(
        "--domainname",
        under=HEADING,
        metavar="NAME",
        help="The NIS domain of that name: what `domainname` prints inside.",
    ),
    several(
        "--add-host",
        under=HEADING,
        metavar="NAME:ADDRESS",
        help="One more line in the container's /etc/hosts: db:10.0.0.7.",
    ),
    several(
        "--dns",
        under=HEADING,
        metavar="ADDRESS",
        help="Ask this name server, instead of the machine's.",
    ),
    several(
        "--dns-search",
        under=HEADING,
        metavar="DOMAIN",
        help="Try a name without dots in this domain, too; . for none.",
    ),
    several(
        "--dns-option",
        "--dns-opt",
        "dns_option",
        under=HEADING,
        metavar="OPTION",
        help="A word for the options line of /etc/resolv.conf: ndots:2.",
    ),
    several(
        "-l",
        "--label",
        type=LABEL,
        under=HEADING,
        metavar="KEY[=VALUE]",
        help="A note kept with the container; nothing acts on it.",
    ),
    several(
        "--label-file",
        type=LABELS,
        under=HEADING,
        metavar="FILE",
        help="Read labels from a file, one KEY=VALUE a line.",
    ),
    text(
        "--cidfile",
        under=HEADING,
        metavar="FILE",
        help="Write the container's ID to this file, which must not be there yet.",
    ),
]


def asked_for(asked: dict[str, Any]) -> dict[str, Any]:
    """What was typed of these, by the engine's names."""
    from_files = [label for file in asked["label_file"] for label in file]
    return {
        "name": asked["name"],
        "hostname": asked["hostname"],
        "domainname": asked["domainname"],
        "extra_hosts": asked["add_host"],
        "dns": asked["dns"],
        "dns_search": asked["dns_search"],
        "dns_options": asked["dns_option"],
        "labels": dict([*from_files, *asked["label"]]),
    }
