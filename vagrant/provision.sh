#!/usr/bin/env bash
# provision.sh - make a Debian or Ubuntu machine one for learning with labshell.
#
#   sudo vagrant/provision.sh        in a checkout, on a machine that is yours to change
#
# `vagrant up` runs it, cloud-init.yaml runs it, and you may. Running it again completes
# what was interrupted, and brings in a checkout that has changed. In order:
#
#   the clock      a machine that slept is in the past, and then nothing can be verified
#   the machine    matching.sh: kernel, systemd, control groups, namespaces
#   packages       packages.sh: what is not there; a network is used only if need be
#   /opt/labshell  a copy of the checkout, root's; `./lab` sets itself up in it
#   lab, labshell  on everybody's PATH: become-root hands them to sudo
#   the student    a folder ~/work, a greeting at login, TAB, sudo
#   after a start  labshell-resume.service
#   labd           its units, for who wants them: systemctl enable --now labd.socket
#
# What goes wrong is told in one line, and in a second one what to do about it.
#
# LAB_STUDENT=NAME     whose machine it is; else who typed sudo, else user 1000
# LAB_WHEELS=DIR       Python packages to install from, with no network; else
#                      vagrant/wheels of the checkout, if it is there
# LAB_HOST_TIME=SECS   what time it was when the host began: seconds since 1970
set -euo pipefail

HOME_DIRECTORY=/opt/labshell
NEEDED_MB=1000 # of disk: the packages, labshell, and a first image or two

# shellcheck source-path=SCRIPTDIR source=packages.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"

say() {
    echo "labshell: $*"
}

# stop WHAT TO-DO: the end.
stop() {
    echo "labshell: $1" >&2
    echo "labshell: to do: $2" >&2
    exit 1
}

