"""`lab completion`: teach your own shell to complete `lab` lines with TAB.

The script that is printed asks `lab` itself: on TAB the shell runs it with
_LAB_COMPLETE set, and it answers with the verbs, options, containers or images that
would fit. So it never grows old.

Try it: `. <(lab completion bash)`, then `lab ru<TAB>`
"""

import click

from labshell.commands.grammar import Verb

NAMES = ("lab", "labshell", "./lab")


@click.command(
    cls=Verb,
    params=[
        click.Argument(
            ["shell"],
            type=click.Choice(["bash", "zsh", "fish"]),
            metavar="bash|zsh|fish",
        )
    ],
    examples="""
        . <(lab completion bash)                                 in ~/.bashrc
        lab completion zsh > "${fpath[1]}/_lab"
        lab completion fish > ~/.config/fish/completions/lab.fish
    """,
)
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes `lab` lines in bash, zsh or fish."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    maker = kind(ctx.find_root().command, {}, "lab", "_LAB_COMPLETE")
    print(maker.source_template % maker.source_vars())
    for name in NAMES[1:]:
        print(_also(shell, name))


def _also(shell: str, name: str) -> str:
    """The line that completes the command `name` as `lab` is completed."""
    match shell:
        case "bash":
            return f"complete -o nosort -F _lab_completion {name}"
        case "zsh":
            return f"compdef _lab_completion {name}"
        case _:
            return f"complete --no-files --command {name} --wraps lab"
