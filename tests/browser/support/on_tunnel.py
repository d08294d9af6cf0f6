"""The page of a real client, under load and with the tunnel broken at each hop."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from chromium import FOREIGN_NAME, BrowserFailed, Page
from looks import DRAWN, Eye, demand
from on_mock import GONE, PANELS, UNAUTHORIZED
from site_of_page import TOKEN, Site, site

# A fault shows within 10 s, or with the end of the running poll; the client takes up to 4 s to try again after a short outage.
FAULT_SECONDS, RECOVERY_SECONDS, CLICK_SECONDS = 40.0, 40.0, 3.0


def enter(page: Page) -> None:
    page.until("document.activeElement.id === 'token'")
    page.type(TOKEN)
    page.press("Enter")
    page.until(DRAWN)


def page_shows_a_tunnel_under_load_and_each_broken_hop(eye: Eye, client: Path, relay: Path) -> None:
    with site(client, relay) as place, place.load(), eye.page(place.url, allowed=(*UNAUTHORIZED, *GONE)) as page:
        enter(page)
        page.until_text("#verdict", "The tunnel works", RECOVERY_SECONDS)
        under_load(eye, place, page)

        place.stop("server")
        page.until_text("#verdict", "MCP server", FAULT_SECONDS)
        page.until("document.querySelector('#hop-mcp').classList.contains('bad')", FAULT_SECONDS)
        eye.check(page, "real mcp broken light 1280", width=1280)
        every_panel_shows_something(page)
        place.start("server")
        page.until_text("#verdict", "The tunnel works", RECOVERY_SECONDS)

        place.stop("relay")
        page.until_text("#verdict", "Relay", FAULT_SECONDS)
        page.until("document.querySelector('#hop-relay').classList.contains('bad')", FAULT_SECONDS)
        demand(page.value("document.querySelector('#advice').textContent.length > 20"), "nothing says what to do")
        page.look(dark=True, width=360)
        eye.check(page, "real relay broken dark 360", width=360)
        page.look(dark=False, width=1280)
        every_panel_shows_something(page)
        place.start("relay")
        page.until_text("#verdict", "The tunnel works", RECOVERY_SECONDS)

        place.stop("client")
        page.until_text("#verdict", "The client does not answer", FAULT_SECONDS)
        page.until("/No answer from the client since \\d+ s/.test(document.querySelector('#stale').textContent)")
        place.start("client")
        page.until_text("#log-rows", "The client was started again", RECOVERY_SECONDS)
        page.until_text("#verdict", "The tunnel works", RECOVERY_SECONDS)


def under_load(eye: Eye, place: Site, page: Page) -> None:
    page.until("document.querySelectorAll('#call-rows tr').length >= 10")
    page.until("[...document.querySelectorAll('#call-rows tr')].some((row) => row.textContent.includes('tools/call') && row.textContent.includes('echo'))")
    page.until("Number(document.querySelector('.calls .now').textContent) > 0")
    page.until("document.querySelectorAll('#log-rows p').length > 0")
    demand("hello" not in page.text(), "an argument of a call is shown")
    demand(TOKEN not in page.text(), "the token is shown")
    every_panel_shows_something(page)
    eye.every_look(page, "real")
    page.look(dark=False, width=1280)
    # The level, and that the client's own log says so in the page.
    page.value("document.querySelector('#level').value = 'debug'; document.querySelector('#level').dispatchEvent(new Event('change'))")
    page.until("[...document.querySelectorAll('#log-rows p')].some((row) => row.textContent.includes('runtime log level updated'))")
    demand(place.client_asked("/api/log-level")["level"] == "debug", "the client has another level")
    page.value("document.querySelector('#level').value = 'info'; document.querySelector('#level').dispatchEvent(new Event('change'))")
    page.wait(lambda: place.client_asked("/api/log-level")["level"] == "info")


def a_button_saves_the_support_bundle(eye: Eye, client: Path, relay: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="tunnel-bundle-") as folder, site(client, relay) as place, eye.page(place.url, allowed=(*UNAUTHORIZED, *GONE)) as page:
        page.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=folder)
        enter(page)
        page.until("document.querySelectorAll('#log-rows p').length > 0")
        page.click("#bundle")
        page.wait(lambda: list(Path(folder).glob("tunnel-client-logs-*Z.tar.gz")), FAULT_SECONDS)
        page.until("document.querySelector('#log-note').hidden")
        (saved,) = Path(folder).iterdir()
        with tarfile.open(saved, "r:gz") as archive:
            files = {member.name: (archive.extractfile(member) or io.BytesIO()).read().decode() for member in archive.getmembers()}
        demand(json.loads(files["manifest.json"])["files"] == list(files), f"the list is another: {files['manifest.json']}")
        demand(json.loads(files["admin/status.json"])["lifecycle"] == "running", "the bundle is of another process")
        lines = [json.loads(each) for each in files["tunnel-client.logs.ndjson"].splitlines()]
        demand(any(each["message"] == "health server listening" for each in lines), f"lines are missing: {lines[:5]}")
        demand(not any(TOKEN in each for each in files.values()), "the token is in the bundle")

        # A client that is gone is no bundle, and the page says so.
        place.stop("client")
        click_until(page, "#bundle", "document.querySelector('#log-note').textContent.includes('There is no bundle')")
        demand(len(list(Path(folder).iterdir())) == 1, "something was saved")


def every_panel_shows_something(page: Page) -> None:
    for panel in PANELS:
        body = f"document.querySelector('#{panel}-body')"
        demand(page.value(f"{body}.innerText.trim().length > 0"), f"{panel} shows nothing")
        for shown in ("false", "true"):
            click_until(page, f"#{panel} > h2 > button", f"{body}.checkVisibility() === {shown}")


def click_until(page: Page, selector: str, condition: str) -> None:
    """An answer that comes between look and click may move what is clicked. A click that met something else has done nothing."""
    for tries_left in (2, 1, 0):
        page.click(selector)
        try:
            page.until(condition, CLICK_SECONDS if tries_left else FAULT_SECONDS)
        except BrowserFailed:
            if not tries_left:
                raise
        else:
            return


def other_origins_are_refused(eye: Eye, client: Path, relay: Path) -> None:
    """A page of somebody else, which even knows the token."""
    with site(client, relay) as place, foreign_page() as foreign, eye.browser.page() as page:
        page.open(foreign)
        before = place.client_asked("/api/log-level")
        change = {"method": "PUT", "headers": {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}, "body": '{"level":"debug"}'}
        attempts: dict[str, dict[str, Any]] = {
            "a PUT": change, "a POST": {**change, "method": "POST"}, "a PUT without a look at the answer": {"method": "PUT", "mode": "no-cors", "body": '{"level":"debug"}'},
            "a POST without a look at the answer": {"method": "POST", "mode": "no-cors", "body": '{"level":"debug"}'}, "a GET": {"headers": {"Authorization": f"Bearer {TOKEN}"}},
            "a GET without a token": {},
        }  # fmt: skip
        for name, attempt in attempts.items():
            path = "/api/log-level" if "GET" not in name else "/api/status"
            outcome = page.value(f"fetch({json.dumps(place.url + path)}, {json.dumps(attempt)}).then((answer) => answer.type + answer.status, () => 'refused')")
            demand(outcome in ("refused", "opaque0"), f"{name} from another origin was answered: {outcome}")
        for element in ("img", "script", "iframe"):
            page.value(f"document.body.append(Object.assign(document.createElement('{element}'), {{src: {json.dumps(place.url + '/api/status')}}}))")
        form = f"const form = document.createElement('form'); Object.assign(form, {{method: 'post', enctype: 'text/plain', action: {json.dumps(place.url + '/api/log-level')}}}); document.body.append(form); form.submit()"
        page.value(f"(() => {{ {form} }})()")
        page.until(f"location.href.startsWith({json.dumps(place.url)})")
        demand("cross-origin request refused" in page.text() or "403" in page.text(), f"a form of another origin was answered: {page.text()[:200]}")
        demand(place.client_asked("/api/log-level") == before, "another origin changed the level")


def foreign_names_are_refused(eye: Eye, client: Path, relay: Path) -> None:
    """The page under a name of somebody else: DNS rebinding."""
    with site(client, relay) as place, eye.browser.page() as page:
        port = place.url.rpartition(":")[2]
        for path in ("/ui", "/api/status", "/ui/app.js"):
            page.open(f"http://{FOREIGN_NAME}:{port}{path}")
            shown = page.text()
            demand("tunnel-client\n" not in shown and not page.value("document.querySelector('#panels') !== null"), f"{path} is served under a foreign name: {shown[:200]}")
            status = page.value("performance.getEntriesByType('navigation')[0].responseStatus")
            demand(status == 421, f"{path}: {status} under a foreign name")


@contextmanager
def foreign_page() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            body = b"<!doctype html><title>somebody else</title><body>somebody else</body>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


CASES: list[Callable[[Eye, Path, Path], None]] = [
    page_shows_a_tunnel_under_load_and_each_broken_hop, a_button_saves_the_support_bundle, other_origins_are_refused, foreign_names_are_refused,
]  # fmt: skip
