#!/usr/bin/env bash
# submission.sh - what a student hands in: plain files, and nothing else.
#
#   submission.sh waiting    was one asked for since the last was fetched? yes or no
#   submission.sh pack       write it to standard output: a tar, gzip, base64
#
#   submission/machine         the versions of this machine
#   submission/grade.json      what `lab grade --json` says
#   submission/progress.json   how far the lessons were taken
#   submission/work/…          ~/work
#   submission/left-out        what of it is no plain file, or has a name that not every
#                              system can hold
#
# Somebody will unpack this on another machine, perhaps with Windows. A link leads out
# of the directory, a device is one, and `aux` is no file name there: so they stay here.
# The host checks all of that again (submission.rb): in here, the student is root.
#
# man: tar(1) on --format=ustar
set -euo pipefail
export LC_ALL=C

ASKED=/var/lib/labshell-work/submit
LARGEST=100000000 # bytes of all files together
MOST=10000        # files and directories
# Names that some system cannot hold, or takes for something else. So it is with what is
# no UTF-8.
ODD='[[:cntrl:]<>:"\\|?*]|[. ](/|$)|.{180}'
ODD+='|/(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.[^/]*)?(/|$)'

stop() {
    echo "$*" >&2
    exit 1
}

student=${SUDO_USER:-root}
home=$(getent passwd "$student" | cut -d : -f 6)

waiting() {
    if [ -e "$ASKED" ]; then echo yes; else echo no; fi
}

pack() {
    local status
    place=$(mktemp -d /var/tmp/labshell-submission.XXXXXX)
    trap 'rm -rf -- "$place"' EXIT
    chmod 755 "$place"
    choose
    describe
    set +e
    tar -c --format=ustar --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' \
        --no-recursion --hard-dereference --transform='s,^,submission/,' \
        -C "$place" machine grade.json progress.json left-out \
        -C "$home" --null -T "$place/names" |
        gzip -1n | base64 -w 65536
    status=${PIPESTATUS[*]}
    rm -f "$ASKED"
    echo "end $status"
}

# choose: the plain files and directories of ~/work with a name fit for everywhere.
choose() {
    local size=0
    cd "$home"
    : >"$place/all"
    : >"$place/names"
    if [ -d work ] && ! [ -L work ]; then
        find work -xdev -print0 | sort -z >"$place/all"
        find work -xdev \( -type f -o -type d \) -print0 |
            { LC_ALL=C.UTF-8 grep -zax '.*' | grep -zaivE "$ODD" || true; } |
            sort -z >"$place/names"
        size=$(find work -xdev -type f -printf '%s\n' |
            awk '{ n += $1 } END { print n + 0 }')
    fi
    comm -z -23 "$place/all" "$place/names" | tr '\n\0' '?\n' >"$place/left-out"
    [ "$size" -le "$LARGEST" ] ||
        stop "work holds $size bytes; $LARGEST may be handed in"
    [ "$(tr -dc '\0' <"$place/names" | wc -c)" -le "$MOST" ] ||
        stop "work holds more than $MOST files: leave out what others can make again"
}

# describe: the machine and the points, as this machine tells them. The student's own
# file is read as the student: it may be a link to what only root may see.
describe() {
    cp /etc/labshell/machine "$place/machine" ||
        stop "this machine was not provisioned to the end: vagrant provision"
    as_student /opt/labshell/lab grade --json >"$place/grade.json" ||
        stop "lab grade has failed"
    as_student head -c 16777216 "$home/.local/share/labshell/progress.json" \
        >"$place/progress.json" 2>/dev/null || echo '{}' >"$place/progress.json"
}

as_student() {
    HOME=$home runuser -u "$student" -- "$@"
}

main() {
    [ -d "$home" ] || stop "$student has no home directory"
    case ${1-} in
        waiting) waiting ;;
        pack) pack ;;
        *) stop "submission.sh: waiting or pack" ;;
    esac
}

# All of this may be on standard input: nobody else should read there.
main "$@" </dev/null
exit
