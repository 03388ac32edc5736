"""The powers that the process gives up, with setpriv(1).

In the engine this is the last thing before execve. Here it comes first: once the root
is the container's there is no program of the machine's left to do it with, and one of
the image's must not have the powers that it is to give up.

man: setpriv(1), capabilities(7), credentials(7)
Try it: `lab run --rm busybox grep -e Cap -e NoNew /proc/self/status`
"""

from engine.oci.spec import Process

ABOUT = """
setpriv: a capability that is not in the bounding set can never be had again, none is
inheritable or ambient, and the user changes last. Originally:
engine.runtime.init:_give_up_powers, just before the program; here it comes first,
because once the root has changed there is no setpriv to be found.
"""


def command(process: Process) -> list[str]:
    """The command that goes before another one, some options a line."""
    kept = [name.removeprefix("CAP_").lower() for name in process.capabilities]
    groups = ",".join(map(str, process.groups))
    return [
        f"setpriv --bounding-set={','.join(['-all', *(f'+{name}' for name in kept)])}",
        "--inh-caps=-all --ambient-caps=-all",
        f"--groups={groups}" if groups else "--clear-groups",
        f"--regid={process.gid} --reuid={process.uid}",
        f"{'--no-new-privs ' if process.no_new_privileges else ''}--",
    ]
