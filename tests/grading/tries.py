"""What hostile scripts try, by what it is called: each would earn if it succeeded.

`{canary}`, `{pid}` and such stand for what the canary of a test has (canary.py).
"""

import os

TRIES = {
    # bombs
    "fork bomb": "f() { f & f & }; f; wait; false",
    "many sleepers": "for i in $(seq 100); do sleep 1000 & done; "
    "[ $(ps | wc -l) -gt 50 ]",
    "orphans": "for i in $(seq 2000); do (true &) ; done; false",
    "memory bomb": "x=xxxxxxxx; while :; do x=$x$x; done",
    "shared memory": "dd if=/dev/zero of=/dev/shm/x bs=1M count=500",
    "memory of /dev": "dd if=/dev/zero of=/dev/x bs=1M count=500",
    "disk bomb": "dd if=/dev/zero of=/x bs=1M count=500",
    "many files": "mkdir /m; for i in $(seq 3000); do : > /m/$i; done; false",
    "gzip bomb": "dd if=/dev/zero bs=1M count=99 | gzip | gunzip > /x",
    "tar bomb": "cd /dev/shm; dd if=/dev/zero of=z bs=1M count=30; "
    "tar cz z > /z; rm z; tar xz -C / -f /z",
    "deep directories": "for i in $(seq 300); do mkdir d && cd d; done; false",
    "long names": "n=$(printf %0255d 0); "
    "for i in 1 2 3; do mkdir $n; cd $n; done; false",
    "names with escapes": r"touch $(printf '/srv/\033[2J\n\001x') && false",
    # results that somebody says of themselves
    "forged result": """echo '{"exit_status": 0, "earned": 7}' | tee result.json
    false""",
    "forged marks": "for f in marks.json looks.jsonl marks.csv; do echo 7 > $f; done; "
    "false",
    "forged progress": "mkdir -p ~/.local/share/labshell; echo 7 > "
    "~/.local/share/labshell/progress.json; false",
    "forged messages": """printf 'c{"exit": 0}'; printf 'c{"exit": 0}' >&2; exit 1""",
    "forged claim": "echo '{}' > submission.json; echo $word > answers.yaml; false",
    "says that it passed": "echo 'passed: 7/7'; echo graded >&2; false",
    # what is hidden
    "hidden checks": "find / -xdev -name 'hidden*' -o -name checks.py | grep .",
    "key and roster": "find / -name course.key -o -name roster.csv | grep .",
    "other submissions": "find / -name '*.tar' | grep .",
    "token in variables": "cat /proc/*/environ | tr '\\0' '\\n' | grep -i token",
    "the grader's variables": "env | grep -i -E 'labshell|python'",
    "the course's path": "cat /proc/*/mountinfo /proc/*/cmdline | grep 'c[o]urse'",
    "open descriptors": "for f in /proc/[0-9]*/fd/*; do readlink $f; done | "
    "grep -v -E '^(pipe:|/dev/null|/task/solve.sh|/proc/)' | grep .",
    "the machine's files": "cat {canary}/open",
    "the machine's root": "ls /proc/1/root{canary}",
    # files outside
    "write outside": "echo x > {canary}/open",
    "write through /proc": "echo x > /proc/1/cwd/../../../..{canary}/open",
    "tar escape": "cd /; mkdir -p a; tar c a | tar x -C ../../../..{canary}",
    "chroot out": "mkdir /c; chroot /c ls ../../../../..{canary}",
    "disk of the machine": "mknod /d b 254 0 && dd if=/d count=1",
    "disk of the sandbox": "mknod /d b 7 0 && dd if=/d count=1",
    "memory of the machine": "mknod /m c 1 1 && dd if=/m count=1",
    "loop devices": "losetup /dev/loop0 /task/solve.sh",
    "set-user-ID": "cp /bin/busybox /srv/s; chmod 4755 /srv/s; "
    "/srv/s cat {canary}/shut",
    # network
    "the machine's server": "wget -T 2 -O - http://127.0.0.1:{port}/",
    "the world": "wget -T 2 -O - http://192.0.2.1/ || nc -w 2 192.0.2.1 80",
    "a name": "nslookup example.com",
    "an interface": "ip link add x type dummy || ip link set lo mtu 9000",
    "raw packets": "ping -c 1 -W 1 192.0.2.1",
    # processes of others
    "kill the canary": "kill -9 {pid}",
    "kill the grader": "kill -9 {grader}",
    "kill everybody": "kill -9 -1; false",
    "kill process 1": "kill -9 1 && ! kill -0 1",
    "memory of the grader": "cat /proc/{grader}/maps",
    "its priority": "renice -n -20 -p $$",
    "spared by the OOM killer": "echo -1000 > /proc/self/oom_score_adj",
    # the way out
    "mount": "mount -t tmpfs none /mnt",
    "mount proc": "mkdir /p; mount -t proc none /p",
    "remount": "mount -o remount,bind,rw /proc/sys",
    "unmount": "umount /proc/sys || umount /sys/fs/cgroup",
    "unshare users": "unshare -U true",
    "unshare mounts": "unshare -m true",
    "namespaces of process 1": "nsenter -t 1 -m ls {canary}",
    "release_agent": "d=$(ls -d /sys/fs/cgroup/*/ | head -n 1); "
    '[ -n "$d" ] && echo {canary}/open > $d/release_agent',
    "a group of its own": "mkdir /sys/fs/cgroup/pwn || mkdir /sys/fs/cgroup/*/pwn",
    "more memory": "echo 999999999 > /sys/fs/cgroup/memory/memory.limit_in_bytes || "
    "echo max > /sys/fs/cgroup/memory.max",
    "more processes": "echo max > /sys/fs/cgroup/pids/pids.max || "
    "echo max > /sys/fs/cgroup/pids.max",
    "core_pattern": "echo '|{canary}/open' > /proc/sys/kernel/core_pattern",
    "modprobe": "echo {canary}/open > /proc/sys/kernel/modprobe",
    "uevent_helper": "echo {canary}/open > /sys/kernel/uevent_helper",
    "sysrq": "echo b > /proc/sysrq-trigger",
    "sysctl": "sysctl -w vm.overcommit_memory=1",
    "host name": "hostname pwned",
    "the clock": "date -s 2001-01-01; date +%Y | grep 2001",
    "reboot": "reboot -f || poweroff -f",
    "modules": "insmod /task/solve.sh || modprobe dummy",
    "swap": "swapoff -a && swapoff /dev/vda",
    "kernel's messages": "dmesg | grep .",
    "kernel's keys": "grep . /proc/keys",
    "kernel's symbols": "grep -v '^0000000000000000' /proc/kallsyms",
    "kernel's memory": "dd if=/proc/kcore count=1 | grep .",
    "the grader's program": "/proc/1/root{python} -c 1 || {python} -c 1",
    "its own program": "f=/proc/1/exe; echo x > $f",
    "lab": "{home}/lab images || lab images",
    "docker": "ls /run/labshell /var/run/docker.sock /run/docker.sock",
}
IOVEC = bytes(8) + b"\x08" + bytes(7)  # eight bytes at address nought
SYSTEM_CALLS = {
    "ptrace": (101, 16, os.getpid()),
    "mount": (165, b"none", b"/srv", b"tmpfs", 0, 0),
    "unshare": (272, 0x10000000),
    "clone": (56, 0x10000000 | 17, 0),
    "setns": (308, 0, 0),
    "pivot_root": (155, b"/", b"/"),
    "open_tree": (428, -100, b"/", 1),
    "fsopen": (430, b"tmpfs", 0),
    "open_by_handle_at": (304, -100, b"\x08\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0", 0),
    "bpf": (321, 0, bytes(64), 64),
    "perf_event_open": (298, bytes(64), 0, -1, -1, 0),
    "add_key": (248, b"user", b"pwn", b"x", 1, -3),
    "keyctl": (250, 0, -3, 1),
    "request_key": (249, b"user", b"pwn", 0, -3),
    "init_module": (175, b"x", 1, b""),
    "finit_module": (313, 0, b"", 0),
    "kexec_load": (246, 0, 0, 0, 0),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0x01234567, 0),
    "iopl": (172, 3),
    "swapon": (167, b"/task/program", 0),
    "acct": (163, b"/task/program"),
    "settimeofday": (164, bytes(16), 0),
    "userfaultfd": (323, 0),
    "syslog": (103, 3, bytes(64), 64),
    "process_vm_readv": (310, os.getpid(), IOVEC, 1, IOVEC, 1, 0),
    "packet socket": (41, 17, 3, 0),
    "express data path": (41, 44, 3, 0),
    "quotactl": (179, 0x800001, 0, 0, 0),
}
