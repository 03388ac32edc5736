#!/usr/bin/env bash
# matching.sh - does this machine match: is it one that the lessons were written for?
#
#   vagrant/matching.sh                 every question
#   vagrant/matching.sh kernel nft      these
#
#   kernel       Linux 6.1 or later
#   systemd      is process 1, and lends the engine control groups
#   cgroups      version 2 alone, with cpu, memory, io and pids
#   overlay      layers can be stacked
#   namespaces   all seven can be made, the user namespace too
#   nft          tables can be made: networks will need them
#
# Each thing that does not match is one line, with a second one that says what to do.
# Whether it all works together is the doctor's to say: `sudo lab doctor`.
#
# man: cgroups(7), namespaces(7), unshare(1), nft(8)
set -euo pipefail

ALL=(kernel systemd cgroups overlay namespaces nft)
status=0

# no WHAT TO-DO: it does not match.
no() {
    echo "labshell: $1" >&2
    echo "labshell: to do: $2" >&2
    status=1
}

kernel() {
    local release major minor
    release=$(uname -r)
    IFS=.- read -r major minor _ <<<"$release"
    [ $((major * 1000 + minor)) -ge 6001 ] ||
        no "the kernel is $release; the lessons need 6.1 or later" \
            "use a box of Debian 12, Ubuntu 24.04 or later; or upgrade, and start again"
}

systemd() {
    local first
    first=$(cat /proc/1/comm)
    # The directory is there only where systemd is at work: see sd_booted(3).
    if [ "$first" != systemd ] || ! [ -d /run/systemd/system ]; then
        no "process 1 is $first, not systemd" \
            "use a virtual machine that starts by itself; this looks like a container"
    fi
}

cgroups() {
    local tree=/sys/fs/cgroup lacking="" name
    if [ "$(stat -fc %T "$tree" 2>/dev/null)" != cgroup2fs ]; then
        no "control groups are not version 2 alone: $tree is not cgroup2" \
            "take systemd.unified_cgroup_hierarchy=0 out of the kernel's command line"
        return
    fi
    for name in cpu memory io pids; do
        grep -qw "$name" "$tree/cgroup.controllers" || lacking+=" $name"
    done
    [ -z "$lacking" ] ||
        no "control groups lack:$lacking" \
            "take cgroup_disable=… out of the kernel's command line, and start again"
}

overlay() {
    grep -qw overlay /proc/filesystems || modprobe -q overlay 2>/dev/null ||
        no "this kernel has no overlay file system" \
            "use a distribution's own kernel; \`modprobe overlay\` says what is missing"
}

namespaces() {
    local complaint
    complaint=$(unshare --mount --pid --fork --uts --ipc --net --cgroup --user \
        --map-root-user true 2>&1) ||
        no "namespaces cannot be made: $complaint" \
            "sysctl user.max_user_namespaces=10000; or leave the container you are in"
}

nft() {
    local complaint
    complaint=$(unshare --net nft add table inet labshell_matching 2>&1) ||
        no "nft cannot make a table: $complaint" \
            "apt-get install nftables, and use a distribution's own kernel (nf_tables)"
}

main() {
    local question
    [ $# -gt 0 ] || set -- "${ALL[@]}"
    for question in "$@"; do
        case $question in
            kernel) kernel ;;
            systemd) systemd ;;
            cgroups) cgroups ;;
            overlay) overlay ;;
            namespaces) namespaces ;;
            nft) nft ;;
            *) no "there is no question called $question" "choose of: ${ALL[*]}" ;;
        esac
    done
    exit "$status"
}

main "$@"
