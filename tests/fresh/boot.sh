#!/bin/sh
# boot.sh ROOT COMMAND... - run a command in the directory ROOT as if it were a machine.
#
# unshare(1) has made the mount namespace and the pid namespace that this script runs
# in: what it mounts is seen by nobody else, and is gone with its last process.
#
#   bind        ROOT becomes a mount of its own, as a disk would be
#   mount       the kernel's file systems, and an empty /run, as after a boot
#   host        the real machine, to be read: wheels and certificates that pip uses
#   pivot_root  ROOT becomes /, the real root is let go (a chroot would still have it,
#               and from inside a chroot no user namespace can be made)
#
# man: unshare(1), pivot_root(8), mount_namespaces(7)
set -eu
root=$1
shift

mount --bind "$root" "$root"
mkdir -p "$root/host"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs run "$root/run"
mount --bind --options ro / "$root/host"

cd "$root"
pivot_root . .
umount --lazy .
cd /root/labshell
exec "$@"
