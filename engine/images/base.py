"""The first image, made without any network from what this machine has.

`busybox:latest` is one static program and a link to it for each of its commands; a
static program needs no library, so this is a whole root file system:

    /bin/busybox   /bin/sh, /bin/ls, …   hard links to it, as in Docker's own image
    /etc           passwd, group, shadow
    /tmp           1777; /root 0700; and some empty directories

Where there is no static busybox, `host:latest` is assembled from the machine's own
shell and core programs with the libraries that they ask for (see rootfs.py).

The same busybox gives the same bytes and the same image ID everywhere: nothing in it
depends on when, where or by whom it was made.

man: busybox(1)
Try it: `lab inspect busybox`; on another machine with the same busybox: the same ID
"""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.errors import EngineError, NotFound, from_os_error
from engine.images import elf
from engine.images.importing import architecture
from engine.images.rootfs import assemble
from engine.images.store import ImageStore
from engine.images.stored import StoredImage
from engine.oci.image import History, ImageConfig, ImageDefaults

BUSYBOX, HOST = "busybox:latest", "host:latest"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PLACES = ("/bin/busybox", "/usr/bin/busybox", "/sbin/busybox", "/usr/sbin/busybox")

# path -> mode, uid and gid
_DIRECTORIES = {
    "bin": (0o755, 0),
    "dev": (0o755, 0),
    "etc": (0o755, 0),
    "home": (0o755, 65534),
    "proc": (0o555, 0),
    "root": (0o700, 0),
    "sys": (0o555, 0),
    "tmp": (0o1777, 0),
    "usr": (0o755, 0),
    "usr/bin": (0o755, 0),
    "usr/sbin": (0o755, 0),
    "var": (0o755, 0),
    "var/spool": (0o755, 0),
    "var/spool/mail": (0o755, 8),
    "var/www": (0o755, 33),
}
_USERS = (
    "root:x:0:0:root:/root:/bin/sh",
    "daemon:x:1:1:daemon:/usr/sbin:/bin/false",
    "bin:x:2:2:bin:/bin:/bin/false",
    "sys:x:3:3:sys:/dev:/bin/false",
    "sync:x:4:100:sync:/bin:/bin/sync",
    "mail:x:8:8:mail:/var/spool/mail:/bin/false",
    "www-data:x:33:33:www-data:/var/www:/bin/false",
    "operator:x:37:37:Operator:/var:/bin/false",
    "nobody:x:65534:65534:nobody:/home:/bin/false",
)
_GROUPS = (
    "root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 kmem:9 wheel:10 "
    "cdrom:11 dialout:18 floppy:19 video:28 audio:29 tape:32 www-data:33 operator:37 "
    "utmp:43 plugdev:46 staff:50 lock:54 netdev:82 users:100 nobody:65534"
).split()
_HOST_PROGRAMS = (
    "sh cat chgrp chmod chown cp cut date dd df du echo env false find grep head "
    "hostname id kill ln ls mkdir mkfifo mknod mktemp mount mv nice printf ps pwd "
    "readlink rm rmdir sed seq sleep sort stat stty sync tail tee test timeout touch "
    "tr true tty umount uname uniq wc which whoami"
).split()


def ensure_base_image(store: ImageStore) -> StoredImage | None:
    """The image that everything starts from; made if the store does not have it.

    None if this machine has neither a static busybox nor a shell.
    """
    for name in (BUSYBOX, HOST):
        try:
            return store.find(name)
        except NotFound:
            continue
    busybox = find_busybox()
    if busybox:
        return _make(store, BUSYBOX, busybox, lambda root: _fill_busybox(root, busybox))
    shell = _which("sh")
    if shell:
        return _make(store, HOST, shell, _fill_host)
    return None


def find_busybox() -> Path | None:
    """This machine's static busybox: one that names no loader."""
    for path in map(Path, _PLACES):
        if path.is_file() and elf.is_elf(path) and not elf.read(path).interpreter:
            return path
    return None


def _which(program: str) -> Path | None:
    for directory in os.get_exec_path():
        path = Path(directory, program)
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def _make(
    store: ImageStore, name: str, source: Path, fill: Callable[[Path], None]
) -> StoredImage:
    """Fill a directory, pack it as a layer, and make an image of that."""
    made = int(source.stat().st_mtime)
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made))
    try:
        with store.writing(), store.snapshots.scratch() as root:
            fill(root)
            _set_times(root, made)
            layer = store.add_layer(root)
            config = ImageConfig(
                architecture=architecture(),
                created=created,
                defaults=ImageDefaults(env=(_PATH,), cmd=("sh",)),
                diff_ids=(layer.diff_id,),
                history=(
                    History(created=created, created_by=f"ADD {source} and its links"),
                    History(created=created, created_by='CMD ["sh"]', empty_layer=True),
                ),
            )
            return store.add(config, [layer.descriptor], name)
    except OSError as error:
        raise from_os_error(error) from error


def _fill_busybox(root: Path, busybox: Path) -> None:
    _make_directories(root)
    program = root / "bin" / "busybox"
    program.write_bytes(busybox.read_bytes())
    program.chmod(0o755)
    for applet in _applets(busybox):
        if applet != "busybox":
            os.link(program, root / "bin" / applet)
    os.symlink("../../bin/env", root / "usr" / "bin" / "env")  # for "#!/usr/bin/env"


def _applets(busybox: Path) -> list[str]:
    """The names under which this busybox knows what to do."""
    import subprocess

    try:
        result = subprocess.run(
            [busybox, "--list"], capture_output=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(
            f"{busybox} --list failed: {error}", "Install busybox-static again."
        ) from error
    names = result.stdout.decode().split()
    return sorted({name for name in names if name.strip(".") and "/" not in name})


def _fill_host(root: Path) -> None:
    # first, so that /bin is a link to usr/bin where it is one on this machine
    assemble(root, [name for name in _HOST_PROGRAMS if _which(name)])
    _make_directories(root)


def _make_directories(root: Path) -> None:
    """The directories, and who is who."""
    for path, (mode, owner) in _DIRECTORIES.items():
        directory = root / path
        if not directory.is_symlink():
            directory.mkdir(exist_ok=True)
            directory.chmod(mode)
            os.chown(directory, owner, owner)
    _write(root / "etc" / "passwd", _USERS, 0o644)
    groups = (name.replace(":", ":x:") + ":" for name in _GROUPS)
    members = {"wheel:x:10:": "wheel:x:10:root"}
    _write(root / "etc" / "group", [members.get(g, g) for g in groups], 0o644)
    shadow = [f"{user.partition(':')[0]}:*:::::::" for user in _USERS]
    _write(root / "etc" / "shadow", shadow, 0o600)


def _write(path: Path, lines: Iterable[str], mode: int) -> None:
    path.write_text("\n".join(lines) + "\n")
    path.chmod(mode)


def _set_times(root: Path, seconds: int) -> None:
    """One time for everything: the image must not depend on when it is made."""
    for directory, names, links in os.walk(root, topdown=False):
        for name in (*names, *links):
            path = Path(directory, name)
            os.utime(path, (seconds, seconds), follow_symlinks=False)
