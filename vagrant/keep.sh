#!/usr/bin/env bash
# keep.sh - a student's work, out of the machine and into another one.
#
#   keep.sh pack             write the work to standard output: a tar, gzip, base64
#   keep.sh came             was work brought into this machine before? yes or no
#   keep.sh bring ARCHIVE    bring in what was packed; ARCHIVE is removed
#   keep.sh begun            from now on, this machine's work is the newest there is
#
# The host sends this file over SSH and runs it as root: so it needs nothing of what is
# installed, and fits the host's side of it, work.rb. The work is two directories:
#
#   ~/work                       what the student makes
#   ~/.local/share/labshell      how far the lessons have been taken
#
# Nothing newer is overwritten. Where both sides have a file, the newer one stays in its
# place, and the whole of the older work is put beside it, as ~/work/as-it-was-TIME.
#
# man: tar(1), cp(1) on --update
set -euo pipefail

MARK=/var/lib/labshell-work/came

stop() {
    echo "$*" >&2
    exit 1
}

student=${SUDO_USER:-root}
home=$(getent passwd "$student" | cut -d : -f 6)

# pack: names in order and without the times of reading, so that the same work makes the
# same archive. Files may change meanwhile: tar then says 1, and that is no failure.
pack() {
    local status found=()
    [ ! -d "$home/work" ] || found+=(-C "$home" work)
    [ ! -d "$home/.local/share/labshell" ] || found+=(-C "$home/.local/share" labshell)
    [ ${#found[@]} -gt 0 ] || found=(-T /dev/null)
    set +e
    tar -c --sort=name --numeric-owner --xattrs --sparse --one-file-system \
        --pax-option=delete=atime,delete=ctime "${found[@]}" |
        gzip -1n | base64 -w 65536
    status=${PIPESTATUS[*]}
    echo "end $status"
}

came() {
    if [ -e "$MARK" ]; then echo yes; else echo no; fi
}

begun() {
    mkdir -p "${MARK%/*}"
    date -u +%Y%m%dT%H%M%SZ >"$MARK"
}

bring() {
    local archive=$1 place newer
    place=$(mktemp -d /var/tmp/labshell-work.XXXXXX)
    # shellcheck disable=SC2064 # the names as they are now
    trap "rm -rf -- '$place' '$archive'" EXIT
    tar -C "$place" -xzp --same-owner --numeric-owner --xattrs -f "$archive" ||
        stop "the archive could not be unpacked"
    newer=$(merge "$place/work" "$home/work"
        merge "$place/labshell" "$home/.local/share/labshell")
    if [ -n "$newer" ]; then
        newer=$home/work/as-it-was-$(date -u +%Y%m%dT%H%M%SZ)
        own "$home/work"
        mv "$place" "$newer"
        chmod 755 "$newer"
        echo "Some files here were newer, and stay. All that was brought is in $newer."
    fi
    begun
}

# merge FROM TO: copy what is missing or newer; print what is different all the same.
merge() {
    [ -d "$1" ] || return 0
    own "$2"
    cp -a --update --no-target-directory "$1" "$2"
    diff -rq --no-dereference "$1" "$2" | grep -v "^Only in $2" || true
}

# own DIRECTORY: make it and what is missing above it, as the student's.
own() {
    [ ! -d "$1" ] || return 0
    own "$(dirname -- "$1")"
    install -d -o "$student" -g "$(id -gn "$student")" "$1"
}

main() {
    [ -d "$home" ] || stop "$student has no home directory"
    case ${1-} in
        pack) pack ;;
        came) came ;;
        bring) bring "$2" ;;
        begun) begun ;;
        *) stop "keep.sh: pack, came, bring ARCHIVE or begun" ;;
    esac
}

# All of this may be on standard input: nobody else should read there.
main "$@" </dev/null
exit
