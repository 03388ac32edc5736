"""Run a command in a machine of the student's kind, with the project as its folder.

    sudo .venv/bin/python -m tests.vm trixie './lab doctor'

The exit status is the command's. Three quarters of a minute pass for the image, the
first time only, and ten seconds for the machine.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests import workshop
from tests.house.sources import tracked_files
from tests.vm import boot, image

# ./lab finds what it would install, and installs nothing.
ENVIRONMENT = f"ln -s /{image.VENV} .venv\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.vm", description=__doc__)
    parser.add_argument("suite", choices=image.SUITES)
    parser.add_argument("command")
    parser.add_argument("--seconds", type=float, default=600)
    asked = parser.parse_args()
    workshop.keep_cache()
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as place:
        result = boot.run(
            image.of(asked.suite),
            ENVIRONMENT + asked.command,
            tracked_files(),
            place=Path(place),
            seconds=asked.seconds,
        )
    print(result.output, end="")
    return result.status


if __name__ == "__main__":
    os.chdir(workshop.HOME)
    sys.exit(main())
