"""What a program finds itself to be: environment, directory, host name, user."""

import pytest

from engine.errors import EngineError, InvalidArgument
from tests.engine.boxes import Box

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def variables(lines: list[str]) -> dict[str, str]:
    """What `env` has printed, without what a shell adds."""
    return dict(line.split("=", 1) for line in lines)


def test_the_environment_is_small_and_dockers(box: Box) -> None:
    container = box.create("env")
    done = box.foreground(container.id)
    assert variables(done.lines) == {
        "PATH": PATH,
        "HOSTNAME": container.short_id,
        "HOME": "/root",
    }


def test_a_terminal_adds_term(box: Box) -> None:
    assert variables(box.run("env", tty=True).lines)["TERM"] == "xterm"


def test_variables_asked_for_replace_the_defaults(box: Box) -> None:
    asked = ("PATH=/bin", "HOME=/tmp", "EMPTY=", "EQUALS=a=b", "SPACE=a b")
    found = variables(box.run("env", environment=asked).lines)
    assert found["PATH"] == "/bin"
    assert found["HOME"] == "/tmp"
    assert found["EMPTY"] == ""
    assert found["EQUALS"] == "a=b"
    assert found["SPACE"] == "a b"


def test_variables_of_the_image_count_unless_asked_otherwise(box: Box) -> None:
    image = box.image("mine", {"x": ""}, ["ENV A=image B=image"])
    found = variables(box.run("env", image=image, environment=("B=asked",)).lines)
    assert (found["A"], found["B"]) == ("image", "asked")


def test_an_argument_arrives_as_it_was_given(box: Box) -> None:
    words = ("", " ", "a b", "*", "$HOME", "'", '"', "\\", "é", "-n", "--", "a\nb")
    done = box.run("sh", "-c", 'for w; do printf "%s\\0" "$w"; done', "sh", *words)
    assert done.out.split("\0")[:-1] == list(words)


def test_the_working_directory_is_the_root_by_default(box: Box) -> None:
    assert box.run("pwd").out == "/\n"


def test_the_working_directory_is_made_when_it_is_missing(box: Box) -> None:
    done = box.run("sh", "-c", "pwd; stat -c %a:%u .", working_directory="/new/deep")
    assert done.lines == ["/new/deep", "755:0"]


def test_the_working_directory_of_the_image_is_made_too(box: Box) -> None:
    image = box.image("mine", {"x": ""}, ["WORKDIR /srv/app"])
    assert box.run("pwd", image=image).out == "/srv/app\n"
    assert box.run("pwd", image=image, working_directory="/tmp").out == "/tmp\n"


def test_the_working_directory_may_lie_in_a_volume(box: Box) -> None:
    done = box.run("pwd", working_directory="/data/in", volumes=("data:/data",))
    assert done.out == "/data/in\n"


def test_a_missing_working_directory_is_made_in_a_read_only_root_too(box: Box) -> None:
    assert box.run("pwd", working_directory="/new", read_only=True).out == "/new\n"


def test_a_working_directory_with_dots_is_made_plain(box: Box) -> None:
    assert box.run("pwd", working_directory="/bin/../tmp/./").out == "/tmp\n"


@pytest.mark.parametrize("path", ["relative", "./x", "../.."])
def test_a_relative_working_directory_is_refused(box: Box, path: str) -> None:
    with pytest.raises(InvalidArgument, match="needs to be an absolute path"):
        box.create("true", working_directory=path)


def test_a_working_directory_that_is_a_file_is_one_clear_error(box: Box) -> None:
    with pytest.raises(EngineError, match="/etc/passwd"):
        box.run("true", working_directory="/etc/passwd")


def test_the_host_name_is_the_beginning_of_the_id(box: Box) -> None:
    container = box.create("sh", "-c", "hostname; cat /etc/hostname")
    assert box.foreground(container.id).lines == [container.short_id] * 2


def test_a_host_name_asked_for_is_known_everywhere(box: Box) -> None:
    script = "hostname; cat /etc/hostname; echo $HOSTNAME"
    assert box.run("sh", "-c", script, hostname="inside").lines == ["inside"] * 3


