#!/usr/bin/env bash
# versions.sh - which machine is this: one `name=value` a line, to compare two of them.
#
#   vagrant/versions.sh
#
# provision.sh keeps it in /etc/labshell/machine. `lab doctor` shows it, and it is part
# of a submission. `source` is a digest of the engine, the shell and the lessons: where
# it is the same, so are they.
set -euo pipefail
export LC_ALL=C

# first PROGRAM [ARG...]: the first line of what it prints; "none" if it is not there.
first() {
    command -v "$1" >/dev/null || {
        echo none
        return
    }
    "$@" 2>/dev/null </dev/null | sed -n 1p
}

# digest DIRECTORY: of the names and contents of what is run and taught.
digest() {
    cd "$1"
    find lab engine labshell lessons -type f ! -path '*/__pycache__/*' -print0 |
        sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16
}

main() {
    local home
    home=$(cd "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
    echo "provisioned=$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    echo "system=$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
    echo "kernel=$(uname -r)"
    echo "architecture=$(uname -m)"
    echo "virtualization=$(first systemd-detect-virt)"
    echo "systemd=$(first systemctl --version)"
    echo "python=$("$home/.venv/bin/python" -V)"
    echo "nft=$(first nft --version)"
    echo "docker=$(first docker --version)"
    echo "labshell=$("$home/lab" --version)"
    echo "source=$(digest "$home")"
}

main
