"""Telling: the events of containers that commands cause, not their shims.

    create attach rename commit destroy export …        by the command, here
    start die kill oom pause exec_… health_status …     by the shim, runtime/announce.py

Whoever reads events wants to know more than an ID: each carries the container's name,
image and labels.

Source: Docker Engine API 1.41, /events
Try it: `lab events --since 1h --filter container=NAME`
"""

from engine import events
from engine.containers.house import House
from engine.containers.record import Container


def tell(house: House, container: Container, action: str, **attributes: str) -> None:
    """`action` happened to the container."""
    known = {**container.labels, "image": container.image, "name": container.name}
    events.record(
        house.root, "container", action, container.id, {**known, **attributes}
    )
