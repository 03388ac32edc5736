"""Checks for "Walls around a build": what a step was allowed, as it noted it itself."""

from labshell.lessons.checks import ImageView, Lab, Outcome

_LABEL = "org.labshell.build"  # of a container in which a build has run a step
_KILLED = 137
_ALL_STARTED = 60  # programs that the step starts if nothing holds it
_SPARE = 4  # processes of the step that are none of these programs: its shells
_USUAL = 0xA80425FB  # what root in a container may do unless something else is said
_NEEDED = 1 << 6 | 1 << 7  # CAP_SETGID, CAP_SETUID


def met_its_limit(lab: Lab) -> Outcome:
    """The container in which the kernel has killed for want of memory."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = lab.answer.strip().lstrip("/")
    for container in lab.engine.containers(all=True):
        if _LABEL not in container.labels:
            continue
        is_its_id = len(given) > 3 and container.id.startswith(given)  # its beginning
        if given != container.name and not is_its_id:
            continue
        if container.state.oom_killed:
            return lab.passed("There the kernel has killed, and noted why.")
        if container.state.exit_code == _KILLED:
            return lab.failed("It has ended with 137, too, and had memory left.")
    return lab.failed("No step that ended with 137 has left a container of this name.")


def was_held(lab: Lab) -> Outcome:
    """How many programs the step could start, before it was held."""
    image = lab.image(lab.values["image"] + ":fenced")
    told = (image.content("/count") or b"").strip()
    if not told.isdigit():
        return lab.failed(
            "A container of {{image}}:fenced finds no number in /count: the step was "
            "not made as it stands there."
        )
    count, most = int(told), int(lab.values["most"])
    if count >= _ALL_STARTED:
        return lab.failed(
            "The step of {{image}}:fenced has started all 60 programs: nothing has "
            "held it."
        )
    if count > most:
        return lab.failed(
            "The step was held, but it could start more than {{most}} programs.",
            earned=1,
        )
    if count < most - _SPARE:
        return lab.failed(
            "The step was held, but too soon: {{most}} processes would be allowed.",
            earned=1,
        )
    return lab.passed("The step was held where it should be, and the build went on.")


def had_little_power(lab: Lab) -> Outcome:
    """Another user has said who it is, and the step could do little besides."""
    image = lab.image(lab.values["image"] + ":lean")
    if b"(nobody)" not in (image.content("/who") or b""):
        return lab.failed(
            "In {{image}}:lean, /who does not tell of nobody: the step was not made as "
            "it stands there."
        )
    powers = _powers(image)
    if powers is None:
        return lab.failed("A container of {{image}}:lean finds no CapEff in /powers.")
    if powers & _USUAL == _USUAL:
        return lab.failed(
            "The step had all that root in a container usually has: nothing was taken "
            "away."
        )
    if more := powers & ~_NEEDED:
        return lab.failed(
            "The step had less than usual, and still more than it needs, by so many "
            "capabilities: {subject}.",
            earned=2,
            subject=str(more.bit_count()),
        )
    return lab.passed("It could do what it had to, and no more.")


def _powers(image: ImageView) -> int | None:
    """The capabilities that the step had, as a number; None if it did not note them."""
    words = (image.content("/powers") or b"").split()
    if len(words) != 2 or words[0] != b"CapEff:":
        return None
    try:
        return int(words[1], 16)
    except ValueError:
        return None
