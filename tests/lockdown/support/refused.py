"""Settings under which a locked-down client must not even start: without a proxy for the control plane."""

from __future__ import annotations

from cases import Case, Lab
from network import CLOUD4, CONTROL_NAME, CONTROL_PORT, PROXY4, PROXY_PORT
from through import TOOLS

END_SECONDS = 8.0
SETTING = "lockdown.require_proxy"
PROXY = f"http://{PROXY4}:{PROXY_PORT}"
LITERAL = {"CONTROL_PLANE_BASE_URL": f"https://{CLOUD4}:{CONTROL_PORT}"}

# Without a proxy for the control plane, each in another way.
WITHOUT: dict[str, dict[str, str]] = {
    "no proxy at all": {},
    "no proxy, and no name to look up": LITERAL,
    "NO_PROXY=*": {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"},
    "NO_PROXY with the name": {"HTTPS_PROXY": PROXY, "NO_PROXY": CONTROL_NAME},
    "NO_PROXY with the network": {**LITERAL, "HTTPS_PROXY": PROXY, "NO_PROXY": "198.51.100.0/24"},
    "a proxy for MCP servers only": {"MCP_HTTP_PROXY": PROXY, "MCP_SERVER_URL": "http://tools.site.test/mcp"},
    "an empty proxy": {"CONTROL_PLANE_HTTP_PROXY": "", "TUNNEL_CLIENT_HTTP_PROXY": ""},
}
LOCKED = {"MCP_SERVER_URL": TOOLS, "LOCKDOWN_REQUIRE_PROXY": "true"}


def refuses_to_start(lab: Lab) -> list[str]:
    lines = []
    for name, settings in WITHOUT.items():
        watch = lab.watch()
        found = ends_with_reason(lab, ["run"], {**LOCKED, **settings})
        lines += [f"{name}: {line}" for line in found + watch.strays()]
    return lines


def refuses_by_file(lab: Lab) -> list[str]:
    """The same when the setting stands in a file and not in the environment."""
    file = lab.ends.folder / "locked.yaml"
    text = "config_version: 1\n" + ("" if lab.ends.spoil == "lockdown" else "lockdown:\n  require_proxy: true\n")
    file.write_text(text, encoding="utf-8")
    watch = lab.watch()
    return ends_with_reason(lab, ["run", "--config", str(file)], {"MCP_SERVER_URL": TOOLS}) + watch.strays()


def doctor_refuses(lab: Lab) -> list[str]:
    """`doctor` goes the way of `run`, so it goes nowhere either."""
    watch = lab.watch()
    return ends_with_reason(lab, ["doctor"], LOCKED) + watch.strays()


def admin_refuses(lab: Lab) -> list[str]:
    """The single requests of `admin` are bound by the variable as well."""
    watch = lab.watch()
    settings = {**LOCKED, "OPENAI_ADMIN_KEY": "an-admin-key"}
    arguments = ["admin", "tunnels", "list", "--organization-id", "org-example"]
    return ends_with_reason(lab, arguments, settings) + watch.strays()


def ends_with_reason(lab: Lab, arguments: list[str], settings: dict[str, str]) -> list[str]:
    ended = lab.ends.run_client("client-refused", arguments, settings, END_SECONDS)
    lines = []
    if ended.code == 0:
        lines.append("the exit code is 0")
    # Messages name settings as flags are written, or as keys are.
    if SETTING not in ended.output.replace("require-proxy", "require_proxy"):
        lines.append(f"{SETTING} is not named in: {ended.output.strip()[:300]}")
    return lines


CASES = (
    Case("locked down without a proxy, `run` does not start", refuses_to_start),
    Case("locked down by a file without a proxy, `run` does not start", refuses_by_file),
    Case("locked down without a proxy, `doctor` sends nothing", doctor_refuses),
    Case("locked down without a proxy, `admin` sends nothing", admin_refuses),
)
