"""Tell at the end of the run what the machines have said."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a machine: the summary of the pytest that ran in it."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "in a machine":
                terminalreporter.write_line(f"in a machine: {value}")
