"""`python -m labshell`: the same as the command `lab`."""

from labshell.cli import main

main()
