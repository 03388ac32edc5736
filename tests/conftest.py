"""The workshop of the tests: engines to use, and proof that nothing is left.

    engine      a real engine on a root of this run, shared by the tests; what a test
                made in it is removed after the test
    busybox     the name of an image that is in it
    fresh_root  a root that no engine has seen, for a test that needs one of its own
    need        what the machine must have: see tests/machine.py

Tests that start whole machines take minutes, so they run only where they are asked for:

    ./lab test --vm         the tests marked `vm`, in virtual machines: tests/vm/
    ./lab test --vagrant    a real `vagrant up`: tests/vagrant/

And some rounds are few unless all of them are asked for:

    ./lab test --every-act  tests/faults/test_every_act.py at every act, not every 20th

Everything the tests make is below one directory on a real disk, pytest's `tmp_path`
too: an overlay's upper directory must not be on tmpfs or on another overlay. At the
end the machine must be as it was: see tests/leftovers.py.

Try it: `./lab test tests/engine -x -v`
"""

import faulthandler
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests import leftovers, machine, workshop

if TYPE_CHECKING:
    from engine.engine import Engine

PATIENCE = 240  # seconds for one test that is not marked `patience`
MACHINES = {
    "--vm": "run also the tests that start virtual machines (tests/vm/)",
    "--vagrant": "run also the tests that do a real `vagrant up` (tests/vagrant/)",
}
_before = pytest.StashKey[leftovers.Census]()
_left = pytest.StashKey[list[str]]()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that ask for the tests that start machines."""
    group = parser.getgroup("machines")
    for option, meaning in MACHINES.items():
        group.addoption(option, action="store_true", help=meaning)
    parser.getgroup("faults").addoption(
        "--every-act",
        action="store_true",
        help="fail and kill at every act, not at one of twenty (tests/faults/)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the directory of this run, and keep the tests away from everything else."""
    settings.register_profile("labshell", deadline=None)  # the machine may be busy
    settings.load_profile("labshell")
    if not _is_worker(config):
        workshop.keep_cache()
        directory = workshop.make_directory()
        os.environ[workshop.DIRECTORY] = str(directory)
        config.option.basetemp = str(directory / "tmp")
        config.stash[_before] = leftovers.take(directory)
    workshop.isolate(Path(os.environ[workshop.DIRECTORY]))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if the machine is not as it was before.

    pytest's own goes first: after Ctrl-C it is that which closes the open fixtures.
    """
    config = session.config
    if _is_worker(config):
        return
    directory = Path(os.environ[workshop.DIRECTORY])
    workshop.let_go_all(directory)
    left = leftovers.take(directory).left_since(config.stash[_before])
    config.stash[_left] = left
    if left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    workshop.clear(directory)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left behind, and say how long the engine is, what it survives."""
    terminalreporter.write_line(workshop.engine_size())
    faults = _faults(terminalreporter)
    if faults:
        terminalreporter.write_line(faults)
    left = terminalreporter.config.stash.get(_left, [])
    if left:
        terminalreporter.section("left behind by the tests", red=True)
        for line in left:
            terminalreporter.write_line(line, red=True)


def _faults(reporter: pytest.TerminalReporter) -> str:
    """How many rounds of tests/faults/test_every_act.py were survived."""
    rounds = [
        value
        for reports in reporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == "faults"
    ]
    if not rounds:
        return ""
    verbs, tried, survived = zip(*rounds, strict=True)
    return (
        f"faults: {sum(survived)} of {sum(tried)} survived "
        f"(acts × kinds, {len(set(verbs))} verbs)"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test nobody asked for, or for which the machine lacks something."""
    if item.get_closest_marker("patience"):
        # After pyproject's faulthandler_timeout it would print every stack.
        faulthandler.cancel_dump_traceback_later()
    for mark in item.iter_markers("asked"):
        for option in mark.args:
            if not item.config.getoption(option):
                pytest.skip(f"only with {option}")
    for mark in item.iter_markers("require"):
        machine.need(*mark.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Fail a test that hangs, instead of waiting for it for ever."""
    mark = item.get_closest_marker("patience")
    seconds = mark.args[0] if mark else PATIENCE

    def give_up(*_: object) -> None:
        pytest.fail(f"took longer than {seconds} seconds")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        return (yield)
    finally:
        signal.alarm(0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:
    """Turn a skip for want of what LABSHELL_REQUIRE names into a failure."""
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for a file that skips as a whole."""
    report = yield
    return _refuse_skip(report)


def _refuse_skip(report):
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        if machine.is_forbidden(reason):
            report.outcome = "failed"
            report.longrepr = f"LABSHELL_REQUIRE says that it is here: {reason}"
    return report


@pytest.fixture(scope="session")
def run_directory(worker_id: str) -> Path:
    """Where this process of the test run keeps its roots."""
    directory = Path(os.environ[workshop.DIRECTORY]) / worker_id
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


@pytest.fixture(scope="session")
def shared_engine(run_directory: Path) -> "Iterator[Engine]":
    """One engine for all tests of this process, with the busybox image in it."""
    machine.need("root", "overlay")
    from engine.engine import Engine

    engine = Engine(run_directory / "root")
    try:
        engine.image("busybox")  # made at first use
        yield engine
    finally:
        workshop.close(engine)


@pytest.fixture
def engine(shared_engine: "Engine") -> "Iterator[Engine]":
    """A real engine. What a test made in it is removed after the test."""
    yield shared_engine
    workshop.tidy(shared_engine)


@pytest.fixture
def busybox(engine: "Engine") -> str:
    """The name of an image that is in the engine."""
    return "busybox"


@pytest.fixture
def fresh_root(run_directory: Path, tmp_path: Path) -> Iterator[Path]:
    """A root that no engine has seen. What is in it afterwards is removed."""
    machine.need("root", "overlay")
    from engine.engine import Engine

    root = tmp_path / "root"
    yield root
    workshop.close(Engine(root))
