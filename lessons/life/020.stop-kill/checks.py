"""Checks for "Asked to end, or killed": how a shop has ended, and what it has noted."""

from labshell.lessons.checks import ContainerView, Lab, Outcome

KILLED, TERMINATED = 137, 143


def _noted(shop: ContainerView) -> int:
    """What its file of sales says; the image says 0."""
    text = (shop.in_read_write_layer("/srv/sold") or b"0").decode(errors="replace")
    return int(text) if text.strip().isdecimal() else 0


def nothing_is_lost(lab: Lab) -> Outcome:
    """It has ended by itself, and both sales are in its file."""
    slow = lab.container(lab.values["name"] + "-slow")
    noted = _noted(slow)
    if slow.exit_code is None:
        return lab.failed("{{name}}-slow is open.")
    if slow.exit_code == KILLED:
        return lab.failed(
            "{{name}}-slow was killed before it had noted what it had sold: /srv/sold "
            "says {subject}.",
            subject=str(noted),
        )
    if slow.exit_code != 0:
        return lab.failed(
            "{{name}}-slow has not ended in good order, but with {subject}.",
            subject=str(slow.exit_code),
        )
    if noted < 2:
        return lab.failed(
            "{{name}}-slow has ended in good order, but it has noted {subject}: what "
            "it had sold before is lost.",
            earned=1,
            subject=str(noted),
        )
    return lab.passed("{{name}}-slow had the time it needed: both are noted.")


def it_was_told(lab: Lab) -> Outcome:
    """It was stopped, its program heard of it, and there was something to note."""
    deaf = lab.container(lab.values["name"] + "-deaf", lost=False)
    if deaf.image_id != lab.image(lab.values["name"] + ":till").id:
        return lab.failed("{{name}}-deaf was made of another image.")
    if not any("till" in word for word in deaf.command):
        return lab.failed("{{name}}-deaf ran something else than the till.")
    if deaf.exit_code is None:
        return lab.failed("{{name}}-deaf is open.")
    if deaf.exit_code == KILLED:
        return lab.failed(
            "{{name}}-deaf was killed: whoever got the signal did not end."
        )
    if deaf.exit_code == TERMINATED:
        return lab.failed(
            "{{name}}-deaf has ended at once, but by the signal: 143. The till was "
            "not told, and has noted nothing.",
            earned=1,
        )
    if deaf.exit_code != 0:
        return lab.failed(
            "{{name}}-deaf has not ended in good order, but with {subject}.",
            subject=str(deaf.exit_code),
        )
    if not _noted(deaf):
        return lab.failed(
            "{{name}}-deaf has ended in good order, but there was nothing to note: "
            "sell something first.",
            earned=2,
        )
    return lab.passed("The till was told, and has noted what it had sold.")
