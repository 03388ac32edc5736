"""Checks for "A line is an instruction": what an image holds, and what it says."""

import posixpath

from labshell.lessons.checks import ImageView, Lab, Outcome

_STRAY = "/ADD"  # the directory of that name, which nobody wanted


def says_and_holds_all(lab: Lab) -> Outcome:
    """Two files out of the archive, a variable, a port and a volume."""
    image = lab.image(lab.values["image"] + ":1")
    if not image.content("/app/run.sh"):
        return lab.failed("A container of {{image}}:1 finds no /app/run.sh.")
    config = lab.engine.inspect(lab.values["image"] + ":1", kind="image")["Config"]
    if config["WorkingDir"] != "/app" or not _starts(image, "/app", "/app/run.sh"):
        return lab.failed(
            "The containers of {{image}}:1 do not start ./run.sh in /app any more."
        )
    word = lab.values["word"]
    parts = [image.content(f"/app/parts/{name}") for name in ("north", "south")]
    found = {
        "/app/parts": all(word in (part or b"").decode("latin-1") for part in parts),
        f"MODE={word}": f"MODE={word}" in image.environment,
        "80/tcp": "80/tcp" in (config.get("ExposedPorts") or {}),
        "/data": "/data" in (config["Volumes"] or {}),
    }
    missing = [name for name, there in found.items() if not there]
    if missing:
        return lab.failed(
            "Not yet as wanted in {{image}}:1: {subject}.",
            earned=len(found) - len(missing),
            subject=", ".join(missing),
        )
    return lab.passed("All four are there: one of files, and three of words.")


def is_mended(lab: Lab) -> Outcome:
    """run.sh is the file, and no layer has what the joined line had made."""
    image = lab.image(lab.values["image"] + ":mended")
    if not image.shows("/run.sh"):
        return lab.failed("A container of {{image}}:mended finds no /run.sh.")
    if not _is_run_sh(lab, image):
        return lab.failed("/run.sh in {{image}}:mended is not the file of the project.")
    config = lab.engine.inspect(lab.values["image"] + ":mended", kind="image")["Config"]
    where = config["WorkingDir"] or "/"
    if "/data" not in (config["Volumes"] or {}) or not _starts(image, where, "/run.sh"):
        return lab.failed(
            "/run.sh is the file, but the last two lines of the Dockerfile are lost.",
            earned=1,
        )
    if _STRAY in image.paths_in_any_layer():
        return lab.failed(
            "/run.sh is the file, but a layer of {{image}}:mended still has a "
            "directory /ADD.",
            earned=2,
        )
    return lab.passed("/run.sh is the file, and nothing is there that nobody wanted.")


def _is_run_sh(lab: Lab, image: ImageView) -> bool:
    return f"ready: {lab.values['word']}".encode() in (image.content("/run.sh") or b"")


def _starts(image: ImageView, where: str, path: str) -> bool:
    """Does a container of it, in the directory `where`, start this file?

    By whichever name, and with a shell before it or without (`CMD ./run.sh`).
    """
    words = list(image.command)
    for shell in (["/bin/sh", "-c"], ["/bin/sh"], ["sh"]):
        if words[: len(shell)] == shell:
            words = words[len(shell) :]
            break
    return [posixpath.normpath(posixpath.join(where, word)) for word in words] == [path]
