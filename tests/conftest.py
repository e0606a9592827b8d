"""What tests share: a closed network, the machine's browser, and a server of folders."""

import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from print_book import FLAGS, find_browser

ROOT = Path(__file__).resolve().parent.parent
NO_BROWSER = (
    "No browser for the tests of the site: install Chromium (Debian and Ubuntu: apt install "
    "chromium), run `playwright install chromium`, or name one in DATAWALL_CHROMIUM."
)


@pytest.fixture(autouse=True)
def closed_network(monkeypatch):
    """No test reaches for a network: only this machine's own addresses can be connected to."""
    connect = socket.socket.connect

    def here_only(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test reached for the network: {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", here_only)


def without_browser():
    """Skip a test that needs a browser, except in CI, where one must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(NO_BROWSER, pytrace=False)
    pytest.skip(NO_BROWSER)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        path = find_browser(playwright.chromium.executable_path)
        if path is None:
            without_browser()
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(autouse=True)
def interruptible():
    """A test can be stopped by the keyboard, whatever a notebook in the one before has left."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def styled():
    """The book's style for figures, taken back with them when the test ends."""
    import matplotlib.pyplot as plt

    from datawall.page import plots

    plots.style()
    yield
    plt.close("all")
    plt.rcdefaults()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def serve():
    """A function that serves a folder on this machine and gives its address."""
    servers = []

    def start(folder):
        handler = partial(Quiet, directory=folder)
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def build(source, target, *options):
    """Run jupyter-book as `make book` does."""
    command = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    return subprocess.run(
        [command, "build", source, "--path-output", target, "-W", "-n", "--keep-going", *options],
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    target = tmp_path_factory.mktemp("site")
    run = build(ROOT, target)
    if run.returncode:
        pytest.fail("The site does not build:\n" + run.stderr[-3000:], pytrace=False)
    return target / "_build" / "html"


@pytest.fixture(scope="session")
def address(site, serve):
    return serve(site)


FINDINGS = []


@pytest.fixture
def report():
    """A function that keeps a sentence for the end of the run: what a benchmark found."""
    return FINDINGS.append


def pytest_terminal_summary(terminalreporter):
    if FINDINGS:
        terminalreporter.section("what the benchmarks found")
        terminalreporter.write_line("\n".join(FINDINGS))
