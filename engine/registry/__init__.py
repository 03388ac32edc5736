"""Registries: images are fetched from there, and brought there.

A registry is a web server with three kinds of things: blobs (layers, configs) by their
digest, manifests by tag or digest, and uploads under way. To pull is to ask for a
manifest and then for what it names; to push is the same the other way round, the
manifest last, since a registry takes none whose blobs it lacks.

    settings.py    what the machine's administrator has said: mirrors, insecure ones
    endpoints.py   where a registry is reached, and whom to trust there
    logins.py      who one is there: ~/.docker/config.json, credential helpers
    challenge.py   "401, WWW-Authenticate: Bearer realm=…", read
    tokens.py      … and answered
    wire.py        HTTP clients that wait for nobody for ever
    connection.py  one request: who asks, where it is led to, how often it is tried
    refusals.py    what a registry says when it says no
    repository.py  the API of one repository: manifests, blobs, uploads, tags
    manifests.py   which manifest is meant, and what it may name
    service.py     all servers that answer for one registry
    telling.py     whoever wants to hear how it goes on
    fetching.py    one blob into a file, however often the connection is cut
    finding.py     which manifest is meant, and who has it
    pulling.py     an image comes
    sending.py     one blob out of the store, in pieces if it is large
    pushing.py     an image goes
    joining.py     login: who says that, is tried
    server/        a private registry, as its own process

Source: opencontainers/distribution-spec, distribution/distribution docs/spec
Try it: `lab pull busybox`, `lab push localhost:5000/me/shop`
"""
