"""A step of a root file system's plan: one kernel parameter of the container's own.

It comes after /proc is mounted, and before /proc/sys is made read-only.

Source: runtime-spec config-linux.md "Sysctl"
Try it: `lab run --explain --sysctl net.ipv4.ip_forward=1 busybox true`
"""

from dataclasses import dataclass

from engine.kernel import parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class SetParameter:
    """Set one parameter of a namespace that the container has to itself."""

    name: str
    value: str

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"set the kernel parameter {self.name} to {self.value}"

    def apply(self, root: int, shown: str) -> None:
        """Set it through the container's own /proc."""
        parameters.set_parameter(root, self.name, self.value)