def test_a_host_name_longer_than_the_kernel_takes_is_refused(box: Box) -> None:
    with pytest.raises(EngineError) as caught:
        box.run("true", hostname="x" * 65)
    assert caught.value.exit_code == 125


def test_localhost_is_a_name(box: Box) -> None:
    assert "127.0.0.1\tlocalhost" in box.run("cat", "/etc/hosts").out


@pytest.mark.parametrize(
    ("user", "identity", "home"),
    [
        (None, "0:0:10", "/root"),
        ("", "0:0:10", "/root"),
        ("root", "0:0:10", "/root"),
        ("www-data", "33:33:33", "/var/www"),
        ("33", "33:33:33", "/var/www"),
        ("4242", "4242:0:0", "/"),
        ("4242:4343", "4242:4343:4343", "/"),
        ("www-data:staff", "33:50:50", "/var/www"),
        ("0:33", "0:33:33", "/root"),
    ],
)
def test_a_user_is_who_the_image_says(
    box: Box, user: str | None, identity: str, home: str
) -> None:
    script = "echo $(id -u):$(id -g):$(id -G | sed 's/ /,/g'); echo $HOME"
    done = box.run("sh", "-c", script, user=user)
    uid, gid, groups = identity.split(":")
    seen_uid, seen_gid, seen_groups = done.lines[0].split(":")
    assert (seen_uid, seen_gid) == (uid, gid)
    assert set(seen_groups.split(",")) == {gid, groups}
    assert done.lines[1] == home


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("nosuch", "unable to find user nosuch: no matching entries in passwd file"),
        ("root:nosuch", "unable to find group nosuch: no matching entries in group"),
        ("-1", "unable to find user -1"),
        ("4294967296", "unable to find user 4294967296"),
        ("99999999999999999999", "unable to find user"),
    ],
)
def test_a_user_that_nobody_knows_is_refused_and_nothing_is_left(
    box: Box, user: str, message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message) as caught:
        box.create("true", user=user, volumes=("/anonymous",))
    assert caught.value.exit_code == 125
    assert caught.value.hint
    assert box.engine.containers(all=True) == []
    assert box.engine.volumes() == []
    assert list((box.engine.root / "containers").iterdir()) == []


def test_the_user_of_the_image_counts_unless_asked_otherwise(box: Box) -> None:
    image = box.image("mine", {"x": ""}, ["USER www-data"])
    assert box.run("id", "-u", image=image).out == "33\n"
    assert box.run("id", "-u", image=image, user="0").out == "0\n"


def test_the_machines_own_users_count_for_nothing(box: Box) -> None:
    image = box.image("mine", {"etc/passwd": "mine:x:77:78::/home/mine:/bin/sh\n"})
    done = box.run("sh", "-c", "id -u; id -g; echo $HOME", image=image, user="mine")
    assert done.lines == ["77", "78", "/home/mine"]
    with pytest.raises(InvalidArgument):
        box.create("true", image=image, user="www-data")


def test_a_plain_user_can_open_his_own_streams_again(box: Box) -> None:
    done = box.run("sh", "-c", "echo a >/dev/stdout; echo b >/dev/stderr", user="33")
    assert (done.out, done.err, done.code) == ("a\n", "b\n", 0)


def test_the_entrypoint_comes_before_the_arguments(box: Box) -> None:
    image = box.image("mine", {"x": ""}, ['ENTRYPOINT ["echo", "one"]', 'CMD ["two"]'])
    assert box.run(image=image).out == "one two\n"
    assert box.run("three", image=image).out == "one three\n"
    assert box.run("x", image=image, entrypoint=("printf", "<%s>")).out == "<x>"
    assert box.run("echo", "bare", image=image, entrypoint=("",)).out == "bare\n"


def test_an_image_that_names_no_program_needs_one(box: Box) -> None:
    with pytest.raises(InvalidArgument, match="No command specified"):
        box.create(entrypoint=("",))
