"""A stand-in for the service manager in a root where none runs: it records what the packages' scripts ask for.

`systemctl reload UNIT` performs the first ExecReload= of the unit, which checks the configuration, so that the answer is that of the
program which is installed at that moment.
"""

from __future__ import annotations

from roots import Root

LOG = "/systemctl.log"
RUNNING = "/running"

SYSTEMCTL = r"""#!/bin/bash
# One line a call: digest of the program that is installed now, and the arguments.
printf '%s %s\n' "$(sha256sum </usr/bin/tunnel-client | cut -c1-8)" "$*" >>/systemctl.log
verb= unit=
for word; do
  case $word in
    -*) ;;
    *) if [[ -z $verb ]]; then verb=$word; else unit=$word; fi ;;
  esac
done
case $verb in
  list-units) cat /running 2>/dev/null ;;
  is-active) grep -q "^$unit " /running ;;
  is-enabled) echo disabled; exit 1 ;;
  reload)
    file=/usr/lib/systemd/system/$unit instance=
    if [[ $unit == *@* ]]; then
      instance=${unit#*@} instance=${instance%.service}
      file=/usr/lib/systemd/system/${unit%%@*}@.service
    fi
    check=$(sed -e ':more' -e '/\\$/{N;s/\\\n//;b more' -e '}' "$file" | sed -n 's/^ExecReload=+*//p' | head -n 1)
    check=${check//%n/$unit}
    check=${check//%i/$instance}
    exec bash -c "$check"
    ;;
esac
"""

# There is one mount namespace here.
NSENTER = """#!/bin/bash
while [[ $1 == -* ]]; do shift; done
exec "$@"
"""


def stand_in(root: Root) -> None:
    root.write("/usr/bin/systemctl", SYSTEMCTL, 0o755)
    root.write("/usr/bin/nsenter", NSENTER, 0o755)
    (root.path / "run/systemd/system").mkdir(parents=True, exist_ok=True)


def running(root: Root, *units: str) -> None:
    """From now on these units run, with the credentials that the manager has handed over."""
    root.write(RUNNING, "".join(f"{unit} loaded active running\n" for unit in units))
    for unit in units:
        secret = f"/run/credentials/{unit}/secret_api-key"
        root.write(secret, "sk-0123456789", 0o400)
        root.run("chown", "-R", "tunnel-client", f"/run/credentials/{unit}")
    root.write(LOG, "")


def asked(root: Root) -> list[tuple[str, str]]:
    """What was asked for: digest of the program at that time, and the arguments."""
    return [(line[:8], line[9:]) for line in root.read(LOG).splitlines()]


def restarted(root: Root) -> list[str]:
    """Units that were restarted."""
    return [call.split()[-1] for _, call in asked(root) if {"restart", "try-restart"} & set(call.split())]
