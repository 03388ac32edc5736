"""Checks for "What a name says": which image does a name stand for?"""

from labshell.lessons.checks import Lab, Outcome


def edition(lab: Lab, name: str) -> str:
    """Which edition the image with this name or ID is."""
    return (lab.image(name).content("/edition") or b"").decode(errors="replace").strip()


def latest_has_moved(lab: Lab) -> Outcome:
    """Three names: two stand for what they stood for, and `latest` for the second."""
    shop, old, new = (lab.values[name] for name in ("shop", "old", "new"))
    if edition(lab, f"{shop}:latest") != new:
        return lab.failed("`{{shop}}` is not the second edition.")
    if edition(lab, f"{shop}:1") != old or edition(lab, f"{shop}:2") != new:
        return lab.failed(
            "`{{shop}}` is the second edition, but `{{shop}}:1` and `{{shop}}:2` are "
            "not what they were.",
            earned=1,
        )
    if lab.image(f"{shop}:latest").id != lab.image(f"{shop}:2").id:
        return lab.failed(
            "`{{shop}}` has the file of the second edition, but is another image.",
            earned=1,
        )
    return lab.passed("`{{shop}}` and `{{shop}}:2` are one image with two names.")


def is_pinned(lab: Lab) -> Outcome:
    """The container was asked for by a digest, and runs the first edition."""
    name = lab.values["shop"] + "-pinned"
    container = lab.container(name, lost=False)
    _ = container.process
    if edition(lab, container.image_id) != lab.values["old"]:
        return lab.failed("{{shop}}-pinned runs, but not the first edition.")
    asked = lab.engine.inspect(name, kind="container")["Config"]["Image"]
    if "@" not in asked:
        return lab.failed(
            "{{shop}}-pinned runs the first edition, but {subject} may mean another "
            "image one day, or on another machine nothing at all.",
            earned=1,
            subject=asked,
        )
    return lab.passed(
        "{{shop}}-pinned runs the first edition, by a name that can mean nothing else."
    )
