"""Three network namespaces in a row: the site, the proxy, and the cloud where the control plane is.

    site                  proxy                         cloud
    192.0.2.2  ── lan ──  192.0.2.1                     198.51.100.10
    2001:db8:1::2         2001:db8:1::1  ── wan ──────  2001:db8:2::10

The site's default routes lead to ROUTER, another address of the proxy's end of the lan. Nothing is forwarded there, so
what the site sends elsewhere does leave, is counted, and arrives nowhere. The namespaces have no other link. Each knows
the hardware address of its neighbour from the start: ARP and neighbour discovery on the lan are then for somebody else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from pathlib import Path

SITE4, SITE6 = "192.0.2.2", "2001:db8:1::2"
PROXY4, PROXY6 = "192.0.2.1", "2001:db8:1::1"
ROUTER4, ROUTER6 = "192.0.2.254", "2001:db8:1::fe"
CLOUD4, CLOUD6 = "198.51.100.10", "2001:db8:2::10"
# Nobody has these two; queries to it are counted and stay without an answer.
NAME_SERVER4, NAME_SERVER6 = "198.51.100.153", "2001:db8:2::53"
# A host that the site can reach and has no business with. The proxy's namespace plays it.
STRANGER4, STRANGER6 = "198.51.100.180", "2001:db8:2::180"
# Addresses on the lan that nobody has.
ABSENT4, ABSENT6 = "192.0.2.99", "2001:db8:1::99"

PROXY_PORT = 3128
CONTROL_NAME, CONTROL_PORT = "control.site.test", 8443
PROXY_NAME = "proxy.site.test"
TOOLS_NAME, TOOLS_PORT = "tools.site.test", 9000

SITE_MAC, PROXY_MAC = "02:00:00:00:00:02", "02:00:00:00:00:01"
COMMAND_SECONDS = 15.0
SHOWN_CHARACTERS = 120
NETNS = Path("/etc/netns")
LOOPBACK = "127.0.0.1 localhost\n::1 localhost\n"
NO_FORWARDING = """
    echo 0 >/proc/sys/net/ipv4/ip_forward
    for each in all default lo; do
        cd /proc/sys/net/ipv6/conf/$each
        echo 0 >disable_ipv6; echo 0 >forwarding; echo 0 >accept_ra; echo 0 >router_solicitations; echo 0 >accept_dad
    done
"""


class NetworkFailed(Exception):
    """The machine does not let us make what the cases need."""


class Namespace:
    """A network namespace. `ip netns exec` puts its hosts, resolv.conf and nsswitch.conf over those of /etc."""

    def __init__(self, name: str, hosts: str, name_servers: tuple[str, ...] = ("127.0.0.1",)) -> None:
        self.name = name
        self._etc = NETNS / name
        self._hosts = hosts
        self._name_servers = name_servers

    def create(self) -> None:
        servers = "".join(f"nameserver {address}\n" for address in self._name_servers)
        try:
            self._etc.mkdir(parents=True)
            (self._etc / "hosts").write_text(LOOPBACK + self._hosts, encoding="utf-8")
            (self._etc / "resolv.conf").write_text(f"{servers}options timeout:1 attempts:1\n", encoding="utf-8")
            (self._etc / "nsswitch.conf").write_text("hosts: files dns\n", encoding="utf-8")
        except OSError as error:
            raise NetworkFailed(str(error)) from None
        run("ip", "netns", "add", self.name)
        self.run("sh", "-ec", NO_FORWARDING)
        self.ip("link", "set", "lo", "up")

    def remove(self) -> None:
        with contextlib.suppress(NetworkFailed):
            run("ip", "netns", "del", self.name)
        shutil.rmtree(self._etc, ignore_errors=True)

    def command(self, *arguments: str) -> list[str]:
        """What runs a program inside. It becomes the program: the process id is the same."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def run(self, *arguments: str, text: str | None = None) -> str:
        return run(*self.command(*arguments), text=text)

    def ip(self, *arguments: str) -> None:
        run("ip", "-n", self.name, *arguments)

    def rebind(self, name: str, *addresses: str) -> None:
        """Gives a name these addresses in the hosts file, besides the names it has from the start.

        Written in place: running processes have this very file mounted. Nobody must see it empty meanwhile, or a lookup
        would go to the name server.
        """
        text = LOOPBACK + self._hosts + "".join(f"{address} {name}\n" for address in addresses)
        with (self._etc / "hosts").open("r+b") as file:
            file.write(text.encode())
            file.truncate()