main() {
    [ "$(id -u)" = 0 ] || stop "provisioning is root's work" "sudo $0"
    source=$(cd "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
    one_at_a_time
    settle_clock
    enough_disk
    student=$(find_student)
    bash "$source/vagrant/matching.sh" kernel systemd cgroups overlay namespaces
    finish_interrupted
    install_packages
    copy_checkout
    set_up
    install_commands
    welcome_student
    enable_units
    "$HOME_DIRECTORY/vagrant/matching.sh"
    "$HOME_DIRECTORY/vagrant/versions.sh" >/etc/labshell/machine.new
    mv /etc/labshell/machine.new /etc/labshell/machine
    say "ready: labshell is in $HOME_DIRECTORY, for $student"
}

# Two at once would pull packages from under each other.
one_at_a_time() {
    exec 9>/run/labshell-provision.lock
    flock -n 9 && return
    say "another provisioning is at work; waiting for it"
    flock -w 1800 9 ||
        stop "the other provisioning has not ended within half an hour" \
            "look what it does (ps axf), end it, and run this again"
}

# settle_clock: no earlier than what the host, the checkout and the last package say.
#
# After a sleep of the host the machine goes on where it was. Then signatures are from
# the future, and apt and pip refuse them with words about certificates.
settle_clock() {
    local now known
    now=$(date +%s)
    known=$(known_time)
    if [ "$now" -lt "$known" ]; then
        say "the clock was $((known - now)) seconds behind; setting it"
        set_clock "$known"
    elif [ "${LAB_HOST_TIME:-0}" -gt 0 ] &&
        [ "$now" -gt $((LAB_HOST_TIME + 86400)) ]; then
        say "the clock was a day or more ahead of the host's; setting it"
        set_clock "$LAB_HOST_TIME"
    fi
}

# known_time: it cannot be earlier than this.
known_time() {
    {
        echo "${LAB_HOST_TIME:-0}"
        stat -c %Y "$source/lab" /var/lib/dpkg/status
    } | sort -n | tail -n 1
}

set_clock() {
    date -s "@$1" >/dev/null ||
        stop "the clock is wrong and cannot be set" "set the host's, and start again"
    # A service that keeps the clock goes on from here.
    systemctl try-restart systemd-timesyncd chrony 2>/dev/null || true
}

enough_disk() {
    local place free
    for place in /opt /var; do
        free=$(df -Pm "$place" | awk 'NR == 2 { print $4 }')
        [ "$free" -ge "$NEEDED_MB" ] ||
            stop "only $free MB are free for $place, of $NEEDED_MB needed" \
                "make room (apt-get clean, lab system prune), or use a larger disk"
    done
}

# find_student: the name of the user who learns here.
find_student() {
    local name=${LAB_STUDENT:-${SUDO_USER:-}}
    if [ -z "$name" ] || [ "$name" = root ]; then
        name=$(id -un 1000 2>/dev/null) || name=root
    fi
    id -u -- "$name" >/dev/null 2>&1 ||
        stop "there is no user $name here" "name one: LAB_STUDENT=NAME"
    echo "$name"
}

# --- labshell itself ---

# copy_checkout: all or nothing. .venv is kept, wherever an interruption has left it:
# ./lab knows whether it is still good, and a new one might need the network.
copy_checkout() {
    local new=$HOME_DIRECTORY.new old=$HOME_DIRECTORY.old
    [ "$source" != "$HOME_DIRECTORY" ] || return 0
    [ -d "$HOME_DIRECTORY" ] || [ ! -d "$old" ] || mv "$old" "$HOME_DIRECTORY"
    keep_venv "$old"
    rm -rf "$new" "$old"
    mkdir "$new"
    tar -C "$source" -c --owner=0 --group=0 --mode='u=rwX,go=rX' \
        --exclude=./.git --exclude=./.venv --exclude=__pycache__ --exclude='.*_cache' \
        --exclude=./vagrant/.vagrant --exclude=./vagrant/kept \
        --exclude=./vagrant/submissions --exclude=./vagrant/wheels --exclude='*.box' . |
        tar -C "$new" -x
    # A checkout on Windows forgets which files are programs.
    chmod 755 "$new/lab" "$new/labd" "$new/labshell-runc" "$new"/vagrant/*.sh \
        "$new/vagrant/become-root"
    [ ! -d "$HOME_DIRECTORY" ] || mv "$HOME_DIRECTORY" "$old"
    mv "$new" "$HOME_DIRECTORY"
    keep_venv "$old"
    rm -rf "$old"
}

keep_venv() {
    [ ! -d "$1/.venv" ] || [ -d "$HOME_DIRECTORY/.venv" ] ||
        mv "$1/.venv" "$HOME_DIRECTORY"
}

# set_up: ./lab's own set-up; it names its packages itself, and what it lacks.
set_up() {
    local wheels=${LAB_WHEELS:-$source/vagrant/wheels}
    [ -d "$wheels" ] || wheels=
    LAB_WHEELS=$wheels "$HOME_DIRECTORY/lab" --version ||
        stop "labshell could not set itself up: see above" \
            "mend that, then run this again (vagrant provision)"
}

install_commands() {
    install -m 755 "$HOME_DIRECTORY/vagrant/become-root" /usr/local/bin/lab
    ln -sfn lab /usr/local/bin/labshell
    ln -sfn "$HOME_DIRECTORY/labd" /usr/local/sbin/labd
    ln -sfn "$HOME_DIRECTORY/labshell-runc" /usr/local/sbin/labshell-runc
    install -d /etc/labshell /etc/bash_completion.d
    "$HOME_DIRECTORY/lab" completion bash >/etc/bash_completion.d/labshell.new
    mv /etc/bash_completion.d/labshell.new /etc/bash_completion.d/labshell
}

# --- The student ---

welcome_student() {
    local home shell
    IFS=: read -r _ _ _ _ _ home shell < <(getent passwd "$student")
    # Some boxes give dash, which has neither TAB nor a history.
    case $shell in
        */sh | */dash) usermod --shell /bin/bash "$student" ;;
    esac
    [ -d "$home/work" ] ||
        install -d -o "$student" -g "$(id -gn "$student")" "$home/work"
    install -m 644 "$HOME_DIRECTORY/vagrant/greeting.sh" /etc/profile.d/labshell.sh
    allow_sudo
}

# allow_sudo: the shell that labshell opens is root's, so root is what a student is.
allow_sudo() {
    [ "$student" != root ] || return 0
    command -v visudo >/dev/null || fetch sudo || no_packages sudo
    umask 077
    echo "$student ALL=(ALL:ALL) NOPASSWD: ALL" >/etc/labshell/sudoers
    visudo -cqf /etc/labshell/sudoers ||
        stop "sudo cannot be told of $student" "choose another name: LAB_STUDENT=NAME"
    install -m 440 /etc/labshell/sudoers /etc/sudoers.d/labshell
    rm /etc/labshell/sudoers
    umask 022
}

enable_units() {
    groupadd --system --force labshell
    install -m 644 -t /etc/systemd/system "$HOME_DIRECTORY"/vagrant/*.service \
        "$HOME_DIRECTORY"/vagrant/*.socket
    systemctl daemon-reload
    systemctl enable --quiet labshell-resume.service
}

# A test reads the functions, and calls them one by one.
[ "${BASH_SOURCE[0]}" != "$0" ] || main
