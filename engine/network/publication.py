"""Publication: who carries what comes to a published port of the machine.

    a rule of the firewall     the kernel alone; inside, the sender is who it really is
    the porter                 a process copies; inside, the sender is the gateway

The rule is better, but cannot always be: without nft there is none, and where another
table drops what passes through the machine it would lead into nowhere. That is looked
up at each start, because Docker or ufw may have come since the last one.

Try it: `lab run --explain=firewall -d -p 8080:80 busybox httpd -f`
"""

from engine.kernel import firewall
from engine.network.machine import Machine


def table(machine: Machine) -> str:
    """The table in which a port that is published now gets its rule; "" if none can.

    A notice tells which rule of others hinders that, and how it would not.
    """
    from engine.network import hindrance, walls  # few containers publish ports

    tag = machine.place.tag
    ruleset = firewall.ruleset()
    if not walls.leads_to_ports(ruleset, tag):
        return ""
    found = hindrance.find(tag, ruleset)
    notices = machine.networks.notices
    for one in found:
        notice = (
            f"a process carries the published ports, and hides who asks: {one.told}\n"
            f"From the next start on the kernel does, after this: {one.admit(tag)}"
        )
        if notice not in notices:
            notices.append(notice)
    return "" if found else walls.table(tag)
