"""Prints what the benchmarks found, one line each, below their table."""

import pytest

LINES = []


@pytest.fixture
def report():
    return LINES.append


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("what the targets ask")
    for line in LINES:
        terminalreporter.write_line(line)
