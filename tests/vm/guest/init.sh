#!/bin/busybox sh
# shellcheck shell=dash
# init - the first program of the virtual machine. It finds the disk, and hands over.
#
# The kernel unpacks the initrd into memory, calls that /, and runs its /init as
# process 1. There is one program here, busybox, and the kernel modules (drivers) that
# stand between the kernel and its disk, in the order in which they need each other.
# When the disk is mounted, switch_root makes it / and becomes its /sbin/init: systemd,
# still as process 1.
#
# man: initrd(4), switch_root(8), insmod(8), bootup(7)

b=/bin/busybox

$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev # the kernel fills it: one file for each device

for module in /modules/*.ko; do
    $b insmod "$module"
done

# A driver looks for its devices in its own time.
tries=0
while ! [ -b /dev/vda ] && [ "$tries" -lt 500 ]; do
    $b usleep 20000
    tries=$((tries + 1))
done

# If this fails, init ends, and that is a panic: QEMU ends too, the console says why.
$b mount -t ext4 -o rw,noatime /dev/vda /root || exit
$b umount /proc /sys
$b mount --move /dev /root/dev
exec $b switch_root /root /sbin/init
