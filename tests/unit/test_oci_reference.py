"""Names of images mean what they mean to Docker."""

import pytest

from engine.errors import InvalidReference
from engine.oci.reference import Reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("typed", "full", "familiar"),
    [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("me/shop:1.0", "docker.io/me/shop:1.0", "me/shop:1.0"),
        ("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("index.docker.io/a/b", "docker.io/a/b:latest", "a/b:latest"),
        ("localhost/a", "localhost/a:latest", "localhost/a:latest"),
        ("localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest"),
        ("reg.example/a/b/c:T", "reg.example/a/b/c:T", "reg.example/a/b/c:T"),
        ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"),
        (f"a@{DIGEST}", f"docker.io/library/a@{DIGEST}", f"a@{DIGEST}"),
        (f"a:1@{DIGEST}", f"docker.io/library/a:1@{DIGEST}", f"a:1@{DIGEST}"),
        ("docker.io/me/shop", "docker.io/me/shop:latest", "me/shop:latest"),
        ("docker.io/library/a", "docker.io/library/a:latest", "a:latest"),
        ("library/a:1", "docker.io/library/a:1", "a:1"),
        (
            "localhost:5000/library/a",
            "localhost:5000/library/a:latest",
            "localhost:5000/library/a:latest",
        ),
        ("a.b/c", "a.b/c:latest", "a.b/c:latest"),
        ("a.b:80", "docker.io/library/a.b:80", "a.b:80"),
        ("A.b:80/c", "A.b:80/c:latest", "A.b:80/c:latest"),
        ("127.0.0.1:5000/a", "127.0.0.1:5000/a:latest", "127.0.0.1:5000/a:latest"),
        ("xn--n3h.com/a", "xn--n3h.com/a:latest", "xn--n3h.com/a:latest"),
        ("a/b/c/d", "docker.io/a/b/c/d:latest", "a/b/c/d:latest"),
        ("me/shop:v1.0_rc-2", "docker.io/me/shop:v1.0_rc-2", "me/shop:v1.0_rc-2"),
        ("a:_", "docker.io/library/a:_", "a:_"),
        ("0/1:2", "docker.io/0/1:2", "0/1:2"),
        (f"r.io/a/b:1@{DIGEST}", f"r.io/a/b:1@{DIGEST}", f"r.io/a/b:1@{DIGEST}"),
        ("a__b-c--d.e", "docker.io/library/a__b-c--d.e:latest", "a__b-c--d.e:latest"),
    ],
)
def test_a_short_name_is_completed_and_shortened_again(typed, full, familiar) -> None:
    reference = Reference.parse(typed)
    assert (str(reference), reference.familiar) == (full, familiar)
    assert Reference.parse(familiar) == reference


@pytest.mark.parametrize(
    "typed",
    [
        *("", ":tag", "a:", "a b", "-a", "a//b", "/a", "a/", "a:b:c", "a@"),
        *("a@sha256:1", "a..b", "a_", "ä", "a:ü", "a\n", "reg_x.y/a", "a:-1"),
        *("a:/b", "a.b:/c", "a.b:x/c", "[::1/a", "a.-b/c", "a_-b", "a/./b", "a@b"),
        *("a:x@", "a.b//c", "http://a.b/c", "a?b", "a#b", "a%2fb", "a\\b"),
        "a:" + "x" * 129,
    ],
)
def test_what_breaks_the_grammar_is_refused(typed) -> None:
    with pytest.raises(InvalidReference, match="invalid reference format"):
        Reference.parse(typed)


def test_capital_letters_are_refused_with_the_reason() -> None:
    with pytest.raises(InvalidReference, match="repository name must be lowercase"):
        Reference.parse("Busybox")


def test_sixty_four_hex_digits_are_an_id_and_not_a_name() -> None:
    with pytest.raises(InvalidReference, match="64-byte hexadecimal"):
        Reference.parse("a" * 64)


def test_a_name_of_more_than_255_characters_is_refused() -> None:
    with pytest.raises(InvalidReference, match="more than 255"):
        Reference.parse("a" * 256)
