"""The clinician's page in six pictures, made of the real thing and kept true.

``python -m tests.film FOLDER``, with the folder of a demonstration, serves its model on this
machine, goes through the page as a physician does, and writes ``docs/film/`` and ``docs/film.md``.
With ``--check`` nothing is written: it fails where a picture shows other words by now. Numbers and
days are not compared; they may differ from one machine to the next.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import KetresponseError
from serving.process import start_server
from tests.browsers import CHROMIUM, FLAGS
from training.store.registered import locate

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = DOCS / "film"
WORDS = PICTURES / "words.json"
_SIZE = {"width": 1280, "height": 800}
_VARIES = re.compile(
    r"\b\d+ (January|February|March|April|May|June|July|August|September|October|November|December)"
    r" \d+|\b[0-9a-f]{12}\b|[−+-]?\d+(?:[.,]\d+)*"
)


@dataclass(frozen=True)
class Scene:
    """One picture.

    Parameters
    ----------
    name : str
        Of its file.
    caption : str
        What is seen, in a sentence.
    act : callable
        Brings the page there; returns what is to be seen in the picture.
    scrolls : bool
        Whether the picture begins with that, and not with the top of the page.
    """

    name: str
    caption: str
    act: Callable[[Any, str], Any]
    scrolls: bool = False


def _open_form(page: Any, url: str) -> Any:
    page.goto(f"{url}/clinic")
    return page.locator("main")


def _ask(page: Any, url: str) -> Any:
    page.goto(f"{url}/clinic?example=1")
    return page.locator("section.estimate")


def _explain(page: Any, url: str) -> Any:
    found = page.locator("details", has_text="What moved it").first
    found.locator("summary").first.click()
    return found


def _compare(page: Any, url: str) -> Any:
    page.goto(f"{url}/clinic?example=1")
    page.locator("#what-if > summary").click()
    page.locator("#what-if [name=compare-opioid][value=yes]").check()
    page.locator("#what-if [data-comparison] table").wait_for()
    return page.locator("#what-if [data-comparison]")


def _ask_the_impossible(page: Any, url: str) -> Any:
    page.goto(f"{url}/clinic?example=1")
    page.locator("#form [name=nrs_t0]").fill("1")
    page.locator("#form button[type=submit]").click()
    return page.locator("#result")


def _show_the_sheet(page: Any, url: str) -> Any:
    page.goto(f"{url}/clinic?example=1&lang=nl")
    page.locator("a[href='#sheet']").click()
    return page.locator("#sheet")


SCENES = (
    Scene(
        "1-form",
        "The form. What is not known stays empty; each value says its unit and its range.",
        _open_form,
    ),
    Scene(
        "2-answer",
        "The answer, for a made-up patient: of 100 like this one so many responded, how sure that "
        "is, compared with whom, and what it does not mean.",
        _ask,
    ),
    Scene(
        "3-reasons",
        "What moved the estimate: the parts add up to the number that is served.",
        _explain,
        scrolls=True,
    ),
    Scene(
        "4-comparison",
        "Beside a patient who differs in one value: a comparison of patients, and no effect.",
        _compare,
        scrolls=True,
    ),
    Scene(
        "5-none",
        "No number where there can be none: pain of 1 cannot fall by 2 points.",
        _ask_the_impossible,
    ),
    Scene("6-sheet", "The sheet for the patient, here in Dutch.", _show_the_sheet, scrolls=True),
)


def shoot(url: str, *, folder: Path | None) -> dict[str, str]:
    """Go through the scenes; return the words that each shows, and write the pictures.

    Parameters
    ----------
    url : str
        Of a running service.
    folder : Path or None
        Where the pictures go; None makes none.
    """
    from playwright.sync_api import sync_playwright

    words = {}
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=_SIZE, locale="en")
        for scene in SCENES:
            shown = scene.act(page, url)
            shown.wait_for()
            where = "element.scrollIntoView()" if scene.scrolls else "scrollTo(0, 0)"
            shown.evaluate(f"element => {where}")
            words[scene.name] = _VARIES.sub("#", " ".join(shown.inner_text().split()))
            if folder is not None:
                page.screenshot(path=folder / f"{scene.name}.png")
        browser.close()
    return words


def compare(words: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    """Return in which scenes what is seen is not what was seen when the pictures were made."""
    return [name for name in {**before, **words} if words.get(name) != before.get(name)]


def make_page() -> str:
    """Return the documentation's page of the pictures."""
    head = (
        "# The clinician's page in six pictures\n\n"
        "Made of a running service with the demonstration's model: its patients are simulated, "
        "its numbers say\nnothing about anybody. `python -m tests.film ketresponse-demo` makes the "
        "pictures anew; continuous\nintegration fails when a page shows other words than they do.\n"
    )
    scenes = [
        f"\n{scene.caption}\n\n![{scene.caption}](film/{scene.name}.png)\n" for scene in SCENES
    ]
    return head + "".join(scenes)


def main() -> int:
    """Make the pictures, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of a demonstration, such as ketresponse-demo")
    parser.add_argument("--check", action="store_true", help="compare the words, write nothing")
    asked = parser.parse_args()
    if CHROMIUM is None:
        print("no Chromium here: the pictures are not looked at")
        return 0 if asked.check else 1
    store = (asked.folder / "mlflow.db").resolve()
    model = locate("demonstration", tracking_uri=f"sqlite:///{store}")
    with tempfile.TemporaryDirectory() as records:
        environ = {
            "KETRESPONSE_RECORDS": f"{records}/records.db",
            "KETRESPONSE_RECORDS_KEY_FILE": f"{records}/records.key",
        }
        PICTURES.mkdir(exist_ok=True)
        with start_server(model, "demonstration", environ=environ) as url:
            words = shoot(url, folder=None if asked.check else PICTURES)
    if asked.check:
        changed = compare(words, json.loads(WORDS.read_bytes()))
        if changed:
            print(f"pictures that show what is no longer so: {', '.join(changed)}; make them anew")
        return 1 if changed else 0
    WORDS.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (DOCS / "film.md").write_text(make_page(), "utf-8")
    print(f"{len(SCENES)} pictures in {PICTURES}")
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KetresponseError as err:
        raise SystemExit(str(err)) from err
