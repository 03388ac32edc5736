"""The hidden checks: they never leave this folder."""

from labshell.grading.work import Outcome, Work


def keeps_no_token(work: Work) -> Outcome:
    image = work.image(f"{work.values['name']}:clean")
    if image.paths_with("TOKEN="):
        return work.failed("A layer still holds the token, whether it is seen or not.")
    return work.passed("No layer holds the token.")
