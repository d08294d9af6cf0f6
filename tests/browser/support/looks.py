"""What every look at the page demands: nothing of it failed, nothing left it, everybody can use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chromium import Chromium, Page

# Dark or light, width of the window.
LOOKS = [(False, 1280), (True, 1280), (False, 360), (True, 360)]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# An ordinary page with answers, and one that asks for a token.
DRAWN = "document.querySelectorAll('#hops li').length > 0 && document.querySelectorAll('#component-rows tr').length > 0"


class Faulty(Exception):
    """The page did not do what it has to."""


def demand(condition: object, what: str) -> None:
    if not condition:
        raise Faulty(what)


class Eye:
    """The browser, the checker for accessibility, and where pictures go if anybody wants them."""

    def __init__(self, browser: Chromium, axe: str, pictures: Path | None) -> None:
        self.browser = browser
        self.pictures = pictures
        self._axe = axe

    @contextmanager
    def page(self, url: str, *, dark: bool = False, width: int = 1280, allowed: tuple[str, ...] = ()) -> Iterator[Page]:
        """A page at `url`. At its end nothing may have failed but what has one of the `allowed` texts."""
        with self.browser.page(dark=dark, width=width) as page:
            page.open(url)
            yield page
            faults = [each for each in page.faults if not any(text in each for text in allowed)]
            demand(not faults, f"the browser complains: {faults[:4]}")
            origin = "/".join(url.split("/")[:3])
            foreign = [each for each in page.requests if not each.startswith((f"{origin}/", f"blob:{origin}/", "data:,", "about:"))]
            demand(not foreign, f"the page asked somebody else: {foreign[:4]}")

    def check(self, page: Page, name: str, *, width: int) -> None:
        """No rule of accessibility is broken, and nothing is wider than the window."""
        if not page.value("typeof axe !== 'undefined'"):
            page.value(f"{self._axe}; void 0")
        found = page.value(
            f"axe.run(document, {{runOnly: {json.dumps(TAGS)}, resultTypes: ['violations']}})"
            ".then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes[0].html.slice(0, 200)} ${nodes[0].failureSummary.slice(0, 300)}`))"
        )
        if self.pictures:
            page.picture(self.pictures / f"{name.replace(' ', '-')}.png")
        demand(not found, f"{name}: axe finds {found}")
        wide = page.value("document.documentElement.scrollWidth")
        demand(wide <= width, f"{name}: the page is {wide} px wide in a window of {width}")

    def every_look(self, page: Page, name: str) -> None:
        for dark, width in LOOKS:
            page.look(dark=dark, width=width)
            self.check(page, f"{name} {'dark' if dark else 'light'} {width}", width=width)
