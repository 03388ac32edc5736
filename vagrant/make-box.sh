#!/usr/bin/env bash
# make-box.sh - one machine, made once, as the box of a whole class.
#
#   vagrant/make-box.sh FILE.box [PROVIDER]
#
# Thirty students who set up at once ask one network for the same things thirty times.
# Make the box at home, hand it out on a disk, and nobody needs the network:
#
#   1. up         a machine of its own, apart from yours: no student's work is in it
#   2. tidy       what is this machine's own goes: keys, identity, history, lists
#   3. package    `vagrant package`; for libvirt it reads the disk with virt-sysprep and
#                 qemu-img, and needs the packages libguestfs-tools and qemu-utils
#   4. destroy    the machine; the box stays
#
# Each student then types, once, and with the checkout beside it as before:
#
#   vagrant box add --name labshell/class FILE.box
#   export LAB_BOX=labshell/class           (Windows: setx LAB_BOX labshell/class)
#   vagrant up
#
# A box is for one kind of processor and one provider.
set -euo pipefail

say() {
    echo "make-box: $*"
}

stop() {
    echo "make-box: $1" >&2
    echo "make-box: to do: $2" >&2
    exit 1
}

# tidy: what must not be the same in thirty machines, and what only takes up room. The
# key to log in is Vagrant's well-known one: each machine gets its own when it starts.
TIDY='
set -e
systemctl stop labshell-resume.service || true
rm -rf /home/*/work /home/*/.local/share/labshell /var/lib/labshell-work
rm -rf /home/*/.bash_history /root/.bash_history /root/.local/state/labshell
apt-get clean
rm -rf /var/lib/apt/lists/* /var/tmp/labshell-*
cloud-init clean --logs --seed 2>/dev/null || true
truncate -s 0 /etc/machine-id
rm -f /etc/ssh/ssh_host_*_key*
cat >/etc/systemd/system/labshell-host-keys.service <<"UNIT"
[Unit]
Description=labshell: host keys of this machine, at its first start
Before=ssh.service ssh.socket
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --quiet labshell-host-keys.service
fstrim -a || true
sync
'

# in_machine LINES: as root; in a form that no shell on the way reads.
in_machine() {
    vagrant ssh -c "echo $(base64 <<<"$1" | tr -d '\n') | base64 -d | sudo bash" -- -T
}

check() {
    command -v vagrant >/dev/null || stop "there is no vagrant" "see vagrant/README.md"
    [ ! -e "$box" ] || stop "$box is there already" "choose another name"
    [ "$provider" != libvirt ] || command -v virt-sysprep >/dev/null ||
        stop "vagrant package needs virt-sysprep for libvirt" \
            "sudo apt-get install libguestfs-tools qemu-utils"
    [ "$provider" != qemu ] ||
        stop "vagrant-qemu cannot package a machine" "make the box with libvirt"
}

main() {
    [ $# -ge 1 ] || stop "which file?" "vagrant/make-box.sh FILE.box [PROVIDER]"
    box=$(readlink -m -- "$1") provider=${2:-}
    check
    cd "$(dirname -- "${BASH_SOURCE[0]}")"
    # Apart from the instructor's own machine, and without anybody's kept work.
    export VAGRANT_DOTFILE_PATH=.vagrant/for-box LAB_FOR_BOX=yes
    unset LAB_STUDENTS
    trap 'vagrant destroy -f' EXIT
    vagrant up ${provider:+--provider="$provider"}
    say "tidying"
    in_machine "$TIDY"
    say "packaging; this takes a while"
    vagrant package --output "$box"
    say "$box is ready: vagrant box add --name labshell/class $box"
}

main "$@"
