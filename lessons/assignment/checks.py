"""The visible checks: students have them, and `lab submit` runs them."""

from labshell.grading.work import Outcome, Work


def shows_the_word(work: Work) -> Outcome:
    content = work.image(f"{work.values['name']}:clean").content("/srv/word")
    if content is None:
        return work.failed("The image shows no file /srv/word.")
    if content.decode(errors="replace").strip() != work.values["word"]:
        return work.failed("Something else is in /srv/word.", earned=1)
    return work.passed("A container of the image sees the word.")


def begins_with_busybox(work: Work) -> Outcome:
    lines = work.file("Dockerfile").decode(errors="replace").splitlines()
    if any(line.split()[:2] == ["FROM", "busybox"] for line in lines):
        return work.passed("It begins with busybox.")
    return work.failed("No line says FROM busybox.")


def counts_its_layers(work: Work) -> Outcome:
    layers = work.image(f"{work.values['name']}:clean").layers
    return work.compare_answer(str(len(layers)))
