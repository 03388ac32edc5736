"""Where a registry may lead us, and where not."""

import pytest

from engine.errors import RegistryError
from engine.registry.connection import Connection
from engine.registry.endpoints import Endpoint, trust
from engine.registry.settings import Settings
from engine.registry.wire import Patience, Wire

# Addresses of no host that is asked: nothing is sent in these tests.
PUBLIC, OTHER = "https://1.1.1.1/v2/x", "https://8.8.8.8/y"


@pytest.fixture
def connection() -> Connection:
    """A connection that nothing is asked through."""
    endpoint = Endpoint(registry="1.1.1.1", host="1.1.1.1")
    return Connection(endpoint, None, Wire(Patience(), lambda h: trust(h, Settings())))


@pytest.mark.parametrize(
    ("here", "target", "there"),
    [
        (PUBLIC, "/z", "https://1.1.1.1/z"),
        (PUBLIC, "z?a=b", "https://1.1.1.1/v2/z?a=b"),
        (PUBLIC, OTHER, OTHER),
        (PUBLIC, "https://1.1.1.1:444/z", "https://1.1.1.1:444/z"),
        ("http://10.0.0.1:5000/x", "http://10.0.0.1:9000/y", "http://10.0.0.1:9000/y"),
        ("https://10.0.0.1/x", "https://10.0.0.2/y", "https://10.0.0.2/y"),
    ],
)
def test_there_we_go(
    connection: Connection, here: str, target: str, there: str
) -> None:
    assert connection.led_to(here, target) == there


@pytest.mark.parametrize(
    ("here", "target"),
    [
        (PUBLIC, ""),
        (PUBLIC, "http://1.1.1.1/z"),
        (PUBLIC, "http://8.8.8.8/z"),
        (PUBLIC, "file:///etc/shadow"),
        (PUBLIC, "gopher://8.8.8.8/"),
        (PUBLIC, "https://user:password@8.8.8.8/"),
        (PUBLIC, "https://127.0.0.1/"),
        (PUBLIC, "https://10.0.0.1/"),
        (PUBLIC, "https://169.254.169.254/latest/meta-data"),
        (PUBLIC, "https://[::1]/"),
        (PUBLIC, "//192.168.1.1/"),
        ("http://10.0.0.1/x", "http://10.0.0.2/y"),
        ("http://10.0.0.1/x", OTHER),
    ],
)
def test_there_we_do_not_go(connection: Connection, here: str, target: str) -> None:
    with pytest.raises(RegistryError, match="is not followed"):
        connection.led_to(here, target)
