"""Section 5, the change of root, and why the last step is done from outside.

    pivot_root . .   the tree becomes "/", the machine's root is stacked upon it, and
                     whoever had that for a root has the new one: the waiting shell too
    umount           takes the machine's root off again

After pivot_root a program that is looked for is the *image's*, and this shell still has
all its powers: `umount` must not be one of them. umount(8) knows an option for this: it
starts as the machine's, and enters the mount namespace only for its one system call. It
finds there, at "/", what is on top of the stack.

man: pivot_root(8), pivot_root(2), umount(8) on --namespace
Try it: `lab explain pivot_root`
"""

from engine.by_hand import words

_ABOUT = """
pivot_root makes the tree the root of all that have the machine's root in this mount
namespace: the waiting shell too. The machine's root then lies on top of it, and is
unmounted from outside: a program that was started inside now would be the image's, with
all our powers. Originally: engine.kernel.roots:pivot
"""


def lines() -> list[str]:
    """The section: pivot inside, unmount from outside."""
    return [
        *words.heading(5, "Change of root", _ABOUT),
        *words.here_document(
            'nsenter --target "$pid" --mount -- "$sh" -eu',
            ['cd "$rootfs"', "pivot_root . ."],
            "PIVOT",
        ),
        'umount --internal-only --lazy --namespace "/proc/$pid/ns/mnt" /',
    ]
