"""The files of the packages, with modes and owners: the one table that installations are compared with."""

from __future__ import annotations

from roots import Entry

# Format (all, deb or rpm), mode, owner, path. d begins the mode of a directory. Plain directories of the distribution are left out.
TABLES = {
    "tunnel-client": """
all  0711 root:root          /usr/bin/tunnel-client
all d0750 root:tunnel-client /etc/tunnel-client
all  0640 root:tunnel-client /etc/tunnel-client/tunnel-client.yaml
all  0640 root:tunnel-client /etc/tunnel-client/hardening-mode
all d0700 root:root          /etc/tunnel-client/secrets
all d0755 root:root          /etc/fapolicyd
all d0755 root:root          /etc/fapolicyd/trust.d
all  0644 root:root          /etc/fapolicyd/trust.d/tunnel-client
all  0644 root:root          /etc/logrotate.d/tunnel-client
deb d0755 root:root          /etc/needrestart
deb d0755 root:root          /etc/needrestart/conf.d
deb  0644 root:root          /etc/needrestart/conf.d/tunnel-client.conf
all d0755 root:root          /run/tunnel-client.root
all  0644 root:root          /usr/lib/systemd/system/tunnel-client.service
all  0644 root:root          /usr/lib/systemd/system/tunnel-client@.service
all  0644 root:root          /usr/lib/systemd/system-preset/90-tunnel-client.preset
all  0644 root:root          /usr/lib/sysusers.d/tunnel-client.conf
all  0644 root:root          /usr/lib/tmpfiles.d/tunnel-client.conf
all d0755 root:root          /usr/libexec/tunnel-client
all  0755 root:root          /usr/libexec/tunnel-client/choose-hardening-mode
all  0755 root:root          /usr/libexec/tunnel-client/doctor
all  0755 root:root          /usr/libexec/tunnel-client/restart-checked
all d0755 root:root          /usr/share/tunnel-client
all d0755 root:root          /usr/share/tunnel-client/drop-ins
all  0644 root:root          /usr/share/tunnel-client/drop-ins/encrypted-credentials.conf
all  0644 root:root          /usr/share/tunnel-client/drop-ins/http-only.conf
all  0644 root:root          /usr/share/tunnel-client/drop-ins/proxy-egress.conf
all  0644 root:root          /usr/share/tunnel-client/drop-ins/stdio-heavy.conf
all  0644 root:root          /usr/share/bash-completion/completions/tunnel-client
all  0644 root:root          /usr/share/fish/vendor_completions.d/tunnel-client.fish
deb  0644 root:root          /usr/share/zsh/vendor-completions/_tunnel-client
rpm  0644 root:root          /usr/share/zsh/site-functions/_tunnel-client
all  0644 root:root          /usr/share/man/man1/tunnel-client.1.gz
all  0644 root:root          /usr/share/man/man5/tunnel-client.yaml.5.gz
all d0755 root:root          /usr/share/doc/tunnel-client
all  0644 root:root          /usr/share/doc/tunnel-client/configuration.md
all  0644 root:root          /usr/share/doc/tunnel-client/install.md
all  0644 root:root          /usr/share/doc/tunnel-client/locked-down-sites.md
all  0644 root:root          /usr/share/doc/tunnel-client/logging.md
all  0644 root:root          /usr/share/doc/tunnel-client/sandbox.md
all  0644 root:root          /usr/share/doc/tunnel-client/selinux.md
all  0644 root:root          /usr/share/doc/tunnel-client/support-matrix.md
all  0644 root:root          /usr/share/doc/tunnel-client/systemd.md
all  0644 root:root          /usr/share/doc/tunnel-client/threat-model.md
all d0755 root:root          /usr/share/doc/tunnel-client/examples
all  0644 root:root          /usr/share/doc/tunnel-client/examples/tunnel-client.rules
deb  0644 root:root          /usr/share/doc/tunnel-client/NOTICE
deb  0644 root:root          /usr/share/doc/tunnel-client/changelog.Debian.gz
deb  0644 root:root          /usr/share/doc/tunnel-client/copyright
deb  0644 root:root          /usr/share/lintian/overrides/tunnel-client
rpm d0755 root:root          /usr/share/licenses/tunnel-client
rpm  0644 root:root          /usr/share/licenses/tunnel-client/LICENSE
rpm  0644 root:root          /usr/share/licenses/tunnel-client/NOTICE
""",
    "tunnel-relay": """
all  0755 root:root          /usr/bin/tunnel-relay
all d0750 root:tunnel-relay  /etc/tunnel-relay
all  0640 root:tunnel-relay  /etc/tunnel-relay/tunnel-relay.env
all d0755 root:root          /etc/fapolicyd
all d0755 root:root          /etc/fapolicyd/trust.d
all  0644 root:root          /etc/fapolicyd/trust.d/tunnel-relay
all  0644 root:root          /usr/lib/systemd/system/tunnel-relay.service
all  0644 root:root          /usr/lib/systemd/system-preset/90-tunnel-relay.preset
all  0644 root:root          /usr/lib/sysusers.d/tunnel-relay.conf
all  0644 root:root          /usr/lib/tmpfiles.d/tunnel-relay.conf
all d0755 root:root          /usr/share/tunnel-relay
all d0755 root:root          /usr/share/tunnel-relay/drop-ins
all  0644 root:root          /usr/share/tunnel-relay/drop-ins/credential.conf
all  0644 root:root          /usr/share/tunnel-relay/drop-ins/low-port.conf
all  0644 root:root          /usr/share/bash-completion/completions/tunnel-relay
all  0644 root:root          /usr/share/fish/vendor_completions.d/tunnel-relay.fish
deb  0644 root:root          /usr/share/zsh/vendor-completions/_tunnel-relay
rpm  0644 root:root          /usr/share/zsh/site-functions/_tunnel-relay
all  0644 root:root          /usr/share/man/man1/tunnel-relay.1.gz
all d0755 root:root          /usr/share/doc/tunnel-relay
all  0644 root:root          /usr/share/doc/tunnel-relay/README.md
all d0755 root:root          /usr/share/doc/tunnel-relay/examples
all  0644 root:root          /usr/share/doc/tunnel-relay/examples/tunnel-relay.rules
deb  0644 root:root          /usr/share/doc/tunnel-relay/NOTICE
deb  0644 root:root          /usr/share/doc/tunnel-relay/changelog.Debian.gz
deb  0644 root:root          /usr/share/doc/tunnel-relay/copyright
deb  0644 root:root          /usr/share/lintian/overrides/tunnel-relay
rpm d0755 root:root          /usr/share/licenses/tunnel-relay
rpm  0644 root:root          /usr/share/licenses/tunnel-relay/LICENSE
rpm  0644 root:root          /usr/share/licenses/tunnel-relay/NOTICE
""",
}
MODULE = """
all d0755 root:root          /usr/libexec/PACKAGE
all  0755 root:root          /usr/libexec/PACKAGE/module
all d0755 root:root          /usr/share/PACKAGE
all  0644 root:root          /usr/share/PACKAGE/MODULE.fc
all  0644 root:root          /usr/share/PACKAGE/tunnel_client.if
all  0644 root:root          /usr/share/PACKAGE/tunnel_relay.if
all  0644 root:root          /usr/share/PACKAGE/MODULE.te
deb d0755 root:root          /usr/share/PACKAGE/default
deb  0644 root:root          /usr/share/PACKAGE/default/MODULE.pp
deb d0755 root:root          /usr/share/doc/PACKAGE
deb  0644 root:root          /usr/share/doc/PACKAGE/changelog.Debian.gz
deb  0644 root:root          /usr/share/doc/PACKAGE/copyright
deb  0644 root:root          /usr/share/lintian/overrides/PACKAGE
rpm d0755 root:root          /usr/share/licenses/PACKAGE
rpm  0644 root:root          /usr/share/licenses/PACKAGE/LICENSE
"""
for _program in ("tunnel-client", "tunnel-relay"):
    _module = MODULE.replace("PACKAGE", f"{_program}-selinux").replace("MODULE", _program.replace("-", "_"))
    TABLES[f"{_program}-selinux"] = _module


def expected(package: str, form: str) -> dict[str, Entry]:
    """Path to mode and owner, of one package in one format."""
    found = {}
    for line in TABLES[package].strip().splitlines():
        where, mode, owner, path = line.split()
        if where in ("all", form):
            found[path] = Entry(mode, owner)
    return found
