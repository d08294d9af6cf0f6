"""Signatures of every kind: a good one passes; a changed file, another key and a missing signature do not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from copy_of_clone import Copy


def make_keys(folder: Path) -> dict[str, tuple[str, str]]:
    """Private and public key by kind, in the words of audit/sign. gpg's only where it is installed."""
    ssh, pem = folder / "ssh", folder / "key.pem"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(ssh)], **quiet)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(pem)], **quiet)
    subprocess.run(["openssl", "pkey", "-in", str(pem), "-pubout", "-out", str(folder / "key.pub")], **quiet)
    keys = {"ssh": (f"ssh:{ssh}", f"ssh:{ssh}.pub"), "openssl": (f"openssl:{pem}", f"openssl:{folder / 'key.pub'}")}
    if shutil.which("gpg"):
        keys["gpg"] = _gpg_key(folder)
    return keys


def _gpg_key(folder: Path) -> tuple[str, str]:
    home = folder / "gpg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet"]
    subprocess.run([*gpg, "--passphrase", "", "--quick-gen-key", "tests@localhost", "ed25519", "sign"], check=True, capture_output=True)
    rows = subprocess.run([*gpg, "--list-keys", "--with-colons"], check=True, capture_output=True, encoding="utf-8").stdout.splitlines()
    fingerprint = next(row.split(":")[9] for row in rows if row.startswith("fpr"))
    public = folder / "gpg.asc"
    public.write_bytes(subprocess.run([*gpg, "--armor", "--export", fingerprint], check=True, capture_output=True).stdout)
    return f"gpg:{fingerprint}", f"gpg:{public}"


def end_agent(folder: Path) -> None:
    """The agent that gpg has started for this home."""
    if shutil.which("gpgconf"):
        subprocess.run(["gpgconf", "--homedir", str(folder / "gpg"), "--kill", "all"], check=False, capture_output=True)


def signatures_are_verified(copy: Copy, scratch: Path) -> str:
    keys, others = scratch / "keys", scratch / "others"
    keys.mkdir(), others.mkdir()
    try:
        mine, strangers = make_keys(keys), make_keys(others)
        faults = [_of_kind(copy, scratch, kind, mine[kind], strangers[kind][1], keys / "gpg") for kind in mine]
        return "\n".join(filter(None, faults))
    finally:
        end_agent(keys), end_agent(others)


def _of_kind(copy: Copy, scratch: Path, kind: str, key: tuple[str, str], stranger: str, home: Path) -> str:
    file = scratch / f"{kind}.json"
    file.write_text("{}\n", encoding="utf-8")

    def verify(public: str) -> tuple[int, str]:
        return copy.run("audit/sign", "--verify", "--key", public, str(file))

    steps = [
        ("an unsigned file", 1, "not signed", lambda: verify(key[1])),
        ("signing", 0, "signed:", lambda: copy.run("audit/sign", "--key", key[0], str(file), home=home)),
        ("a good signature", 0, "good:", lambda: verify(key[1])),
        ("another key", 1, "the signature is not good", lambda: verify(stranger)),
        ("a changed file", 1, "the signature is not good", lambda: (file.write_text("[]\n", encoding="utf-8"), verify(key[1]))[1]),
    ]
    for name, wanted, says, step in steps:
        code, said = step()
        if code != wanted or says not in said:
            return f"{kind}: {name}: exit code {code}: {said}"
    return ""


def a_signature_for_another_purpose_does_not_count(copy: Copy, scratch: Path) -> str:
    private, public = make_keys(scratch)["ssh"]
    end_agent(scratch)
    file = scratch / "file"
    file.write_text("{}\n", encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", private.partition(":")[2], "-n", "git", str(file)], check=True, capture_output=True)
    code, said = copy.run("audit/sign", "--verify", "--key", public, str(file))
    return "" if code == 1 and "not good" in said else f"exit code {code}: {said}"


CASES = {
    "signatures are verified": signatures_are_verified,
    "a signature for another purpose does not count": a_signature_for_another_purpose_does_not_count,
}
