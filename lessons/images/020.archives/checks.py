"""Checks for "A box of layers, or a tree of files": what is in the image that came?"""

from labshell.lessons.checks import Lab, Outcome


def is_slim(lab: Lab) -> Outcome:
    """What is seen and what is said as in the first image, and no bulk anywhere."""
    values = lab.values
    image = lab.image(values["image"] + ":slim")
    if values["word"].encode() not in (image.content("/srv/note") or b""):
        return lab.failed("A container of {{image}}:slim does not find the note.")
    if not image.shows("/bin/cat"):
        return lab.failed("{{image}}:slim has no program: nothing could run in it.")
    if "/srv/bulk" in image.paths_in_any_layer():
        return lab.failed("A layer of {{image}}:slim still holds /srv/bulk.")
    missing = []
    if image.command != ("cat", "/srv/note"):
        missing.append("CMD")
    if f"TUNE={values['tune']}" not in image.environment:
        missing.append("ENV")
    if missing:
        return lab.failed(
            "The bulk is gone and the note is there, but {{image}}:slim does not say "
            "what {{image}}:1 says: {subject}.",
            earned=3 - len(missing),
            subject=", ".join(missing),
        )
    return lab.passed(
        "The same files are seen, the same is said, and nothing is hidden."
    )


def is_back(lab: Lab) -> Outcome:
    """The very image, by its ID, which somebody had noted beside the backups."""
    noted = lab.container(lab.values["shelf"]).content("/backup/id") or b""
    image = lab.image(lab.values["gone"] + ":1")
    if image.id == noted.decode(errors="replace").strip():
        return lab.passed("{{gone}}:1 is back, with the ID that it had.")
    if lab.values["motto"].encode() in (image.content("/motto") or b""):
        return lab.failed(
            "The files are back, but this is another image: it has another ID than the "
            "one in /backup/id, and another history.",
            earned=1,
        )
    return lab.failed("There is an image {{gone}}:1, but the motto is not in it.")
