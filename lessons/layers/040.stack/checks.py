"""Checks for "One image, many containers": who has a copy of the large file?"""

from labshell.lessons.checks import Lab, Outcome

FILE, SIZE, MODE = "/srv/atlas", 8_000_000, 0o600


def nobody_has_a_copy(lab: Lab) -> Outcome:
    """Both containers see the file with its new mode, and neither has its own."""
    for number, name in enumerate(("1", "2")):
        earned = number * (lab.maximum // 2)
        full = f"{lab.values['box']}-{name}"
        box = lab.container(full)
        status = box.inside(FILE).status
        if status is None or status.st_size != SIZE:
            return lab.failed(
                "{subject} does not see the whole of /srv/atlas.", earned, subject=full
            )
        if box.top(FILE).status is not None:
            return lab.failed(
                "{subject} has a copy of /srv/atlas in its own read-write layer.",
                earned,
                subject=full,
            )
        if status.st_mode & 0o777 != MODE:
            return lab.failed(
                "Nothing is copied in {subject} now, but /srv/atlas does not have the "
                "mode 600 there.",
                earned,
                subject=full,
            )
    return lab.passed("Both see the file with the mode 600, and neither has a copy.")
