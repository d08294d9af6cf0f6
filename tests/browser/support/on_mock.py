"""The page against a client that is in whatever state is wanted."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from looks import DRAWN, Eye, Faulty, demand
from mock import WEB, Mock
from states import HOSTILE, STATES, line

MOST_BYTES = 42 * 1024
LOG_ROWS, SAMPLES = 500, 120
TOKEN = "mock-token-0123456789"
PANELS = ["activity", "channels", "components", "calls", "log", "sandbox", "certificates", "connection"]
UNAUTHORIZED = ("401 (Unauthorized)",)
GONE = ("ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE_CHUNKED_ENCODING")


def files_are_small(_: Eye) -> None:
    sizes = {file.name: file.stat().st_size for file in sorted(WEB.iterdir())}
    demand(sum(sizes.values()) <= MOST_BYTES, f"the page has {sum(sizes.values())} bytes: {sizes}")


def every_state_can_be_used_by_everybody(eye: Eye) -> None:
    for state in STATES:
        with Mock(state) as mock, eye.page(mock.url) as page:
            page.until("document.querySelectorAll('#sparks figure').length === 3" if state == "shapeless" else DRAWN)
            page.until("document.querySelector('#log-note').hidden && !document.querySelector('#calls-note').hidden")
            if state in ("well", "relay broken"):
                eye.every_look(page, state)
            elif state != "cut":  # a thousand rows, none of them of another kind
                dark = len(state) % 2 == 1
                page.look(dark=dark, width=360)
                eye.check(page, f"{state} {'dark' if dark else 'light'} 360", width=360)


def every_panel_opens_and_closes(eye: Eye) -> None:
    with Mock() as mock, eye.page(f"{mock.url}/ui/") as page:
        page.until(DRAWN)
        demand(page.value("[...document.querySelectorAll('#panels > section')].map((each) => each.id)") == PANELS, "the panels are others")
        for panel in PANELS:
            body, button = f"document.querySelector('#{panel}-body')", f"#{panel} > h2 > button"
            demand(page.value(f"{body}.innerText.trim().length > 0"), f"{panel} shows nothing")
            page.click(button)
            page.until(f"{body}.checkVisibility() === false && document.querySelector('{button}').getAttribute('aria-expanded') === 'false'")
        calls = mock.asked.count("/api/calls")
        looks = mock.asked.count("/api/status")
        page.wait(lambda: mock.asked.count("/api/status") >= looks + 2)
        demand(mock.asked.count("/api/calls") <= calls + 1, "a closed panel is asked for")
        page.wait(lambda: not mock.open_streams())
        for panel in PANELS:
            page.click(f"nav a[href='#{panel}']")
            page.until(f"document.querySelector('#{panel}-body').checkVisibility() && document.activeElement.matches('#{panel} button')")
        page.wait(lambda: mock.open_streams() == 1)


def hops_show_where_it_is_broken(eye: Eye) -> None:
    cases = {"relay broken": ("relay", "Broken at: Relay"), "mcp broken": ("mcp", "Broken at: MCP server"), "sandbox partial": ("client", "Working, with a fault at: Client")}
    with Mock() as mock, eye.page(mock.url) as page:
        page.until_text("#verdict", "The tunnel works")
        demand(page.value("[...document.querySelectorAll('[aria-live=polite]')].map((each) => each.id)") == ["state"], "more than the state of the tunnel is live")
        for state, (hop, head) in cases.items():
            mock.become(state)
            page.until_text("#verdict", head)
            page.until(f"document.title.startsWith({json.dumps(head)})")
            text = next(each["text"] for each in mock.answers["/api/status"]["hops"] if each["name"] == hop)
            demand(page.value("document.querySelector('#sentence').textContent") == text, "the sentence is another")
            demand(page.value("document.querySelector('#advice').textContent.length > 20"), "nothing says what to do")
            marked = page.value("[...document.querySelectorAll('#hops .bad > .dot')].map((each) => each.parentElement.id)")
            demand(marked == [f"hop-{hop}"], f"{state}: marked are {marked}")
            # Not by colour alone: a word, and another sign than the others have.
            demand("here" in page.value(f"document.querySelector('#hop-{hop} .word').textContent"), "no word says that it is broken here")
            signs = page.value("[...document.querySelectorAll('#hops .dot path')].map((each) => each.getAttribute('d'))")
            demand(signs.count(page.value(f"document.querySelector('#hop-{hop} .dot path').getAttribute('d')")) == 1, "its sign is that of others")
        mock.become("well")
        page.until_text("#verdict", "The tunnel works")


def silence_is_said_plainly(eye: Eye) -> None:
    with Mock() as mock, eye.page(mock.url, allowed=GONE) as page:
        page.until(DRAWN)
        mock.silent = True
        page.until_text("#verdict", "The client does not answer")
        page.until("/No answer from the client since \\d+ s\\. Everything below is of 09:00:00 UTC/.test(document.querySelector('#stale').textContent)")
        seconds = "Number(/since (\\d+) s/.exec(document.querySelector('#stale').textContent)[1])"
        first = page.value(seconds)
        page.until(f"{seconds} > {first}")
        demand(page.value("document.querySelector('#hop-client.bad .word').textContent") == "does not answer", "the client is not the hop that is marked")
        demand(not page.value("document.querySelector('#state').contains(document.querySelector('#stale'))"), "every second is read aloud")
        eye.check(page, "silent light 1280", width=1280)
        mock.silent = False
        page.until_text("#verdict", "The tunnel works")
        page.until("document.querySelector('#stale').hidden && !document.body.classList.contains('stale')")


def a_client_that_is_gone_is_told_from_one_that_refuses(eye: Eye) -> None:
    with Mock() as mock, eye.page(mock.url, allowed=(*GONE, "404 (Not Found)")) as page:
        page.until(DRAWN)
        status = mock.answers.pop("/api/status")
        page.until_text("#verdict", "The client refuses to answer")
        page.until_text("#sentence", "not_found")
        mock.answers["/api/status"] = status
        page.until_text("#verdict", "The tunnel works")
        # Another process at the same place.
        page.until("document.querySelectorAll('#sparks polyline')[0].getAttribute('points').split(' ').length >= 2")
        status["client_instance_id"] = "f" * 32
        page.until_text("#log-rows", "The client was started again")


def token_is_asked_for_and_kept_in_memory_only(eye: Eye) -> None:
    with Mock(token=TOKEN) as mock, eye.page(mock.url, allowed=UNAUTHORIZED) as page:
        page.until("document.activeElement.id === 'token'")
        demand(not page.value("document.querySelector('#panels').checkVisibility()"), "panels are shown without a token")
        eye.every_look(page, "token")
        page.look(dark=False, width=1280)
        for wrong in ("wrong-token-0123456789", "\u00fc not a header"):
            page.type(wrong)
            page.press("Enter")
            page.until_text("#token-error", "does not accept this token")
            page.until("document.activeElement.id === 'token' && document.activeElement.value === ''")
        eye.check(page, "token refused light 1280", width=1280)
        page.type(TOKEN)
        page.click("#token-form button")
        page.until(DRAWN)
        page.until("document.querySelectorAll('#log-rows p').length > 0")
        page.wait(lambda: mock.open_streams() == 1)
        demand(not page.value("document.querySelector('#token-form').checkVisibility()"), "the form stays")
        everywhere = "JSON.stringify([location.href, document.cookie, {...localStorage}, {...sessionStorage}, document.documentElement.outerHTML, history.state, window.name, [...document.querySelectorAll('input')].map((each) => each.value)])"
        demand(TOKEN not in page.value(everywhere), "the token is kept in the page")
        demand(not any(TOKEN in each for each in page.requests), "the token is in an address")
        # Exchanged meanwhile.
        mock.token = "another-token-0123456789"
        page.until("document.activeElement.id === 'token'")
        demand(not page.value("document.querySelector('#tunnel').checkVisibility()"), "old answers are still shown")


def log_is_live(eye: Eye) -> None:
    with Mock() as mock, eye.page(mock.url) as page:
        rows = "document.querySelectorAll('#log-rows p')"
        page.until(f"{rows}.length === 39")
        page.wait(lambda: mock.open_streams() == 1)
        demand(mock.resumed == ["39"], f"the stream was not begun after the last line: {mock.resumed}")
        mock.stream(line(40, "WARN", "a line that came later", key="value"))
        page.until_text("#log-rows p:last-child", "a line that came later key=value")
        page.until("(({scrollHeight, scrollTop, clientHeight}) => scrollHeight - scrollTop - clientHeight < 2)(document.querySelector('#log-rows'))")
        demand(page.value(f"[...{rows}].at(-1).className") == "warn" and "WARN" in page.value(f"[...{rows}].at(-1).textContent"), "the level is not shown")
        # One line once, however often it comes.
        mock.stream(line(40))
        mock.stream({"count": 12}, "lost")
        page.until_text("#log-rows p:last-child", "12 lines were lost")
        demand(page.value(f"{rows}.length") == 41, "a line is there twice")

        page.click("#filter")
        page.type("CAME later")
        page.until(f"[...{rows}].filter((row) => row.checkVisibility()).length === 1")
        mock.stream(line(41))
        page.until(f"{rows}.length === 42 && [...{rows}].filter((row) => row.checkVisibility()).length === 1")
        page.value("document.querySelector('#filter').value = ''; document.querySelector('#filter').dispatchEvent(new Event('input'))")
        page.until(f"[...{rows}].every((row) => row.checkVisibility())")

        page.click("#pause")
        page.until("document.querySelector('#pause').getAttribute('aria-pressed') === 'true'")
        for number in range(42, 42 + LOG_ROWS + 100):
            mock.stream(line(number))
        page.until_text("#log-note", f"{LOG_ROWS + 100} newer lines wait")
        demand(page.value(f"{rows}.length") == 42, "lines came in spite of the pause")
        page.click("#pause")
        page.until(f"{rows}.length === {LOG_ROWS}")
        demand(page.value("document.querySelector('#log-note').hidden"), "the pause did not end")

        # A stream that ends is asked for again, after the line that was last.
        mock.end_streams()
        page.wait(lambda: mock.resumed[1:] == [str(41 + LOG_ROWS + 100)])
        page.wait(lambda: mock.open_streams() == 1)
        mock.stream(line(1000, message="after the interruption"))
        page.until_text("#log-rows p:last-child", "after the interruption")


def level_is_switched(eye: Eye) -> None:
    with Mock() as mock, eye.page(mock.url, allowed=("400 (Bad Request)",)) as page:
        page.until("document.querySelector('#level').value === 'info' && document.querySelector('#level').length === 4")
        choose = "document.querySelector('#level').value = '{}'; document.querySelector('#level').dispatchEvent(new Event('change'))"
        page.value(choose.format("debug"))
        page.wait(lambda: 'PUT /api/log-level {"level":"debug"}' in mock.asked)
        page.until("document.querySelector('#level').value === 'debug'")
        page.wait(lambda: mock.open_streams() == 1)
        # By somebody else: the line about it says so.
        mock.answers["/api/log-level"]["level"] = "error"
        mock.stream(line(50, message="runtime log level updated", previous_level="debug", new_level="error"))
        page.until("document.querySelector('#level').value === 'error'")
        mock.answers["/api/log-level"]["supported_levels"] = ["error"]
        page.value(choose.format("warn"))
        page.until_text("#log-note", "The level was not changed: 400")
        page.until("document.querySelector('#level').value === 'error'")


def hostile_text_stays_text(eye: Eye) -> None:
    with Mock("hostile") as mock, eye.page(mock.url) as page:
        page.until(DRAWN)
        page.until("document.querySelectorAll('#log-rows p').length >= 10")
        page.wait(lambda: mock.open_streams() == 1)
        mock.stream({**line(99, message=HOSTILE[0]), "attrs": {HOSTILE[1]: HOSTILE[2]}})
        page.until_text("#log-rows p:last-child", HOSTILE[0])
        shown = page.text()
        for text in HOSTILE[:4]:
            demand(text in shown, f"{text} is not shown as it is")
        demand(page.value("document.querySelectorAll('img, main script, iframe, object, embed, a[href^=\"javascript:\"], [onerror], [onload], [style]').length") == 0, "text became markup")
        demand("taken" not in page.value("document.title"), "text ran")
        demand(not page.value("/[\\u202a-\\u202e\\u2066-\\u2069\\u200b\\0\\x1b]/.test(document.body.textContent)"), "characters are shown that are not seen")
        demand(page.value("Math.max(...[...document.querySelectorAll('main *')].filter((each) => !each.childElementCount).map((each) => each.textContent.length))") < 1000, "a long text is shown whole")
        demand(page.value("document.querySelectorAll('main *').length") < 4000, "the page has grown too much")


def lists_are_bounded_and_say_so(eye: Eye) -> None:
    with Mock("cut") as mock, eye.page(mock.url) as page:
        page.until(DRAWN)
        page.until("document.querySelectorAll('#log-rows p').length > 400")
        for selector, most in (("#channel-list > li > .head", 100), ("#call-rows tr", 100), ("#log-rows p", LOG_ROWS)):
            found = page.value(f"document.querySelectorAll('{selector}').length")
            demand(0 < found <= most, f"{selector}: {found}")
        for selector in ("#channel-list", "#calls-note", "#certificate-list"):
            page.until_text(selector, "more than what is shown")


def samples_are_bounded(eye: Eye) -> None:
    with Mock(pauses={"POLL_MS = 2000": "POLL_MS = 5"}) as mock, eye.page(mock.url) as page:
        page.until(DRAWN)
        page.click("#calls > h2 > button")
        page.wait(lambda: mock.asked.count("/api/status") > SAMPLES + 20)
        for curve in ("calls", "errors", "flight"):
            points = page.value(f"document.querySelector('.{curve} polyline').getAttribute('points').split(' ')")
            demand(len(points) == SAMPLES, f"{curve} has {len(points)} samples")
            demand([float(each.split(",")[0]) for each in points] == [float(at) for at in range(1, SAMPLES + 1)], f"{curve} does not fill its width")
            demand(all(0 <= float(each.split(",")[1]) <= 40 for each in points), f"{curve} leaves its frame")


def nothing_is_asked_while_nobody_looks(eye: Eye) -> None:
    with Mock() as mock, eye.page(mock.url) as page:
        page.until(DRAWN)
        page.wait(lambda: mock.open_streams() == 1)
        page.hide(True)
        page.wait(lambda: mock.open_streams() == 0)
        asked = len(mock.asked)
        # Several looks would fall into this time.
        page.value("new Promise((done) => setTimeout(done, 1500))")
        demand(len(mock.asked) == asked, f"hidden, the page asked {mock.asked[asked:]}")
        page.hide(False)
        page.wait(lambda: mock.open_streams() == 1)
        demand(mock.resumed[-1] == "39", "the log did not go on where it was")
        demand("does not answer" not in page.value("document.querySelector('#verdict').textContent"), "the absence is taken for silence")


def keyboard_reaches_everything(eye: Eye) -> None:
    with Mock(token=TOKEN) as mock, eye.page(mock.url, allowed=UNAUTHORIZED) as page:
        page.until("document.activeElement.id === 'token'")
        page.type(TOKEN)
        page.press("Enter")
        page.until(DRAWN)
        page.until("!document.querySelector('#level').disabled")
        page.value("document.activeElement.blur()")
        wanted = page.value(
            "(() => { const all = [...document.querySelectorAll('a[href], button, input, select, [tabindex=\"0\"]')].filter((each) => each.checkVisibility() && !each.disabled);"
            " all.forEach((each, at) => each.dataset.stop = at); return all.length; })()"
        )
        # From the top, where nothing has the focus.
        page.value("document.querySelector('#main').removeAttribute('tabindex'); window.getSelection().removeAllRanges(); document.querySelector('.skip').focus()")
        order = [page.value("Number(document.activeElement.dataset.stop)")]
        for _ in range(wanted - 1):
            page.press("Tab")
            order.append(page.value("Number(document.activeElement.dataset.stop)"))
            seen = page.value(
                "(() => { const style = getComputedStyle(document.activeElement), box = document.activeElement.getBoundingClientRect();"
                " return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.bottom > 0 && box.top < innerHeight; })()"
            )
            demand(seen, f"the focus is not seen at {page.value('document.activeElement.outerHTML.slice(0, 120)')}")
        demand(order == sorted(order) and len(set(order)) == wanted, f"the order of the keyboard is {order}, of {wanted}")
        page.press("Tab", shift=True)
        demand(page.value("Number(document.activeElement.dataset.stop)") == order[-2], "Tab does not lead back")

        def focus(selector: str) -> None:
            page.value(f"document.querySelector({json.dumps(selector)}).focus()")

        for panel in PANELS:
            focus(f"#{panel} > h2 > button")
            page.press("Enter" if len(panel) % 2 else " ")
            page.until(f"!document.querySelector('#{panel}-body').checkVisibility()")
            page.press(" ")
            page.until(f"document.querySelector('#{panel}-body').checkVisibility()")
        focus("nav a[href='#log']")
        page.press("Enter")
        page.until("document.activeElement.matches('#log button')")
        page.press("Tab")
        demand(page.value("document.activeElement.id") == "level", "the level is not what comes next")
        page.press("ArrowDown")
        page.wait(lambda: 'PUT /api/log-level {"level":"debug"}' in mock.asked)
        focus("#pause")
        page.press(" ")
        page.until("document.querySelector('#pause').getAttribute('aria-pressed') === 'true'")
        # Answers that come meanwhile leave the focus where it is.
        looks = mock.asked.count("/api/status")
        page.wait(lambda: mock.asked.count("/api/status") >= looks + 2)
        demand(page.value("document.activeElement.id") == "pause", "an answer took the focus")


def screen_readers_find_their_way(eye: Eye) -> None:
    with Mock("mcp broken") as mock, eye.page(mock.url) as page:
        page.until(DRAWN)
        nodes = page.ask("Accessibility.getFullAXTree")["nodes"]
        named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
        for role in ("banner", "navigation", "main"):
            demand([each[0] for each in named].count(role) == 1, f"not one {role}")
        regions = [name for role, name in named if role == "region"]
        for name in ("Broken at: MCP server", "Activity", "Channels", "Recent calls", "Log", "Sandbox", "Certificates"):
            demand(name in regions, f"no region {name}: {regions}")
        levels = page.value("[...document.querySelectorAll('h1, h2, h3')].filter((each) => each.checkVisibility()).map((each) => Number(each.tagName[1]))")
        demand(levels[0] == 1 and levels.count(1) == 1 and all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False)), f"levels of headings: {levels}")
        demand(page.value("[...document.querySelectorAll('table')].every((each) => each.caption?.textContent)"), "a table without a caption")
        demand(page.value("document.querySelector('#state').innerText.includes('Broken at: MCP server')"), "the live region does not say it")


def forced_colours_keep_the_mark(eye: Eye) -> None:
    with Mock("relay broken") as mock, eye.page(mock.url) as page:
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "forced-colors", "value": "active"}, {"name": "prefers-reduced-motion", "value": "no-preference"}])
        page.until(DRAWN)
        demand(page.value("matchMedia('(forced-colors: active)').matches"), "the browser does not force colours")
        style = "getComputedStyle(document.querySelector('#hop-{} .dot')).borderStyle"
        demand(page.value(style.format("relay")) != page.value(style.format("client")), "the broken hop looks like the others")
        if eye.pictures:
            page.picture(eye.pictures / "forced-colours.png")


def faults_of_a_page_are_found(eye: Eye) -> None:
    """Planted ones: or everything above shows nothing."""
    plants: dict[str, tuple[str, str, str, str]] = {
        "a script in the page": ("index.html", "</main>", "</main><script>document.title='x'</script>", "policy"),
        "a style in the page": ("index.html", '<main id="main"', '<main id="main" style="color: red"', "policy"),
        "markup made of text": ("app.js", "const $ = ", "document.body.innerHTML = '<b>x</b>';\nconst $ = ", "TrustedHTML"),
        "an error": ("app.js", "const $ = ", "nowhere();\nconst $ = ", "nowhere"),
        "a picture of somebody else": ("app.js", "const $ = ", "new Image().src = 'http://192.0.2.1/x.png';\nconst $ = ", "192.0.2.1"),
        "text that is hard to read": ("style.css", "--quiet: light-dark(#545f6d", "--quiet: light-dark(#c5c9cf", "color-contrast"),
        "a field without a name": ("index.html", '<label class="grow">Filter ', '<label class="grow">', "label"),
    }
    for name, (file, old, new, found) in plants.items():
        try:
            with Mock() as mock:
                mock.changes.setdefault(file, {})[old] = new
                mock.file(file)
                with eye.page(mock.url) as page:
                    if found in ("color-contrast", "label"):
                        page.until(DRAWN)
                        page.value("document.querySelector('#filter').removeAttribute('placeholder')")
                        eye.check(page, name, width=1280)
                    else:
                        page.wait(partial(getattr, page, "faults"))
        except Faulty as fault:
            demand(found in str(fault), f"{name}: something else was found: {fault}")
        else:
            raise Faulty(f"{name} was not found")


CASES: list[Callable[[Eye], None]] = [
    files_are_small, every_state_can_be_used_by_everybody, every_panel_opens_and_closes, hops_show_where_it_is_broken, silence_is_said_plainly,
    a_client_that_is_gone_is_told_from_one_that_refuses, token_is_asked_for_and_kept_in_memory_only, log_is_live, level_is_switched,
    hostile_text_stays_text, lists_are_bounded_and_say_so, samples_are_bounded, nothing_is_asked_while_nobody_looks, keyboard_reaches_everything,
    screen_readers_find_their_way, forced_colours_keep_the_mark, faults_of_a_page_are_found,
]  # fmt: skip
