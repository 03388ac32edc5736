"""The verbs of the engine, in groups: together they are the class Engine.

    images.py       image history tag rmi, and the base image of an empty store
    archives.py     save load export import
    registries.py   pull push login logout
    building.py     build
    system.py       what it all takes on the disk
    containers.py   create start stop kill rm commit …
    sessions.py     exec attach logs resize wait
    copying.py      cp, both ways
    networks.py     network create, ls, rm, connect, disconnect
    volumes.py      volume create, ls, inspect, rm
    looking.py      inspect, acts, mounts, tree, layers
    watching.py     events and acts as they come; what may change a picture
    measuring.py    stats, top, and update

Each group is a class over the same house; a method finds what it is about, repairs its
record if need be, and hands over to the room that knows how. Rooms are imported when
they are needed: a command should not wait for what it does not use.
"""
