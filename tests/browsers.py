"""A real browser, for the tests that need one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MARKS = [
    pytest.mark.browser,
    pytest.mark.service,
    pytest.mark.skipif(CHROMIUM is None, reason="no system Chromium found"),
]


# Per module: while it runs, nothing else can run an event loop of its own.
@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a browser with a profile of its own."""
    playwright = pytest.importorskip("playwright.sync_api")
    profile = tmp_path_factory.mktemp("profile")
    with playwright.sync_playwright() as started:
        context = started.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=FLAGS
        )
        yield context
        context.close()


def see(locator: Any) -> bool:
    """Wait until a place of a page can be seen, as a reader does: frames load after the page."""
    locator.wait_for(state="visible")
    return True


def list_violations(page: Any) -> list[str]:
    """Return what axe-core finds wrong with a page for people who cannot see it or use no mouse.

    All its rules are asked, those of good practice too. A frame's text is a page of its own:
    open it and ask again.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options={"resultTypes": ["violations"], "iframes": False}).response
    return [
        f"{violation['id']}: {' '.join(node['target'])}: {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def list_violations_in_files(browser: Any, *files: Path) -> list[str]:
    """Return what axe-core finds wrong with pages that lie in a folder, each after its name."""
    found = []
    for file in files:
        page = browser.new_page()
        page.goto(file.resolve().as_uri())
        found += [f"{file.name}: {violation}" for violation in list_violations(page)]
        page.close()
    return found
