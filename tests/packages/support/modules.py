"""The SELinux modules, loaded into the store of Debian's policy. Whether the policy lets the services work is for tests/machine."""

from __future__ import annotations

from cases import Bench, Case, contains, holds, same
from formats import Deb
from roots import Root

PRIORITY = "200"
COMPILED = "/usr/share/tunnel-{0}-selinux/default/tunnel_{0}.pp"
LOAD = "/usr/libexec/tunnel-{0}-selinux/module"


def cases() -> dict[str, Case]:
    return {
        f"modules: {each.__name__}": each
        for each in (
            installation_loads_the_compiled_module_and_removal_unloads_it,
            without_a_compiled_module_the_sources_are_compiled,
            without_headers_the_installation_says_what_is_missing,
            modules_survive_a_rebuild_of_the_policy,
        )
    }


def installation_loads_the_compiled_module_and_removal_unloads_it(bench: Bench) -> None:
    with bench.root(base="root-policy") as root:
        install(root, bench)
        same("loaded", loaded(root), {"tunnel_client", "tunnel_relay"})
        Deb().remove(root, "tunnel-client-selinux")
        same("loaded", loaded(root), {"tunnel_relay"})


def without_a_compiled_module_the_sources_are_compiled(bench: Bench) -> None:
    """As on another release than the one that the package was compiled on."""
    with bench.root(base="root-policy") as root:
        install(root, bench)
        for name in ("client", "relay"):
            root.run(LOAD.format(name), "unload")
            root.write(COMPILED.format(name), "not for this policy")
        same("loaded", loaded(root), set())
        for name in ("client", "relay"):
            root.run(LOAD.format(name), "load")
        same("loaded", loaded(root), {"tunnel_client", "tunnel_relay"})


def without_headers_the_installation_says_what_is_missing(bench: Bench) -> None:
    with bench.root(base="root-policy") as root:
        install(root, bench)
        root.run("rm", "-r", "/usr/share/selinux/devel", COMPILED.format("client"))
        contains("message", root.run(LOAD.format("client"), "load", fails=True), "selinux-policy-dev")


def modules_survive_a_rebuild_of_the_policy(bench: Bench) -> None:
    with bench.root(base="root-policy") as root:
        install(root, bench)
        root.run("semodule", "--noreload", "--build")
        same("loaded", loaded(root), {"tunnel_client", "tunnel_relay"})
        labels = root.run("matchpathcon", "/usr/bin/tunnel-client", "/etc/tunnel-client/secrets/api-key")
        holds(f"labels: {labels}", "tunnel_client_exec_t" in labels and "tunnel_client_secret_t" in labels)


def install(root: Root, bench: Bench) -> None:
    names = ("tunnel-client-selinux", "tunnel-relay-selinux")
    Deb().install(root, *(bench.builds.deb(name, bench.builds.current) for name in names))


def loaded(root: Root) -> set[str]:
    """Names of our modules at the packages' priority."""
    rows = [line.split() for line in root.run("semodule", "--list-modules=full").splitlines()]
    return {row[1] for row in rows if row[:1] == [PRIORITY] and row[1].startswith("tunnel_")}
