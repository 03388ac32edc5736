#!/usr/bin/env bash
# setup.sh - run once in /autograder/source, when Gradescope builds the image.
#
# A Python of 3.11 or later, and in an environment of its own what labshell reads
# assignments and layers with. Nothing of it is asked for again when work is graded.
set -euo pipefail
here=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

good='import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))'

find_python() {
    local one
    for one in python3 python3.13 python3.12 python3.11; do
        if command -v "$one" >/dev/null && "$one" -c "$good" 2>/dev/null; then
            echo "$one"
            return
        fi
    done
    return 1
}

# Ubuntu 24.04 has a Python that is new enough, 22.04 an older one and python3.11.
if ! python=$(find_python); then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y --no-install-recommends python3-venv ||
        echo "setup.sh: no python3-venv" >&2
    find_python >/dev/null ||
        apt-get install -y --no-install-recommends python3.11 python3.11-venv
    python=$(find_python)
fi

"$python" -m venv --clear "$here/venv"
"$here/venv/bin/python" -m pip install --disable-pip-version-check --no-input \
    -r "$here/requirements.txt"

# Compiled once, so that no submission waits for it.
"$here/venv/bin/python" -m compileall -q "$here/labshell"
