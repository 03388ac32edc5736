"""Views: data of the engine's, made into something to look at.

    containers.py listing.py           what there is, as rows and fields
    networks.py                        … and networks
    measures.py disk.py                what it uses, and what it takes
    ports.py                           where it is reached, in a column
    tables.py amounts.py               columns, sizes and times, as Docker prints them
    mounts.py processes.py layers.py   the pictures: drawn, in sentences, as JSON
    cgroup.py                          … and what is used against what may be
    states.py                          … and what may come next
    network_map.py                     … and who is plugged in where
    events.py                          what happened
    explain.py acts.py                 what was done, while it is and afterwards
    stepping.py                        … and what is about to be done
    concepts.py naming.py folding.py   … headings, short names, like acts as one line
    source.py                          … and the functions that did it
    difference.py                      how two starts differ
    rootfs.py                          what `rootfs make` has put where
    registry.py                        a private registry, and who asks it for what
    page.py                            a page about a topic
    pictures.py                        which pictures there are, by name
    live.py                            a picture that stays true
    transfer.py                        a pull or a push while it goes on
    rounds.py                          a grading while it goes on
    building.py build_report.py        a build while it goes on, and afterwards

A view asks nobody anything: it gets data and gives back something to print.

Try it: `lab tree`, `lab tree --plain`, `lab tree --json`
"""
