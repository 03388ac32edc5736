"""Checks for "Held still": who is frozen, who has ended, and who was started anew."""

from labshell.lessons.checks import Lab, Outcome


def mill_is_still(lab: Lab) -> Outcome:
    """Its process is the first one, and gets no processor."""
    mill = lab.container(lab.values["name"] + "-mill")
    if not mill.running:
        return lab.failed("{{name}}-mill has ended, and what it had found is lost.")
    if not mill.frozen:
        return lab.failed("{{name}}-mill still gets the processor now and then.")
    if mill.has_ended:
        return lab.failed(
            "{{name}}-mill is held still, but it was started anew, and what it had "
            "found is lost."
        )
    return lab.passed("{{name}}-mill gets no processor, and has all that it had.")


def there_is_room(lab: Lab) -> Outcome:
    """It has no process, and the layer that it had."""
    mill = lab.container(lab.values["name"] + "-mill", lost=False)
    if mill.running:
        return lab.failed("{{name}}-mill has a process, and that has its memory.")
    if mill.in_read_write_layer("/notes") is None:
        return lab.failed(
            "{{name}}-mill takes no memory, but this is a new container: /notes went "
            "with the old one.",
            earned=1,
        )
    return lab.passed("{{name}}-mill takes no memory, and its file is there.")


def shop_answers(lab: Lab) -> Outcome:
    """It gets the processor, and is the process that it was."""
    shop = lab.container(lab.values["name"] + "-shop")
    _ = shop.process
    if shop.frozen:
        return lab.failed(
            "{{name}}-shop is still paused: it listens, and does not answer."
        )
    if shop.has_ended:
        return lab.failed(
            "{{name}}-shop answers, but it was started anew: the baskets of its "
            "visitors were in its memory.",
            earned=1,
        )
    return lab.passed("{{name}}-shop answers, and has lost nothing.")
