"""labd: the Docker Engine API, so that Docker's own clients drive the little engine.

    docker, docker-py ──HTTP──▶ /run/labshell/labd.sock ──▶ labd ──▶ Engine ──▶ shims

What is called "Docker" are two programs: a client that knows nothing of containers, and
a server that is asked over HTTP. This room is such a server, and holds nothing that
would be lost with it: containers, images and networks are files, and the programs that
run are children of their shims. So it may be killed and started at any time.

    main.py        the command line         settings.py   what it is told
    service.py     the event loop           listening.py  where it listens
    daemon.py      one server               routes.py     which request is which call
    exchange.py    one connection, by h11   guests.py     how many there may be
    incoming.py    what comes on it         call.py       what a call is given
    request.py     what a client asks       answers.py    what it is answered
    hijack.py      HTTP is over             frames.py     stdout and stderr in one
    problems.py    errors as statuses       pipes.py      bytes for threads
    telling.py     lines of what goes on    credentials.py  who a client is elsewhere
    tracing.py     requests and acts, told
    conversing.py  a client with a program  readiness.py  waiting on the loop
    executions.py  what was asked of exec
    calls/         the calls themselves, by what they are about
    asked/         what is asked of a container, as the engine takes it

An event loop serves all connections; what asks the engine runs in threads, a bounded
number of them, because it waits for disks and for the kernel. What goes on for long
(the output of a program, events) is copied by the loop, without a thread.

Source: Docker Engine API 1.41
Try it: `labd &`, then `docker -H unix:///run/labshell/labd.sock ps`
"""
