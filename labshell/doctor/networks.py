"""What stands between containers and the world outside the machine.

What one table of the firewall accepts another may still drop: Docker and ufw let
nothing pass but what they know. No rule of ours can change that, so it is named here,
with the command that does.

Try it: `lab doctor`
"""

from engine.engine import Engine
from engine.errors import EngineError
from labshell.doctor.trial import LIMITED, WORKS, Finding


def forwarding(engine: Engine) -> Finding:
    """Does another table drop what comes from containers?"""
    try:
        found = engine.hindrances()
    except (EngineError, OSError) as error:
        return Finding(
            topic="forwarding", verdict=LIMITED, found="unknown", why=str(error)
        )
    if not found:
        told = "no rule of others keeps containers from the outside"
        return Finding(topic="forwarding", verdict=WORKS, found=told)
    return Finding(
        topic="forwarding",
        verdict=LIMITED,
        found="; ".join(told for told, _ in found),
        why="Containers reach each other and the machine, and nothing outside; a "
        "process carries their published ports, so that programs see the machine ask.",
        advice="; ".join(command for _, command in found),
    )
