"""Checks for "What need not be done again": which layers two images share."""

from labshell.lessons.checks import ImageView, Lab, Outcome

_MADE = ("/parts", "/tools")
_FILES = ("barley", "maize", "millet", "oats", "rye")


def has_other_news(lab: Lab) -> Outcome:
    """Other news than the first image has, and no old ones below."""
    fresh, old = (
        lab.image(f"{lab.values['image']}:{tag}") for tag in ("fresh", "news")
    )
    news = fresh.content("/news")
    if not (news or b"").strip():
        return lab.failed("A container of {{image}}:fresh finds no /news.")
    if news == old.content("/news"):
        return lab.failed(
            "{{image}}:fresh has the old news: the step was not run, its image was "
            "found."
        )
    if set(old.layers) <= set(fresh.layers):
        return lab.failed(
            "{{image}}:fresh has fresh news, and the old ones in a layer below.",
            earned=1,
        )
    return lab.passed("The step was run again, and has made another layer.")


def shares_the_parts(lab: Lab) -> Outcome:
    """Two versions, and the same layers."""
    one, two = (lab.image(f"{lab.values['image']}:{tag}") for tag in ("1", "2"))
    for number, image in (("1", one), ("2", two)):
        if f"VERSION={number}" not in image.environment:
            return lab.failed(
                "A container of {{image}}:{subject} has no variable VERSION={subject}.",
                subject=number,
            )
    missing = _missing(one) or _missing(two)
    if missing:
        return lab.failed(
            "There is no {subject} in one of the images.", subject=missing
        )
    same = [one.content(name) == two.content(name) for name in _MADE]
    if not any(same):
        return lab.failed(
            "Both images are there, and they share nothing that was made: all of it "
            "was made twice.",
            earned=1,
        )
    if not all(same):
        return lab.failed(
            "Of parts and tools, one was made once, and the other one twice.", earned=3
        )
    return lab.passed("Two images, and parts and tools are there once.")


def _missing(image: ImageView) -> str:
    """Which of the two files an image lacks; "" if none."""
    return next((name for name in _MADE if not image.content(name)), "")


def is_the_changed_one(lab: Lab) -> Outcome:
    """The file with another content than the others."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = lab.answer.strip().rpartition("/")[2]
    if given == lab.values["changed"]:
        return lab.passed("Its content is another one, and so is its digest.")
    if given == lab.values["touched"]:
        return lab.failed(
            "Only the time of this one is new. The builder does not care."
        )
    if given in (*_FILES, "Dockerfile"):
        return lab.failed("This one is as it was.")
    return lab.failed("There is no such file in the project.")
