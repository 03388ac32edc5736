"""Checks for "A process, and what it is shown": they compare inodes of namespaces."""

from labshell.lessons.checks import Lab, Outcome
from labshell.lessons.processes import KINDS, own_namespaces

HOSTNAME = "kernel.hostname"
WALLS = ("pid", "uts", "ipc")


def is_its_number(lab: Lab) -> Outcome:
    """The number given is that of the container's process on this machine."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    name, given = lab.values["name"], lab.answer.strip()
    if given == str(lab.container(name).process.pid):
        return lab.passed("It is: the process that is number 1 inside.")
    if given == "1":
        return lab.failed(
            "1 is its number inside. On the machine, number 1 is another process."
        )
    for other in (f"{name}-leaky", f"{name}-bench"):
        if given == str(lab.container(other).process.pid):
            return lab.failed("This is the process of {subject}.", subject=other)
    return lab.failed("No process of {{name}} has this number on the machine.")


def is_the_shared_one(lab: Lab) -> Outcome:
    """The kind given is the one that the careless container shares."""
    if lab.answer is None:
        return lab.failed("No answer yet: `:answer …`.")
    given = lab.answer.strip().casefold()
    kind = {"mnt": "mount", "net": "network"}.get(given, given)
    if kind == lab.values["kind"]:
        return lab.passed("It is: the number in the brackets is the machine's own.")
    if kind == "user":
        return lab.failed(
            "This one it does share, but so does every container here, {{name}} too. "
            "Another one is missing."
        )
    if kind in KINDS:
        return lab.failed("Of this kind, {{name}}-leaky has a namespace of its own.")
    return lab.failed("This is no kind of namespace that you have been told of.")


def leak_is_mended(lab: Lab) -> Outcome:
    """A running container of that name shares none of the three with the machine."""
    process = lab.container(lab.values["name"] + "-leaky").process
    shared = [kind for kind in WALLS if process.shares(kind, own_namespaces())]
    if shared:
        return lab.failed(
            "{{name}}-leaky still shares with the machine: {subject}.",
            subject=", ".join(shared),
        )
    return lab.passed("{{name}}-leaky runs in pid, uts and ipc namespaces of its own.")


def doctor_looks_in(lab: Lab) -> Outcome:
    """It shares the pid namespace with the patient, and nothing else."""
    patient = lab.container(lab.values["name"]).process.namespaces
    doctor = lab.container(lab.values["name"] + "-doctor", lost=False).process
    if doctor.shares("pid", own_namespaces()):
        return lab.failed(
            "{{name}}-doctor sees the processes of {{name}}, and all others of the "
            "machine too."
        )
    if not doctor.shares("pid", patient):
        return lab.failed(
            "{{name}}-doctor has other process numbers than {{name}}: it does not see "
            "the processes in there."
        )
    for kind in ("uts", "ipc"):
        if doctor.shares(kind, patient) or doctor.shares(kind, own_namespaces()):
            return lab.failed(
                "{{name}}-doctor sees the processes of {{name}}, but it has no "
                "{subject} namespace of its own.",
                earned=1,
                subject=kind,
            )
    return lab.passed(
        "{{name}}-doctor sees the processes of {{name}}, and has a name of its own."
    )


def island_is_there(lab: Lab) -> Outcome:
    """A process of the bench has another uts namespace, and the name in it."""
    bench = lab.container(lab.values["name"] + "-bench")
    own, host = bench.process, lab.values["host"]
    if own.parameter(HOSTNAME) == host:
        return lab.failed("All of {{name}}-bench is called {{host}} now.")
    others = [p for p in bench.processes if not p.shares("uts", own.namespaces)]
    if not others:
        return lab.failed(
            "No process in {{name}}-bench is in another uts namespace than the rest."
        )
    if not any(process.parameter(HOSTNAME) == host for process in others):
        return lab.failed(
            "A process in {{name}}-bench is in a uts namespace of its own, but the "
            "name in it is not {{host}}.",
            earned=2,
        )
    return lab.passed(
        "For one process in {{name}}-bench the machine is called {{host}}, for the "
        "others it is not."
    )
