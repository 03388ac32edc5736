"""`--change`: what was measured on Docker, its results and its refusals."""

import pytest

from engine.errors import InvalidArgument
from engine.oci.image import ImageDefaults
from engine.oci.instructions import apply_changes

BASE = ImageDefaults(env=("PATH=/bin", "A=1"), cmd=("old",), working_dir="/srv")


def changed(*instructions: str) -> ImageDefaults:
    return apply_changes(BASE, instructions)


def test_exec_form_is_run_as_it_is() -> None:
    assert changed('CMD ["sh", "-l"]').cmd == ("sh", "-l")


def test_shell_form_is_wrapped_in_a_shell() -> None:
    assert changed("CMD sh -l").cmd == ("/bin/sh", "-c", "sh -l")


def test_a_new_entrypoint_resets_the_old_command() -> None:
    assert changed('ENTRYPOINT ["/x"]').cmd == ()


def test_a_command_given_beside_the_entrypoint_stays() -> None:
    assert changed('CMD ["y"]', 'ENTRYPOINT ["/x"]').cmd == ("y",)


def test_env_replaces_in_place_and_adds_at_the_end() -> None:
    assert changed("ENV A=2 B='x y'").env == ("PATH=/bin", "A=2", "B=x y")


def test_one_env_line_uses_the_values_from_before_it() -> None:
    assert changed('ENV A=2 B="<$A>" C=${A}').env[2:] == ("B=<1>", "C=1")


def test_single_quotes_and_backslashes_keep_a_dollar() -> None:
    assert changed(r"ENV B='$A' C=\$A D=" r'"\$A"').env[2:] == ("B=$A", "C=$A", "D=$A")


def test_the_old_form_of_env_takes_the_rest_of_the_line() -> None:
    assert changed("ENV B two words").env[2:] == ("B=two words",)


def test_expose_takes_ranges_and_means_tcp() -> None:
    assert changed("EXPOSE 80 90-91/udp").exposed_ports == (
        "80/tcp",
        "90/udp",
        "91/udp",
    )


def test_a_relative_workdir_starts_at_the_old_one() -> None:
    assert changed("WORKDIR a").working_dir == "/srv/a"
    assert changed("WORKDIR /b/../c").working_dir == "/c"


def test_volumes_are_words_or_json() -> None:
    assert changed('VOLUME ["/a b"]', "VOLUME /c /d").volumes == ("/a b", "/c", "/d")


def test_the_rest_of_the_instructions() -> None:
    new = changed("user 1:2", "LABEL a=b", "ONBUILD RUN x", "healthcheck NONE")
    assert (new.user, new.labels, new.on_build) == ("1:2", {"a": "b"}, ("RUN x",))
    assert new.healthcheck == {"Test": ["NONE"]}


@pytest.mark.parametrize(
    ("instruction", "words"),
    [
        ("STOPSIGNAL 9", "stopsignal is not a valid change command"),
        ("FOO bar", "foo is not a valid change command"),
        ("RUN x", "run is not a valid change command"),
        ("", " is not a valid change command"),
        ("ENV", "ENV requires at least one argument"),
        ("ENV a", "ENV must have two arguments"),
        ("ENV a=1 b", 'Syntax error - can\'t find = in "b"'),
        ('ENV A=1"', "unexpected end of statement"),
        ("LABEL a", "LABEL must have two arguments"),
        ("EXPOSE foo", "Invalid containerPort: foo"),
        ("EXPOSE 70000", "Invalid containerPort: 70000"),
        ("USER a b", "USER requires exactly one argument"),
        ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD"),
        ("ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"),
    ],
)
def test_refusals_are_in_dockers_words(instruction, words) -> None:
    with pytest.raises(InvalidArgument) as caught:
        changed(instruction)
    assert words in caught.value.message
