"""What Docker's client knows of an inspected thing that its JSON does not say.

The client reads the JSON into Go structures and fills the template with those. So a
field that was left out because it is empty is there all the same, and a null knows what
it is a null of:

    {{.State.Health}}           <nil>          the JSON has no "Health"
    {{.Config.Entrypoint}}      []             the JSON has null
    {{.Config.Labels.owner}}    <no value>     a key of the user's own: no mistake
    {{.State.Helth}}            an error       nobody knows such a field

Source: moby, api/types (`omitempty`)
Try it: `lab inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{end}}' CONTAINER`
"""

from typing import Any

from labshell.templates.printing import Nothing

_NIL, _LIST, _MAP = Nothing("<nil>"), Nothing("[]"), Nothing("map[]")
_NULLS = {
    **dict.fromkeys(
        "Aliases Binds CapAdd CapDrop Cmd DeviceCgroupRules DeviceRequests Devices Dns "
        "DnsOptions DnsSearch Entrypoint Env ExecIDs ExtraHosts GroupAdd Layers Links "
        "OnBuild RepoDigests RepoTags SecondaryIPAddresses SecondaryIPv6Addresses "
        "SecurityOpt Shell Ulimits VolumesFrom".split(),
        _LIST,
    ),
    **dict.fromkeys(
        "DriverOpts ExposedPorts Labels Options PortBindings Ports Sysctls Tmpfs "
        "Volumes".split(),
        _MAP,
    ),
}
_LEFT_OUT: dict[str, dict[str, Any]] = {
    "State": {"Health": _NIL},
    "Config": {
        "ExposedPorts": _MAP,
        "Healthcheck": _NIL,
        "MacAddress": "",
        "NetworkDisabled": False,
        "Shell": _LIST,
        "StopSignal": "",
        "StopTimeout": _NIL,
    },
    "HostConfig": {
        "Init": _NIL,
        "Mounts": _LIST,
        "StorageOpt": _MAP,
        "Sysctls": _MAP,
        "Tmpfs": _MAP,
    },
    "Mounts": {"Name": "", "Driver": ""},
}
_KEYS_OF_USERS = {"Attributes", "DriverOpts", "Labels", "Options", "Sysctls", "Tmpfs"}


class Structure(dict[str, Any]):
    """An object of a document, with the fields that its JSON leaves out."""

    def __init__(self, fields: dict[str, Any], name: str) -> None:
        """`name` is the name of the field that this object is the value of."""
        super().__init__(fields)
        self.left_out = _LEFT_OUT.get(name, {})
        self.keys_of_users = name in _KEYS_OF_USERS


def structured(value: Any, name: str = "") -> Any:
    """A document, or the part of it called `name`, as Docker's client sees it."""
    if isinstance(value, dict):
        fields = {key: structured(item, key) for key, item in value.items()}
        return Structure(fields, name)
    if isinstance(value, list):
        return [structured(item, name) for item in value]
    return _NULLS.get(name, _NIL) if value is None else value
