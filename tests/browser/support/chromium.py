"""A headless Chromium, driven over a pipe by the DevTools protocol: messages are JSON texts that end with a zero byte."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_SECONDS, ANSWER_SECONDS, STOP_SECONDS = 60.0, 60.0, 10.0
LOOK_SECONDS = 0.04
# A name of somebody else that leads to this host, as by DNS rebinding.
FOREIGN_NAME = "foreign.test"
KEYS = {
    "Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), " ": ("Space", 32, " "), "Escape": ("Escape", 27, ""), "ArrowDown": ("ArrowDown", 40, ""),
    "ArrowUp": ("ArrowUp", 38, ""), "End": ("End", 35, ""),
}  # fmt: skip
SHIFT = 8


class BrowserFailed(Exception):
    """The browser did not do what it was told."""


# The browser reads descriptor 3 and writes 4, whatever their numbers were.
PIPES = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD_CLOEXEC, 10) for end in sys.argv[1:3]]
for number, end in enumerate(ends, 3):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Chromium:
    """The program and its one connection. Every page has a context of its own: no cookie, cache or storage is shared."""

    def __init__(self, system: Path, folder: Path) -> None:
        # Its own sandbox needs a set-uid helper or user namespaces; it opens pages of this test only.
        command = [
            str(system / "usr/lib/chromium/chromium-headless-shell"), "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
            "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--no-proxy-server", "--mute-audio", f"--user-data-dir={folder / 'profile'}",
            f"--host-resolver-rules=MAP {FOREIGN_NAME} 127.0.0.1",
        ]  # fmt: skip
        libraries = [system / each for each in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/pulseaudio")]
        fonts = folder / "fonts.conf"
        fonts.write_text(
            '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
            f"<fontconfig><dir>{system / 'usr/share/fonts'}</dir><cachedir>{folder / 'fonts'}</cachedir></fontconfig>",
            encoding="utf-8",
        )
        environment = {
            "HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC", "FONTCONFIG_FILE": str(fonts),
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        }  # fmt: skip
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._log = folder / "chromium.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", PIPES, str(theirs_in), str(theirs_out), *command], env=environment, cwd=folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(theirs_in, theirs_out), start_new_session=True,
            )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest = b""
        self._next = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._listeners: dict[str, Callable[[str, dict[str, Any]], None]] = {}
        self.version = self.ask("Browser.getVersion", seconds=START_SECONDS)["product"]

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        # Ours and no other: the session was begun for it.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_SECONDS)
        os.close(self._in)
        os.close(self._out)

    def ask(self, method: str, session: str | None = None, seconds: float = ANSWER_SECONDS, **parameters: Any) -> dict[str, Any]:
        self._next += 1
        number = self._next
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        deadline = time.monotonic() + seconds
        while number not in self._answers:
            if not self.listen(deadline - time.monotonic()):
                raise BrowserFailed(f"{method}: no answer within {seconds:.0f} s; {self._last_words()}")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise BrowserFailed(f"{method}: {answer['error'].get('message')}")
        return dict(answer["result"])

    def listen(self, seconds: float) -> bool:
        """Takes what has come, for at most `seconds`; whether anything came."""
        if not select.select([self._in], [], [], max(0.0, seconds))[0]:
            return False
        data = os.read(self._in, 1 << 20)
        if not data:
            raise BrowserFailed(f"the browser has ended; {self._last_words()}")
        *messages, self._rest = (self._rest + data).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._answers[message["id"]] = message
            elif listener := self._listeners.get(message.get("sessionId", "")):
                listener(message["method"], message.get("params", {}))
        return True

    def _last_words(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-600:]

    @contextmanager
    def page(self, *, dark: bool = False, width: int = 1280, height: int = 900) -> Iterator[Page]:
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        self._listeners[session] = page.hear
        try:
            for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
                page.ask(f"{domain}.enable")
            page.look(dark=dark, width=width, height=height)
            yield page
        finally:
            del self._listeners[session]
            self.ask("Target.disposeBrowserContext", browserContextId=context)


class Page:
    """One page, and everything that went wrong in it."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session
        self.faults: list[str] = []
        """Errors of scripts, the console, the network and policies."""
        self.requests: list[str] = []

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.ask(method, self._session, **parameters)

    def hear(self, event: str, what: dict[str, Any]) -> None:
        if event == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            self.faults.append(f"exception: {details.get('exception', {}).get('description', details['text'])}")
        elif event == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
            self.faults.append(f"console: {[each.get('value', each.get('description')) for each in what['args']]}")
        elif event == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            self.faults.append(f"{what['entry']['source']}: {what['entry']['text']} {what['entry'].get('url', '')}")
        elif event == "Audits.issueAdded" and what["issue"]["code"] == "ContentSecurityPolicyIssue":
            self.faults.append(f"policy: {json.dumps(what['issue']['details'])[:400]}")
        elif event == "Page.javascriptDialogOpening":
            self.faults.append(f"dialog: {what['message'][:200]}")
        elif event == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])

    def look(self, *, dark: bool, width: int, height: int = 900) -> None:
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        # Scrolling that takes its time would be in the way of the mouse.
        self.ask("Emulation.setEmulatedMedia", features=[scheme, {"name": "prefers-reduced-motion", "value": "reduce"}])

    def open(self, url: str) -> None:
        answer = self.ask("Page.navigate", url=url)
        if answer.get("errorText"):
            raise BrowserFailed(f"{url}: {answer['errorText']}")
        self.until("document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        """What an expression comes to, waited for if it is a promise."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserFailed(f"{expression[:200]}: {details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float = ANSWER_SECONDS) -> Any:
        """Waits until an expression is true; its value."""
        deadline = time.monotonic() + seconds
        while not (found := self.value(expression)):
            if time.monotonic() > deadline:
                raise BrowserFailed(f"not true after {seconds:.0f} s: {expression[:300]}\n      the page: {self.text()[:600]!r}")
            self._browser.listen(LOOK_SECONDS)
        return found

    def wait(self, condition: Callable[[], object], seconds: float = ANSWER_SECONDS) -> None:
        """Waits for something outside of the page, which goes on meanwhile."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise BrowserFailed(f"{getattr(condition, '__code__', condition)} is not true after {seconds:.0f} s; the page: {self.text()[:600]!r}")
            self._browser.listen(LOOK_SECONDS)

    def until_text(self, selector: str, text: str, seconds: float = ANSWER_SECONDS) -> None:
        self.until(f"(document.querySelector({json.dumps(selector)})?.textContent ?? '').includes({json.dumps(text)})", seconds)

    def text(self) -> str:
        return str(self.value("document.body?.innerText ?? ''"))

    def click(self, selector: str) -> None:
        """Moves the mouse to the middle of an element, which has to be what is there, and clicks."""
        where = self.value(
            f"(() => {{ const it = document.querySelector({json.dumps(selector)}); it.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            " const r = it.getBoundingClientRect(); const x = r.x + r.width / 2, y = r.y + r.height / 2;"
            " const there = document.elementFromPoint(x, y); return {x, y, hit: it === there || it.contains(there)}; })()"
        )
        if not where["hit"]:
            raise BrowserFailed(f"{selector} is covered by something, or not shown")
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=where["x"], y=where["y"], button="left", clickCount=1)

    def press(self, key: str, *, shift: bool = False) -> None:
        code, number, text = KEYS[key]
        modifiers = SHIFT if shift else 0
        common = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}
        self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **({"text": text} if text else {}), **common)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        self.ask("Input.insertText", text=text)

    def hide(self, hidden: bool) -> None:
        """Tells the page that nobody sees it, or that somebody does again. A headless browser has no window to put away."""
        state = "hidden" if hidden else "visible"
        self.value(
            f"Object.defineProperty(document, 'hidden', {{configurable: true, value: {json.dumps(hidden)}}}),"
            f"Object.defineProperty(document, 'visibilityState', {{configurable: true, value: '{state}'}}),"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )

    def picture(self, file: Path) -> None:
        """The whole page, however long."""
        box = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": box["width"], "height": min(box["height"], 6000), "scale": 1}
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        file.write_bytes(base64.b64decode(data))