class Network:
    """The namespaces, which go away with the `with` block, whatever happened inside."""

    def __init__(self, proxy_knows_control: bool = True) -> None:
        self._made_etc = not NETNS.exists()
        run_name = f"lockdown-{os.getpid()}-{secrets.token_hex(3)}"
        control = f"{CLOUD4} {CONTROL_NAME}\n{CLOUD6} {CONTROL_NAME}\n"
        proxy_hosts = f"{PROXY4} {PROXY_NAME}\n"
        self.site = Namespace(f"{run_name}-site", proxy_hosts, (NAME_SERVER4, NAME_SERVER6))
        self.proxy = Namespace(f"{run_name}-proxy", proxy_hosts + (control if proxy_knows_control else ""))
        self.cloud = Namespace(f"{run_name}-cloud", control)
        self._all = (self.site, self.proxy, self.cloud)

    def __enter__(self) -> Network:
        try:
            for namespace in self._all:
                namespace.create()
            self._connect_site()
            self._connect_cloud()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def _remove(self) -> None:
        for namespace in self._all:
            namespace.remove()
        if self._made_etc:
            with contextlib.suppress(OSError):
                NETNS.rmdir()

    def _connect_site(self) -> None:
        join(self.site, SITE_MAC, self.proxy, PROXY_MAC, "lan")
        address(self.site, "lan", SITE4, SITE6)
        for four, six in ((PROXY4, PROXY6), (ROUTER4, ROUTER6)):
            address(self.proxy, "lan", four, six)
            neighbour(self.site, PROXY_MAC, four, six)
        neighbour(self.proxy, SITE_MAC, SITE4, SITE6)
        self.site.ip("route", "add", "default", "via", ROUTER4)
        self.site.ip("-6", "route", "add", "default", "via", ROUTER6)
        self.proxy.ip("addr", "add", f"{STRANGER4}/32", "dev", "lo")
        self.proxy.ip("addr", "add", f"{STRANGER6}/128", "dev", "lo", "nodad")

    def _connect_cloud(self) -> None:
        join(self.proxy, "02:00:00:00:01:01", self.cloud, "02:00:00:00:01:02", "wan")
        address(self.proxy, "wan", "198.51.100.1", "2001:db8:2::1")
        address(self.cloud, "wan", CLOUD4, CLOUD6)


def join(left: Namespace, left_mac: str, right: Namespace, right_mac: str, device: str) -> None:
    """A cable between two namespaces; both ends have the same name."""
    run(*("ip", "link", "add", "name", device, "address", left_mac, "netns", left.name, "type", "veth"),
        *("peer", "name", device, "address", right_mac, "netns", right.name))  # fmt: skip
    for namespace in (left, right):
        # No link-local addresses: nothing here needs them, and they make traffic of their own.
        namespace.ip("link", "set", device, "addrgenmode", "none")
        namespace.ip("link", "set", device, "up")


def address(namespace: Namespace, device: str, four: str, six: str) -> None:
    namespace.ip("addr", "add", f"{four}/24", "dev", device)
    namespace.ip("addr", "add", f"{six}/64", "dev", device, "nodad")


def neighbour(namespace: Namespace, mac: str, *addresses: str) -> None:
    for each in addresses:
        namespace.ip("neigh", "replace", each, "lladdr", mac, "dev", "lan", "nud", "permanent")


def run(*arguments: str, text: str | None = None) -> str:
    """The output of a command that must succeed."""
    try:
        done = subprocess.run(
            arguments, input=text, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NetworkFailed(str(error)) from None
    if done.returncode != 0:
        what = " ".join(" ".join(arguments).split())
        raise NetworkFailed(f"{what[:SHOWN_CHARACTERS]}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout
