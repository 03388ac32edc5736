"""What tests of pull and push have in common: who listens, what must not change."""

from pathlib import Path

from engine.engine import Engine, TransferProgress


class Heard(TransferProgress):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def says(self, line: str) -> None:
        self.lines.append(line)

    def layer(self, name: str, status: str) -> None:
        self.lines.append(f"{name}: {status}")

    def statuses(self, wanted: str) -> int:
        """How many layers have been told to be in this state."""
        return sum(line.endswith(f": {wanted}") for line in self.lines)


def store_of(engine: Engine) -> dict[Path, bytes]:
    """Every file of the store, with what is in it, and the names of all snapshots."""
    files = {
        path: path.read_bytes()
        for path in (engine.root / "images").rglob("*")
        if path.is_file()
    }
    return files | dict.fromkeys((engine.root / "snapshots").glob("*"), b"")
