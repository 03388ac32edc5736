"""What is in the tree: nothing of one machine, no dead link, locks that are whole."""

import re
import tomllib
from pathlib import Path

from tests.house.sources import HOME, text_files, tracked_files

# Written apart, so that this file does not find itself.
HOSTS = ["py" + "pi.org", "python" + "hosted.org", "deb.debian" + ".org"]
HOSTS += ["registry." + "npmjs"]
PLACES = ["/wo" + "rk/", "/root/" + ".pyenv"]


def test_no_file_names_a_place_of_one_machine() -> None:
    assert files_with(PLACES) == []


def test_no_file_names_a_package_registry() -> None:
    assert files_with(HOSTS) == []


def files_with(words: list[str]) -> list[str]:
    # At the beginning of a path or a name: a student's own folder is ~/work, too.
    found = re.compile(rf"(?<![\w~}}*])({'|'.join(map(re.escape, words))})")
    return [str(path) for path, text in text_files() if found.search(text)]


def test_the_documents_link_to_what_is_there() -> None:
    dead = [
        f"{path}: {target}"
        for path, text in text_files()
        if path.suffix == ".md"
        for target in links(text)
        if not (HOME / path.parent / target).exists()
    ]
    assert dead == []


def links(text: str) -> list[str]:
    """The files that a Markdown text links to or shows."""
    targets = re.findall(r"\]\(([^)\s]+)\)", without_code(text))
    local = (target.partition("#")[0] for target in targets if ":" not in target)
    return [target for target in local if target]


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def test_the_documents_name_files_that_are_there() -> None:
    """`engine/…` and the like in backquotes are paths of this tree."""
    path = re.compile(r"`((?:engine|labshell|tests|lessons|docs)/[\w./-]*)`")
    named = [(d, name) for d in documents() for name in path.findall(d.read_text())]
    dead = [f"{d.name}: {name}" for d, name in named if not (HOME / name).exists()]
    assert dead == []


def documents() -> list[Path]:
    return [p for p in tracked_files() if p.parent == HOME and p.suffix == ".md"]


def test_readme_opens_with_the_two_commands() -> None:
    top = (HOME / "README.md").read_text()[:1500]
    assert "sudo ./lab\n" in top
    assert "sudo ./lab test\n" in top


def test_the_lock_files_name_exact_versions() -> None:
    exact = r"[\w.-]+==[\w.]+(; python_version < '3\.\d+')?"
    assert [line for line in locked() if not re.fullmatch(exact, line)] == []


def test_the_lock_files_hold_what_pyproject_asks_for() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    names = {normal(re.split(r"[<>=;]", line)[0]) for line in wanted}
    assert names - {normal(line.partition("==")[0]) for line in locked()} == set()


def locked() -> list[str]:
    """The lines of both lock files that name a package."""
    return [
        line
        for name in ("requirements.lock", "requirements-test.lock")
        for line in (HOME / name).read_text().splitlines()
        if line and not line.startswith("#")
    ]


def normal(name: str) -> str:
    return name.lower().replace("_", "-")
