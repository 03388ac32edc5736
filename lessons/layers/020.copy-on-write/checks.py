"""Checks for "The first write copies the file": each looks into the layers."""

from labshell.lessons.checks import Lab, Outcome

LARGE = ("almanac", "annals", "archive", "atlas")


def is_the_old_notice(lab: Lab) -> Outcome:
    """What the lower file says differs for every student; any way of reading counts."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = " ".join(lab.answer.casefold().split())
    if given.removeprefix("closed on ") == lab.values["old"]:
        return lab.passed("The lower file still says so.")
    if "open" in given:
        return lab.failed(
            "This is what the copy says, on top. What does the file below it say?"
        )
    return lab.failed("This is not what is written there.")


def is_the_heavy_one(lab: Lab) -> Outcome:
    """The file that was copied up without being changed."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    other = lab.container(lab.values["other"])
    name = lab.answer.strip().rpartition("/")[2]
    if name == lab.values["heavy"]:
        return lab.passed("It lies in the read-write layer, whole.")
    if name in LARGE:
        return lab.failed(
            "This file is large, but it is not in the read-write layer of {{other}}: "
            "it was only read."
        )
    if name and other.size(f"/srv/{name}") is not None:
        return lab.failed("This one is in the read-write layer, but it is tiny.")
    return lab.failed("There is no such file in the read-write layer of {{other}}.")


def nothing_is_on_top(lab: Lab) -> Outcome:
    """A running container of that name and image, with no copies of its own."""
    other = lab.container(lab.values["other"])
    notice = other.content("/srv/notice")
    if notice is None or other.inside("/srv/atlas").status is None:
        return lab.failed("{{other}} does not see the files of the image any more.")
    names = ("notice", lab.values["heavy"])
    copies = [name for name in names if other.top(f"/srv/{name}").status]
    if copies and lab.values["old"] in notice.decode(errors="replace"):
        return lab.failed(
            "The notice reads as in the image, but only because a copy says so: in "
            "the read-write layer there are still {subject}.",
            subject=", ".join(copies),
        )
    if copies:
        return lab.failed(
            "The read-write layer of {{other}} still holds its own copies of "
            "{subject}. A restart does not change that.",
            subject=", ".join(copies),
        )
    if other.image_id != lab.image(lab.values["image"] + ":1").id:
        return lab.failed(
            "The read-write layer is empty, but {{other}} runs from another image than "
            "{{image}}:1.",
            earned=1,
        )
    return lab.passed("{{other}} sees the image's files, and has no copy of them.")
