"""The commands of docs/install-air-gapped.md in throw-away roots: with apt in one that boots, with dnf in one that does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

from document import blocks
from far_end import FarEnd
from network import CONTROL_NAME, CONTROL_PORT, PROXY4, PROXY_NAME, NetworkFailed
from processes import ProcessFailed
from roots import Root, WalkFailed

COMMAND_SECONDS = 120.0
MEDIUM, SITE = "/media/transfer", "/media/site"
READY = "until tunnel-client health --url http://127.0.0.1:8080; do sleep 1; done"
# What RHEL has and Debian has not: the place of the database (the caller's home on Debian), and that of repositories.
RPM_MACROS, REPOSITORIES = "%_dbpath /var/lib/rpm\n", "/etc/yum.repos.d"


def follow(text: str, **variables: str) -> str:
    """A block, with values for the variables that a reader sets in it."""
    return "".join(f"export {name}='{value}'\n" for name, value in variables.items()) + text


def hand_over(root: Root, bundles: list[Path]) -> None:
    """Puts what the folders of bundles hold onto the medium of transfer."""
    for folder in bundles:
        for file in folder.iterdir():
            root.write(f"{MEDIUM}/{file.name}", file.read_bytes())


def with_apt(root: Root, far: FarEnd, bundles: list[Path], fingerprint: str, versions: tuple[str, str]) -> None:
    """Installs, serves calls, upgrades, serves calls, goes back, serves calls."""
    block = blocks()
    old, new = versions
    hand_over(root, bundles)
    for name, content in far.site_files().items():
        root.write(f"{SITE}/{name}", content, 0o600)
    root.write("/etc/hosts", f"127.0.0.1 localhost\n{PROXY4} {PROXY_NAME}\n")
    state = "dpkg-query -W -f 'installed ${Version}\\n' tunnel-client; stat -c 'configuration %a %U:%G' /etc/tunnel-client/tunnel-client.yaml"
    script = "\n".join((
        follow(block["names"], FINGERPRINT=fingerprint, VERSION=old, MEDIUM=MEDIUM), block["check"], block["deb"],
        follow(block["configure"], RELAY=f"{CONTROL_NAME}:{CONTROL_PORT}", TUNNEL_ID=far.tunnel, SITE=SITE), block["start"], state, "reach first",
        follow(block["check"], VERSION=new), block["deb-upgrade"], READY, state, "reach second",
        follow(block["deb-rollback"], PREVIOUS=old), READY, state, "reach third",
    ))  # fmt: skip
    booted = root.boot(script, far.network.site.name)
    try:
        for stage in ("first", "second", "third"):
            booted.wait_for(stage)
            before = far.proxied()
            answer = far.call(f"hello, {stage}")
            if answer != f"hello, {stage}":
                raise WalkFailed(f"a call in the {stage} stage was answered with: {answer}\n{booted.output()}")
            if not before:
                raise WalkFailed(f"the client did not come through the proxy\n{booted.output()}")
            booted.go_on(stage)
        output = booted.finish()
    finally:
        booted.stop()
    installed = [line.split()[1] for line in output.splitlines() if line.startswith("installed ")]
    if [each.partition("-")[0] for each in installed] != [old, new, old]:
        raise WalkFailed(f"installed were {installed}:\n{output}")
    if output.count("configuration 640 root:tunnel-client") != 3 or output.count("good: ") != 3:
        raise WalkFailed(f"the configuration or the verdicts of verify are not as expected:\n{output}")


def with_dnf(root: Root, folder: Path, bundles: list[Path], fingerprint: str, versions: tuple[str, str]) -> None:
    """Installs, upgrades, goes back; then a package that nobody signed, which dnf must refuse."""
    block = blocks()
    old, new = versions
    hand_over(root, bundles)
    root.write("/var/walk/base.rpm", stand_in(folder, bundles[0]))
    root.write("/etc/rpm/macros", RPM_MACROS)
    state = "rpm -q --qf 'installed %{VERSION}\\n' tunnel-client"
    script = "\n".join((
        f"install -d {REPOSITORIES}",
        "rpm --install --nodeps /var/walk/base.rpm",
        follow(block["names"], FINGERPRINT=fingerprint, VERSION=old, MEDIUM=MEDIUM), block["check"], block["rpm"], state,
        follow(block["check"], VERSION=new), block["rpm-upgrade"], state,
        follow(block["rpm-rollback"], PREVIOUS=old), state,
        "echo 'changed metadata:'",
        f"cp -R --dereference /srv/tunnel-client/tunnel-client-{new}-bundle/rpm /var/walk/changed",
        "sed -i 's/<revision>/<revision>1/' /var/walk/changed/repodata/repomd.xml",
        "sed -i 's|^baseurl=.*|baseurl=file:///var/walk/changed|' /etc/yum.repos.d/tunnel-client.repo",
        "dnf clean all",
        "if dnf --disablerepo='*' --enablerepo=tunnel-client upgrade -y tunnel-client; then echo 'accepted'; fi", state,
    ))  # fmt: skip
    output = root.run(script)
    installed = [line.split()[1] for line in output.splitlines() if line.startswith("installed ")]
    if installed != [old, new, old, old] or "accepted" in output.split("changed metadata:")[1]:
        raise WalkFailed(f"installed were {installed}:\n{output}")
    if output.count("digests signatures OK") < 2 or "NOT OK" in output:
        raise WalkFailed(f"rpmkeys found unsigned packages:\n{output}")


def stand_in(folder: Path, bundle: Path) -> bytes:
    """A package that provides what tunnel-client's requires of the base system."""
    work = folder / "stand-in"
    work.mkdir()
    archive = next(bundle.glob("*.tar"))
    subprocess.run(["tar", "-C", str(work), "-xf", str(archive), "--strip-components=1", "--wildcards", "*/rpm/*"], check=True)
    package = next(work.glob("rpm/tunnel-client-[0-9]*.x86_64.rpm"))
    needs = subprocess.run(["rpm", "-qp", "--requires", str(package)], check=True, capture_output=True, text=True).stdout
    names = {line.split()[0] for line in needs.splitlines() if not line.startswith(("rpmlib(", "("))}
    provides = "".join(f"Provides: {name}\n" for name in sorted(names))
    spec = f"Name: base\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n{provides}%description\nx\n%files\n"
    (work / "base.spec").write_text(spec, encoding="utf-8")
    define = ["--define", f"_topdir {work}", "--define", f"_rpmdir {work}", "--define", "_rpmfilename base.rpm"]
    subprocess.run(["rpmbuild", "--quiet", "-bb", *define, str(work / "base.spec")], check=True, capture_output=True, timeout=COMMAND_SECONDS)
    return (work / "base.rpm").read_bytes()
