"""Start a virtual machine, give it one job, and take the result from its disk.

    ┌ this machine ─────────────────┐      ┌ the guest ──────────────────────┐
    │ job.tar      command, src/    │─────▶│ /dev/vdb     unpacked into /job │
    │ result.tar   output, status   │◀─────│ /dev/vdc     written at the end │
    │ root.qcow2   what it changed  │◀─────│ /dev/vda     /                  │
    │   over the image's root.ext4  │─────▶│                                 │
    │ console.log  kernel, systemd  │◀─────│ /dev/ttyS0   serial ports       │
    │ job.log      the job, live    │◀─────│ /dev/ttyS1                      │
    └───────────────────────────────┘      └─────────────────────────────────┘

There is no network between them. The image stays as it is: the guest writes to a
qcow2 file that holds only the blocks that differ, as a container's upper directory
holds only the files.

The processor is QEMU's TCG, a translator of machine code, and never KVM: it is the
same everywhere, in a rented machine too, where KVM is missing or hangs. The price:
20 times slower, or so. A machine that is this slow finds races that no other does.

man: qemu(1), qemu-img(1), setpriv(1)
Try it: `sudo .venv/bin/python -m tests.vm bookworm 'cat /proc/version'`
"""

import contextlib
import io
import subprocess
import tarfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.vm.image import Image
from tests.workshop import HOME

MEMORY = 2048  # MiB
PROCESSORS = 2
STARTED = 150  # seconds until the job must have begun; usual are 10
RESULT = 256 << 20  # bytes there are for it

# What the kernel is told. It ends, and QEMU with it, instead of waiting for somebody
# who reads its panic; and it leaves out defences that are slow to emulate.
COMMAND_LINE = (
    "console=ttyS0 quiet panic=-1 mitigations=off nokaslr audit=0 "
    "random.trust_cpu=on systemd.show_status=false"
)


class NoResult(Exception):
    """The machine ended, or was ended, and there was no result on its disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a job left: its exit status, what it printed, and the files in its $OUT."""

    status: int
    output: str
    files: dict[str, bytes]


def run(
    image: Image, command: str, sources: Iterable[Path], *, place: Path, seconds: float
) -> Result:
    """Boot, run the shell script `command` beside `sources`, switch off.

    `sources` are files of the project; in the guest they stand in the folder where
    the command runs. `place` is a folder for the disks, which must be empty.
    """
    _write_job(place / "job.tar", command, sources)
    with (place / "result.tar").open("wb") as file:
        file.truncate(RESULT)
    overlay = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw"]
    overlay += ["-b", str(image.disk), str(place / "root.qcow2")]
    subprocess.run(overlay, check=True)
    with _machine(image, place) as machine:
        why = _wait(machine, place / "job.log", seconds)
    return _read_result(place, why)


def _write_job(target: Path, command: str, sources: Iterable[Path]) -> None:
    with tarfile.open(target, "w") as archive:
        script = tarfile.TarInfo("command")
        script.size = len(command.encode())
        archive.addfile(script, io.BytesIO(command.encode()))
        for path in sources:
            archive.add(path, f"src/{path.relative_to(HOME)}", recursive=False)


def _arguments(image: Image, place: Path) -> list[str]:
    """The machine, as QEMU is told it."""
    drive = "if=virtio,cache=unsafe"  # a machine of one job need not outlive a crash
    return [
        "qemu-system-x86_64",
        *("-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max"),
        *("-smp", str(PROCESSORS), "-m", str(MEMORY)),
        *("-nodefaults", "-no-user-config", "-no-reboot"),
        *("-display", "none", "-monitor", "none", "-nic", "none"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        *("-append", COMMAND_LINE),
        *("-drive", f"file={place}/root.qcow2,format=qcow2,{drive}"),
        *("-drive", f"file={place}/job.tar,format=raw,{drive},readonly=on"),
        *("-drive", f"file={place}/result.tar,format=raw,{drive}"),
        *("-serial", f"file:{place}/console.log"),
        *("-serial", f"file:{place}/job.log"),
        *(
            "-device",
            "virtio-rng-pci",
        ),  # random numbers: nothing waits for them
    ]


@contextlib.contextmanager
def _machine(image: Image, place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running machine, which ends with this block, and with this process."""
    # The kernel kills it if we are killed, and have no time to.
    tied = ["setpriv", "--pdeathsig", "KILL", "--"]
    with (place / "qemu.log").open("wb") as log:
        machine = subprocess.Popen(
            [*tied, *_arguments(image, place)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield machine
    finally:
        machine.kill()
        machine.wait()


def _wait(machine: subprocess.Popen[bytes], log: Path, seconds: float) -> str:
    """Until the machine is off, or too slow: how that went, in words."""
    begun = time.monotonic()
    with contextlib.suppress(subprocess.TimeoutExpired):
        machine.wait(STARTED)
    if machine.returncode is None and not log.stat().st_size:
        return f"the job has not begun within {STARTED} seconds"
    try:
        status = machine.wait(max(0.0, begun + seconds - time.monotonic()))
    except subprocess.TimeoutExpired:
        return f"the job was not done within {seconds:.0f} seconds"
    return f"the machine is off, QEMU's exit status is {status}"


def _read_result(place: Path, why: str) -> Result:
    try:
        with tarfile.open(place / "result.tar") as archive:
            members = [member for member in archive if member.isfile()]
            files = {m.name.removeprefix("./"): _content(archive, m) for m in members}
        status = int(files.pop("status"))
        output = files.pop("output").decode(errors="replace")
    except (tarfile.TarError, KeyError, ValueError) as error:
        logs = (place / name for name in ("qemu.log", "console.log", "job.log"))
        ends = "".join(f"\n--- {log.name}\n{_end(log)}" for log in logs)
        raise NoResult(f"no result: {why}{ends}") from error
    return Result(status=status, output=output, files=files)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None  # it is a file
    return file.read()


def _end(log: Path) -> str:
    """The last lines of what a serial port said: a terminal's, with \\r\\n."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-60:])
