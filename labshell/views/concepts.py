"""The concepts that acts belong to, each with the heading that it has everywhere.

An act is of one concept: what a student has to know to understand it. The order is
that of a first course; the names are what `--explain=mounts` and `--concept` take.

Try it: `lab acts box --concept mounts`
"""

HEADINGS = {
    "processes": "Processes: who runs, and who started whom",
    "namespaces": "Namespaces: what a process has to itself",
    "mounts": "Mounts: what a process sees when it looks at a path",
    "roots": "Root: which directory is called /",
    "cgroups": "Control groups: how much a container may use",
    "freezer": "Freezer: the control group that takes the CPU away",
    "scope": "Scope: the control group that systemd leaves to the engine",
    "parameters": "Kernel parameters: numbers that its namespaces have to themselves",
    "devices": "Devices: which device nodes there are, and which may be opened",
    "links": "Network links: the interfaces it has",
    "ports": "Ports: where the machine is reached for it",
    "firewall": "Firewall: what becomes of packets that pass through the machine",
    "credentials": "Credentials: which user it is",
    "capabilities": "Capabilities: root's powers, piece by piece",
    "seccomp": "Seccomp: which system calls may be made at all",
    "terminal": "Terminal: a pty for the program",
    "runtime": "Runtime: another program that makes the container",
    "layers": "Layers: what images are made of",
    "files": "Files: what the engine writes down",
}


def heading(concept: str) -> str:
    """The line above acts of a concept."""
    return HEADINGS.get(concept, concept.capitalize())
