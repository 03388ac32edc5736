#!/bin/sh
# hypervisor.sh DIRECTORY - libvirt's daemon, where nothing else runs.
#
# unshare(1) has made namespaces: mounts, processes, network. This is process 1 of them.
# When it is killed, so are libvirtd, dnsmasq, every machine and whoever uses them; the
# bridges and firewall rules go with the network, the mounts with their namespace. There
# is nothing left to take away but DIRECTORY, where all of their files are.
#
# man: libvirtd(8), unshare(1), network_namespaces(7)
set -eu
directory=$1

mount -t proc proc /proc
mount -t sysfs sysfs /sys # shows the links of this network
ip link set lo up

for place in /run /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
    mkdir -p "$directory$place" "$place"
    mount --bind "$directory$place" "$place"
done
# QEMU runs as we do, confined by nothing: there is neither systemd nor AppArmor here
# that libvirt could ask for it.
cat >/etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
remember_owner = 0
stdio_handler = "file"
END
cat >/etc/libvirt/libvirtd.conf <<'END'
auth_unix_ro = "none"
auth_unix_rw = "none"
END

libvirtd &
wait # and the children of those that have ended are waited for, too
