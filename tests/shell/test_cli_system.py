"""`lab system`: what everything takes, in Docker's tables."""

import json

import pytest

from tests.shell.lines import Lab


@pytest.fixture
def things(lab: Lab, busybox: str) -> None:
    """An ended container that has written, one that was never run, two volumes."""
    script = "printf 12345 > /x; printf 123 > /v/y"
    lab("run", "--name", "one", "-v", "used:/v", "busybox", "sh", "-c", script)
    lab("create", "--name", "two", "busybox", "true")
    lab("commit", "one", "mine:1")
    lab("volume", "create", "unused")


def kinds(lab: Lab) -> dict[str, dict[str, str]]:
    lines = lab("system", "df", "--format", "json").lines
    return {row["Type"]: row for row in map(json.loads, lines)}


def test_df_counts_each_kind(lab: Lab, things: None) -> None:
    found = kinds(lab)
    counts = {kind: (row["TotalCount"], row["Active"]) for kind, row in found.items()}
    assert counts == {
        "Images": ("2", "1"),
        "Containers": ("2", "0"),
        "Local Volumes": ("2", "1"),
        "Build Cache": ("0", "0"),
    }
    assert found["Containers"]["Reclaimable"] == "5B (100%)"
    assert found["Local Volumes"]["Size"] == "3B"
    assert found["Local Volumes"]["Reclaimable"] == "0B (0%)"
    assert found["Images"]["Reclaimable"] == "5B (0%)"  # the layer of mine:1


def test_what_df_calls_reclaimable_is_what_prune_frees(lab: Lab, things: None) -> None:
    promised = kinds(lab)["Images"]["Reclaimable"].split()[0]
    freed = lab("image", "prune", "-a", "-f").lines[-1]
    assert freed == f"Total reclaimed space: {promised}"
    assert kinds(lab)["Images"]["Reclaimable"] == "0B (0%)"


def test_df_is_a_table_and_says_what_is_there_twice(lab: Lab, things: None) -> None:
    lines = lab("system", "df").lines
    assert lines[0].split() == ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"]
    assert lines[-2].startswith("On the disk: ")


def test_df_in_detail_tells_shared_from_unique(lab: Lab, things: None) -> None:
    out = json.loads(lab("system", "df", "-v", "--format", "json").out)
    images = {row["Repository"]: row for row in out["Images"]}
    assert images["mine"]["UniqueSize"] == "5B"
    assert images["busybox"]["UniqueSize"] == "0B"
    assert images["mine"]["SharedSize"] == images["busybox"]["SharedSize"]
    assert (images["mine"]["Containers"], images["busybox"]["Containers"]) == ("0", "2")
    assert {row["Names"]: row["Size"] for row in out["Containers"]} == {
        "one": "5B",
        "two": "0B",
    }
    volumes = {row["Name"]: (row["Links"], row["Size"]) for row in out["Volumes"]}
    assert volumes == {"used": ("1", "3B"), "unused": ("0", "0B")}
    table = lab("system", "df", "-v").out
    for title in ("Images", "Containers", "Local Volumes"):
        assert f"{title} space usage:" in table


def test_prune_says_all_that_goes_and_asks(lab: Lab, things: None) -> None:
    done = lab("system", "prune", "-a", "--volumes", "--filter", "label=x")
    assert done.out == (
        "WARNING! This will remove:\n"
        "  - all stopped containers\n"
        "  - all networks not used by at least one container\n"
        "  - all anonymous volumes not used by at least one container\n"
        "  - all images without at least one container associated to them\n"
        "\n"
        "  Items to be pruned will be filtered with:\n"
        "  - label=x\n"
        "\n"
        "Are you sure you want to continue? [y/N] "
    )
    assert kinds(lab)["Containers"]["TotalCount"] == "2"


def test_prune_takes_containers_first_and_then_their_images(
    lab: Lab, things: None
) -> None:
    done = lab("system", "prune", "-a", "-f")
    assert "Deleted Containers:" in done.lines
    assert "untagged: mine:1" in done.lines
    assert "untagged: busybox:latest" in done.lines
    left = {kind: row["TotalCount"] for kind, row in kinds(lab).items()}
    assert (left["Containers"], left["Local Volumes"]) == ("0", "2")


def test_prune_of_volumes_has_no_until(lab: Lab, busybox: str) -> None:
    done = lab("system", "prune", "-f", "--volumes", "--filter", "until=1h")
    assert 'The "until" filter is not supported with "--volumes"' in done.error
