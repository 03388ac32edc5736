"""`lab doctor`: what works on this machine, what does not, why, and what to do.

Try it: `lab doctor`
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import JSON, print_json
from labshell.views.tables import printable

if TYPE_CHECKING:
    from labshell.doctor.trial import Finding

COLOURS = {"works": "\x1b[32m", "limited": "\x1b[33m", "missing": "\x1b[31m"}


@click.command(
    cls=Verb,
    params=[
        JSON,
        Option(
            ["--report"],
            metavar="FILE",
            help="""Also write a bundle (tar.gz) for somebody who helps you, without
            names of this machine and its users, addresses, commands, environments.""",
        ),
    ],
    examples="""
        lab doctor
        lab doctor --report report.tar.gz; tar -xOf report.tar.gz | less
    """,
)
@click.pass_obj
def doctor(engine: Engine, json: bool, report: str | None) -> int:
    """Check what this machine can do, and say what to do about the rest.

    Namespaces are made and an overlay is mounted for a moment, to be sure. The exit
    code is 1 if something is missing without which no container can run.
    """
    from labshell.doctor.examination import examine

    findings = []
    for finding in examine(engine):
        findings.append(finding)
        if not json:
            _show(finding)
    if json:
        print_json([finding.to_json() for finding in findings])
    if report is not None:
        _write_report(report, engine, findings)
    return int(any(finding.verdict == "missing" for finding in findings))


def _show(finding: "Finding") -> None:
    """Print a finding: one line, and more only where something is wrong."""
    colour, plain = "", ""
    if sys.stdout.isatty():
        colour, plain = COLOURS[finding.verdict], "\x1b[0m"
    print(
        f"{colour}{finding.verdict:8}{plain} {finding.topic:16} "
        f"{printable(finding.found)}",
        flush=True,
    )
    if finding.verdict == "works":
        return
    for word in ("why", "tried", "advice"):
        said = getattr(finding, word)
        if said:
            label = "to do" if word == "advice" else word
            print(f"{'':8} {label:>16}: {printable(said)}")


def _write_report(file: str, engine: Engine, findings: "Sequence[Finding]") -> None:
    from labshell.doctor import bundle

    names = bundle.write(file, engine, findings)
    print(f"{file} holds {', '.join(names)}. Look before you send it.", file=sys.stderr)
