"""The calls of the API, by what they are about.

    system.py      is it there, what is it      lifecycle.py   start, stop, kill, pause
    info.py        all about the machine        containers.py  create, list, inspect, rm
    images.py      list, inspect, tag, rm       contents.py    cp, diff, export, commit
    archives.py    save, load, import           building.py    build
    registries.py  pull, push, log in           networks.py    who can reach whom
    volumes.py     directories that outlive     absent.py      what cannot be had here
    itself.py      what Docker does not tell
    attaching.py   attach, wait, resize         executing.py   exec
    following.py   logs, events, stats

Each file has functions that are given a Call and return an Answer, and a table ROUTES
of what they answer. What a client wants to be told of a thing is mostly what
`lab inspect` shows; what is asked, in Docker's shape, is translated where it is read.

Source: Docker Engine API 1.41
Try it: `curl --unix-socket /run/labshell/labd.sock http://labd/images/json`
"""

from engine.api.calls import (
    absent,
    archives,
    attaching,
    building,
    containers,
    contents,
    executing,
    following,
    images,
    info,
    itself,
    lifecycle,
    networks,
    registries,
    system,
    volumes,
)
from engine.api.routes import Route

ROUTES: tuple[Route, ...] = (
    *system.ROUTES,
    *info.ROUTES,
    *containers.ROUTES,
    *contents.ROUTES,
    *lifecycle.ROUTES,
    *archives.ROUTES,
    *images.ROUTES,
    *registries.ROUTES,
    *building.ROUTES,
    *volumes.ROUTES,
    *networks.ROUTES,
    *itself.ROUTES,
    *attaching.ROUTES,
    *executing.ROUTES,
    *following.ROUTES,
    *absent.ROUTES,
)
