"""HTTP as a server speaks it, connections, limits and bodies that stream; and a client.

What is served here (a registry, an API) is no business of this room: it is given a
*handler*, a function from a Request to a Response, and keeps everything else away from
it: slow peers, endless headers, cut connections, TLS.

    messages.py     what a handler gets and gives: Request, Response, FileRange
    patience.py     how long a peer may keep us waiting
    connection.py   one connection: requests in, responses out, one after the other
    server.py       the listening socket, a thread for each connection, and how many
    web.py          what is behind a URL that somebody has named

The grammar of HTTP is left to h11: it reads and writes bytes and touches no socket.
"""
