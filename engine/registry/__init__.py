"""Images on their way: what keeps them for others, and what fetches them.

    server/     a private registry, as its own process

Source: opencontainers/distribution-spec 1.1
"""
