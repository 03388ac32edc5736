"""A machine that comes to nothing says so, and shows its console."""

from pathlib import Path

import pytest

from tests.vm import boot, image


@pytest.mark.asked("--vm")
@pytest.mark.patience(600)
@pytest.mark.require("root", "qemu-system-x86_64", "qemu-img", "mmdebstrap", "cpio")
def test_a_machine_that_finds_nothing_on_its_disk_has_no_result(tmp_path: Path) -> None:
    real = image.of("trixie")
    broken = image.Image(directory=tmp_path / "image")
    broken.directory.mkdir()
    broken.kernel.symlink_to(real.kernel)
    broken.initrd.symlink_to(real.initrd)
    broken.disk.write_bytes(bytes(1 << 20))
    with pytest.raises(boot.NoResult, match="Kernel panic"):
        boot.run(broken, "true", [], place=tmp_path, seconds=300)
