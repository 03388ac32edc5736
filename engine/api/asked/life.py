"""Its life: how it is ended, whether it returns, what is kept of its output.

Source: Docker Engine API 1.41, ContainerConfig and HostConfig
Try it: `docker create --restart on-failure:3 --log-opt max-size=1m busybox false`
"""

from typing import Any

from engine.engine import RestartPolicy
from engine.fields import Fields


def asked(config: Fields, host: Fields) -> dict[str, Any]:
    """The options about its end, its return and its log."""
    log = host.object("LogConfig")
    return {
        "stop_signal": config.text("StopSignal") or None,
        "stop_timeout": config.integer("StopTimeout"),
        "auto_remove": host.truth("AutoRemove"),
        "restart": restart_policy(host) or RestartPolicy(),
        "init": host.truth("Init"),
        "log_driver": log.text("Type") or None,
        "log_options": log.text_map("Config"),
        "runtime": host.text("Runtime") or None,
    }


def restart_policy(host: Fields) -> RestartPolicy | None:
    """The restart policy that is asked for; None if none is named."""
    policy = host.object("RestartPolicy")
    name, most = policy.text("Name"), policy.integer("MaximumRetryCount") or 0
    if not name and not most:
        return None
    return RestartPolicy.parse(f"{name or 'no'}:{most}" if most else name)
