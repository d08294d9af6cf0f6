"""What `verify` of a bundle accepts and refuses: each case spoils a copy of a good bundle."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from keys import Keys

GOOD, REFUSED, WRONG_ARGUMENTS = 0, 1, 2
VERIFY_SECONDS = 120.0
YEAR_SECONDS = 365 * 24 * 3600
# What verify may use besides bash: coreutils, and one program that checks signatures.
COREUTILS = ("base64", "cat", "comm", "dirname", "head", "mktemp", "realpath", "rm", "sha256sum", "sort", "stat", "tr", "wc")


@dataclass
class Lab:
    """A good bundle and the keys around it."""

    keys: Keys
    bundle: Path
    release: str
    folder: Path
    _number: int = field(default=0)

    def __post_init__(self) -> None:
        now = int((self.bundle / "SHA256SUMS").stat().st_mtime)
        self.stranger = self.keys.make("stranger")
        self.past = now - 2 * YEAR_SECONDS
        self.expired = self.keys.make("expired", born=self.past, lasts="1y")
        self.revoked = self.keys.make("revoked")
        for checker in ("gpgv", "gpg"):
            place = self.folder / f"only-{checker}"
            place.mkdir()
            for name in (*COREUTILS, checker):
                (place / name).symlink_to(find(name))

    def copy(self) -> Path:
        """A tree that shares its files with the bundle: cases replace files and never change one in place."""
        self._number += 1
        tree = self.folder / f"case-{self._number}"
        shutil.copytree(self.bundle, tree, copy_function=os.link)
        return tree

    def verify(self, tree: Path, *arguments: str, checker: str = "gpgv", reads_all: bool = True) -> tuple[int, str]:
        environment = {"PATH": str(self.folder / f"only-{checker}"), "LANG": "C.UTF-8"}
        less = [] if reads_all else ["/usr/bin/setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        done = subprocess.run(
            [*less, "/bin/bash", str(self.bundle / "verify"), *arguments, str(tree)],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=VERIFY_SECONDS,
        )  # fmt: skip
        return done.returncode, done.stdout.decode("utf-8", "replace")


def find(name: str) -> Path:
    path = shutil.which(name, path="/usr/bin:/bin")
    if path is None:
        raise RuntimeError(f"{name} is not installed")
    return Path(path)


def replace(file: Path, content: bytes) -> None:
    file.unlink()
    file.write_bytes(content)


def seal(lab: Lab, tree: Path, key: str, *, at: int = 0, extra: str = "") -> None:
    """Writes the list of checksums anew and signs it, as one who holds the key `key` could."""
    files = sorted(str(each.relative_to(tree)) for each in tree.rglob("*") if each.is_file() and not each.is_symlink())
    names = [each for each in files if each not in ("SHA256SUMS", "SHA256SUMS.asc")]
    lines = [f"{hashlib.sha256((tree / each).read_bytes()).hexdigest()}  {each}\n" for each in names]
    replace(tree / "SHA256SUMS", ("".join(lines) + extra).encode())
    sign(lab, tree, key, at=at)


def sign(lab: Lab, tree: Path, key: str, *, at: int = 0) -> None:
    (tree / "SHA256SUMS.asc").unlink()
    lab.keys.sign(key, tree / "SHA256SUMS", at=at)


def a_package(tree: Path) -> Path:
    return next(iter(sorted((tree / "deb").glob("*.deb"))))


Spoil = Callable[[Lab, Path], None]


@dataclass(frozen=True)
class Case:
    name: str
    spoil: Spoil
    code: int
    says: str
    # Placeholders: @release, @stranger and so on stand for fingerprints, @folder for the folder of the lab.
    arguments: tuple[str, ...] = ("--fingerprint", "@release")
    checker: str = "gpgv"
    # Whether verify runs as root, which reads whatever the modes say.
    reads_all: bool = True


def nothing(_lab: Lab, _tree: Path) -> None:
    pass


def change_byte(_lab: Lab, tree: Path) -> None:
    content = bytearray(a_package(tree).read_bytes())
    content[len(content) // 2] ^= 1
    replace(a_package(tree), bytes(content))


def remove_file(_lab: Lab, tree: Path) -> None:
    a_package(tree).unlink()


def add_file(_lab: Lab, tree: Path) -> None:
    (tree / "deb" / "further_1.0_amd64.deb").write_bytes(b"x")


def add_hidden(_lab: Lab, tree: Path) -> None:
    (tree / "rpm" / ".hidden").write_bytes(b"x")


def add_newline(_lab: Lab, tree: Path) -> None:
    (tree / "deb" / "two\nlines").write_bytes(b"x")


def add_folder(_lab: Lab, tree: Path) -> None:
    (tree / "tools").mkdir()
    (tree / "tools" / "install").write_bytes(b"x")


def add_closed_folder(lab: Lab, tree: Path) -> None:
    add_folder(lab, tree)
    # Its files can be used by name and not be listed.
    (tree / "tools").chmod(0o311)


def link_file(_lab: Lab, tree: Path) -> None:
    package = a_package(tree)
    elsewhere = tree.parent / f"{tree.name}-elsewhere"
    package.rename(elsewhere)
    package.symlink_to(elsewhere)


def link_folder(_lab: Lab, tree: Path) -> None:
    elsewhere = tree.parent / f"{tree.name}-elsewhere"
    (tree / "deb").rename(elsewhere)
    (tree / "deb").symlink_to(elsewhere)


def link_list(_lab: Lab, tree: Path) -> None:
    elsewhere = tree.parent / f"{tree.name}-elsewhere"
    (tree / "SHA256SUMS").rename(elsewhere)
    (tree / "SHA256SUMS").symlink_to(elsewhere)


def add_pipe(_lab: Lab, tree: Path) -> None:
    os.mkfifo(tree / "deb" / "pipe.deb")


def remove_signature(_lab: Lab, tree: Path) -> None:
    (tree / "SHA256SUMS.asc").unlink()


def no_signature(_lab: Lab, tree: Path) -> None:
    replace(tree / "SHA256SUMS.asc", b"not a signature\n")


def change_list(_lab: Lab, tree: Path) -> None:
    replace(tree / "SHA256SUMS", (tree / "SHA256SUMS").read_bytes().replace(b"0", b"1", 1))


def sign_otherwise(lab: Lab, tree: Path) -> None:
    change_byte(lab, tree)
    seal(lab, tree, lab.stranger)


def sign_otherwise_with_key(lab: Lab, tree: Path) -> None:
    change_byte(lab, tree)
    replace(tree / "release-key.asc", lab.keys.export(lab.stranger))
    seal(lab, tree, lab.stranger)


def two_keys_in_one_file(lab: Lab, tree: Path) -> None:
    change_byte(lab, tree)
    replace(tree / "release-key.asc", lab.keys.export(lab.release, armoured=False) + lab.keys.export(lab.stranger, armoured=False))
    seal(lab, tree, lab.stranger)


def sign_with_expired(lab: Lab, tree: Path) -> None:
    replace(tree / "release-key.asc", lab.keys.export(lab.expired))
    seal(lab, tree, lab.expired, at=lab.past + 24 * 3600)


def sign_with_revoked(lab: Lab, tree: Path) -> None:
    seal(lab, tree, lab.revoked)
    lab.keys.revoke(lab.revoked)
    replace(tree / "release-key.asc", lab.keys.export(lab.revoked))


def spoiled_key(_lab: Lab, tree: Path) -> None:
    replace(tree / "release-key.asc", b"no key\n")


def list_with(line: str) -> Spoil:
    def spoil(lab: Lab, tree: Path) -> None:
        seal(lab, tree, lab.release, extra=line)

    return spoil


ZEROS = "0" * 64
CASES = (
    Case("a good bundle", nothing, GOOD, "are as they were signed by @release"),
    Case("a good bundle, with gpg in place of gpgv", nothing, GOOD, "are as they were signed by", checker="gpg"),
    Case("a fingerprint in groups and small letters", nothing, GOOD, "are as", ("--fingerprint", "@grouped")),
    Case("a key from elsewhere", nothing, GOOD, "are as", ("--fingerprint", "@release", "--key", "@folder/release.gpg")),
    Case("a changed byte", change_byte, REFUSED, "a file was changed: deb/"),
    Case("a removed file", remove_file, REFUSED, "a file is missing: deb/"),
    Case("an added file", add_file, REFUSED, "a file that is not in SHA256SUMS: deb/further_1.0_amd64.deb"),
    Case("an added hidden file", add_hidden, REFUSED, "a file that is not in SHA256SUMS: rpm/.hidden"),
    Case("a folder that cannot be listed", add_closed_folder, REFUSED, "cannot be read, so that it could hold anything: tools", reads_all=False),
    Case("an added folder", add_folder, REFUSED, "a file that is not in SHA256SUMS: tools/install"),
    Case("a file name with a newline", add_newline, REFUSED, "a file that is not in SHA256SUMS: $'deb/two\\nlines'"),
    Case("a link in place of a file", link_file, REFUSED, "a symbolic link: deb/"),
    Case("a link in place of a folder", link_folder, REFUSED, "a symbolic link: deb"),
    Case("a link in place of the list", link_list, REFUSED, "SHA256SUMS is a symbolic link"),
    Case("a named pipe", add_pipe, REFUSED, "neither a file nor a directory: deb/pipe.deb"),
    Case("no signature", remove_signature, REFUSED, "the bundle is not signed, or its signature was removed"),
    Case("something else than a signature", no_signature, REFUSED, "SHA256SUMS.asc is no OpenPGP signature"),
    Case("a changed list", change_list, REFUSED, "SHA256SUMS is not what was signed"),
    Case("another key's signature", sign_otherwise, REFUSED, "the signature is not by the key in"),
    Case("another key's signature, with gpg", sign_otherwise, REFUSED, "the signature is not by the key in", checker="gpg"),
    Case("another key's signature and key", sign_otherwise_with_key, REFUSED, "the signature is by @stranger"),
    Case("another key beside the release key", two_keys_in_one_file, REFUSED, "the signature is by @stranger"),
    Case("the fingerprint of another key", nothing, REFUSED, "the release key is  @stranger", ("--fingerprint", "@stranger")),
    Case("an expired key", sign_with_expired, REFUSED, "the release key has expired", ("--fingerprint", "@expired")),
    Case("an expired key, with gpg", sign_with_expired, REFUSED, "the release key has expired", ("--fingerprint", "@expired"), "gpg"),
    Case("a revoked key", sign_with_revoked, REFUSED, "the release key was revoked", ("--fingerprint", "@revoked")),
    Case("no key in the key file", spoiled_key, REFUSED, "is no OpenPGP key"),
    Case("a signed list with a way out", list_with(f"{ZEROS}  ../outside\n"), REFUSED, "no checksum of a file of the bundle"),
    Case("a signed list with an absolute path", list_with(f"{ZEROS}  /etc/passwd\n"), REFUSED, "no checksum of a file of the bundle"),
    Case("a signed list with a newline in a name", list_with(f"\\{ZEROS}  zz\\nzz\n"), REFUSED, "no checksum of a file of the bundle"),
    Case("a signed list with a terminal's sequence", list_with(f"{ZEROS}  \x1b[2Jx\n"), REFUSED, "\\E[2Jx"),
    Case("a signed list that names a file twice", list_with(f"{ZEROS}  README\n"), REFUSED, "twice, or out of order"),
    Case("a short key ID", nothing, WRONG_ARGUMENTS, "40 hexadecimal digits", ("--fingerprint", "0123456789ABCDEF")),
    Case("no fingerprint", nothing, WRONG_ARGUMENTS, "name the fingerprint", ()),
)


def run(lab: Lab) -> Iterator[tuple[str, str]]:
    """Pairs of a case's name and what was wrong, which is empty when nothing was."""
    (lab.folder / "release.gpg").write_bytes(lab.keys.export(lab.release, armoured=False))
    for case in CASES:
        tree = lab.copy()
        case.spoil(lab, tree)
        code, output = lab.verify(tree, *(fill(lab, each) for each in case.arguments), checker=case.checker, reads_all=case.reads_all)
        says = fill(lab, case.says)
        faults = []
        if code != case.code:
            faults.append(f"code {code}, not {case.code}")
        if says not in output:
            faults.append(f"does not say {says!r}")
        if (code == REFUSED) != ("REFUSED: do not install" in output) or (code != GOOD and "good:" in output):
            faults.append("the verdict is not what the code says")
        yield case.name, f"{'; '.join(faults)}\n{output}" if faults else ""
        shutil.rmtree(tree)


def fill(lab: Lab, text: str) -> str:
    grouped = " ".join(lab.release[at : at + 4] for at in range(0, 40, 4)).lower()
    values = {"grouped": grouped, "release": lab.release, "stranger": lab.stranger, "expired": lab.expired, "revoked": lab.revoked}
    for name, value in {**values, "folder": str(lab.folder)}.items():
        text = text.replace(f"@{name}", value)
    return text
