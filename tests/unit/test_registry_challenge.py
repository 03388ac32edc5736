"""WWW-Authenticate headers are read as RFC 9110 writes them, and by no other rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.registry.challenge import Challenge, challenges

HUB = (
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",'
    'scope="repository:me/shop:pull,push"'
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="x"', [("basic", {"realm": "x"})]),
        ("BASIC Realm=x", [("basic", {"realm": "x"})]),
        ('Basic realm="a \\"b\\", c"', [("basic", {"realm": 'a "b", c'})]),
        (
            'Basic realm = "x" , Bearer a="1"',
            [("basic", {"realm": "x"}), ("bearer", {"a": "1"})],
        ),
        ("Negotiate, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        (
            HUB,
            [
                (
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "service": "registry.docker.io",
                        "scope": "repository:me/shop:pull,push",
                    },
                )
            ],
        ),
        ('Bearer realm="unfinished', [("bearer", {})]),
        ("=;=", []),
    ],
)
def test_a_header_holds_these_challenges(header, expected) -> None:
    found = [(one.scheme, dict(one.parameters)) for one in challenges([header])]
    assert found == expected


def test_several_headers_are_several_challenges() -> None:
    assert challenges(['Bearer realm="a"', 'Basic realm="b"']) == [
        Challenge("bearer", {"realm": "a"}),
        Challenge("basic", {"realm": "b"}),
    ]


def test_the_first_of_two_parameters_of_one_name_counts() -> None:
    assert challenges(['Bearer realm="a",realm="b"'])[0].parameters == {"realm": "a"}


@given(st.text(max_size=300))
def test_no_header_is_an_error(header) -> None:
    challenges([header])


@given(st.text(alphabet='ab =",\\', max_size=200))
def test_no_header_takes_for_ever(header) -> None:
    challenges([header * 50])
