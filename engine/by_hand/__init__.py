"""By hand: a start of a container as a shell script that a student can read and run.

    last_start.py   which of a container's acts were those of its last start
    words.py        acts as words of a shell, with the paths of the script's own copy
    frame.py        the head of the script, and how it takes away what it made
    groups.py       1  the control groups and their limits
    layers.py       2  the layers, and the files that differ in every container
    walls.py        3  the namespaces, and a shell that waits in them
    cables.py          … with the interfaces of their network
    ports.py           … and the ports of the machine that lead there
    powers.py          … without the powers that are given up
    tree.py         4  the mounts, devices and links
    tree_lines.py      … each as a line of the script
    root.py         5  the change of root
    program.py      6  the program
    script.py       all of them together

Each section is a plan: functions that take records and return lines of text. Nothing
here asks anything of the kernel; the script does, when somebody runs it. Only the order
is another than the engine's: a shell needs the machine's programs for all that it does,
so powers are given up by a shell that then waits, and others furnish its world.

Try it: `lab acts box --sh > by-hand.sh`, read it, and then `sudo sh by-hand.sh`
"""
