"""Checks for "Again, and whether at all": who runs, with which policy."""

from labshell.lessons.checks import Lab, Outcome

MOST_ATTEMPTS = 5
NEEDED = 3  # runs of the shy program, until one goes on running


def is_the_number_of_runs(lab: Lab) -> Outcome:
    """The first run is nobody's attempt, so there is one more than the policy has."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given, most = lab.answer.replace(" ", ""), lab.values["most"]
    if given in (str(int(most) + 1), f"{most}+1"):
        return lab.passed("One run that you ask for, and then what the policy allows.")
    if given == most:
        return lab.failed(
            "This is how often the policy has run it. Who has run it before that?"
        )
    if given == "1":
        return lab.failed("So it would be with the policy `no`.")
    if given.isdecimal() and int(given) > int(most):
        return lab.failed("It has given up earlier.")
    return lab.failed("It is another number.")


def shy_is_up(lab: Lab) -> Outcome:
    """It runs, and its policy is patient, but not for ever."""
    shy = lab.container(lab.values["name"] + "-shy", lost=False)
    if "echo try >> /tries" not in " ".join(shy.command):
        return lab.failed("{{name}}-shy runs another program than the one it had.")
    policy, _, most = shy.restart_policy.partition(":")
    tries = (shy.in_read_write_layer("/tries") or b"").count(b"\n")
    up = shy.status == "running" and tries >= NEEDED
    if up and policy == "no":
        return lab.failed(
            "{{name}}-shy runs, because you were patient. With the policy no, nobody "
            "will be the next time.",
            earned=1,
        )
    if up and (policy != "on-failure" or not 1 <= int(most or 0) <= MOST_ATTEMPTS):
        return lab.failed(
            "{{name}}-shy runs, but its policy, {subject}, does not give up after five "
            "attempts at the latest.",
            earned=1,
            subject=shy.restart_policy,
        )
    if up:
        return lab.passed("{{name}}-shy runs, and somebody is patient, within reason.")
    if policy != "no" and shy.status == "exited":
        return lab.failed(
            "{{name}}-shy would be run again now, but it does not run: a policy holds "
            "from the next start on.",
            earned=1,
        )
    if shy.status != "exited":
        return lab.failed("{{name}}-shy is between two attempts.")
    return lab.failed("{{name}}-shy has failed, and nobody runs it again.")


def lost_is_well(lab: Lab) -> Outcome:
    """Its program runs, since it has found what it was looking for."""
    lost = lab.container(lab.values["name"] + "-lost", lost=False)
    if "test -s /where" not in " ".join(lost.command):
        return lab.failed("{{name}}-lost runs another program than the one it had.")
    if not lost.in_read_write_layer("/where"):
        return lab.failed(
            "{{name}}-lost ends with 2, every time. No policy can change that."
        )
    if lost.status != "running":
        return lab.failed(
            "{{name}}-lost has its file. It only has to be started.", earned=2
        )
    return lab.passed("{{name}}-lost has found what it was looking for, and runs.")
