"""Faults that are planted in a copy of the clone, with the script that has to find each and the words it says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plant:
    name: str
    script: str
    file: str
    old: str
    new: str
    says: str


def plant(name: str, script: str, file: str, old: str, new: str, says: str) -> Plant:
    return Plant(name, script, file, old, new, says)


UNSAFE, CLAIMS, SPECIFICATION, ROOMS = "audit/unsafe", "audit/claims", "audit/specification", "scripts/rooms"
HYGIENE = "scripts/check-hygiene"
BLOCK = "\nfn planted() {\n    let _ = unsafe { libc::getppid() };\n}\n"
ARGUED = "\nfn planted() {\n    // SAFETY: takes nothing.\n    let _ = unsafe { libc::getppid() };\n}\n"
CLAIM = '\n[[claim]]\nid = "planted"\ntopic = "Where"\nsays = "So."\ncommand = "{}"\npasses = "so"\nexpect = "so"\nseconds = 1\n'

PLANTS = (
    plant("a block without an argument", UNSAFE, "src/sys/own_group.rs", "", BLOCK, "unsafe code without an argument"),
    plant("a block that is not listed", UNSAFE, "src/sys/own_group.rs", "", ARGUED, "audit/unsafe.md is not what the sources say"),
    plant("a block with other code", UNSAFE, "src/sys/own_group.rs", "libc::getpgrp()", "libc::getppid()", "is not what the sources say"),
    plant("an argument of another text", UNSAFE, "src/sys/own_group.rs", "takes nothing and always", "mostly", "is not what the sources say"),
    plant("a method without the contract of its trait", UNSAFE, "src/sys/locked.rs", "", "\nunsafe fn planted() {}\n", "without an argument"),
    plant("unsafe code in another folder", UNSAFE, "src/files/spot.rs", "", ARGUED, "src/files/spot.rs:"),
    plant("unsafe code in the relay", UNSAFE, "relay/src/clock.rs", "", ARGUED, "outside of src/sys/"),
    plant("unsafe code in a test", UNSAFE, "tests/it/cli.rs", "", ARGUED, "outside of src/sys/"),
    plant("a file of unsafe code that git has not seen", UNSAFE, "relay/src/planted.rs", "", BLOCK, "relay/src/planted.rs:"),
    plant("the relay without its forbid", UNSAFE, "relay/src/lib.rs", "#![forbid(unsafe_code)]", "", "relay/src/lib.rs: the line"),
    plant("the relay with a comment for it", UNSAFE, "relay/src/lib.rs", "#![forbid(unsafe_code)]", "// #![forbid(unsafe_code)]", "relay/src/lib.rs: the line"),
    plant("a lint level that is lifted", UNSAFE, "src/files/spot.rs", "", "\n#[allow(unsafe_code)]\nmod planted {}\n", "a lint level lets unsafe code in"),
    plant("a claim about a script that is not there", CLAIMS, "audit/claims.toml", "", CLAIM.format("scripts/none"), "scripts/none is missing"),
    plant("a claim about a step that is not there", CLAIMS, "audit/claims.toml", "", CLAIM.format("./check --only none"), "has no step none"),
    plant("a claim about tests that are not there", CLAIMS, "audit/claims.toml", "--test it -- redirects::", "--test it -- none::", "there is no tests/it/none.rs"),
    plant("a claim that stands twice", CLAIMS, "audit/claims.toml", 'id = "redirects"', 'id = "trust"', "stands twice"),
    plant("a claim with another text than its table", CLAIMS, "audit/claims.toml", "The program is a single file.", "The program is.", "run audit/claims --write"),
    plant("a table with another text than its claim", CLAIMS, "audit/README.md", "The program is a single file.", "The program is.", "run audit/claims --write"),
    plant("a claim that nothing but an exit code shows", CLAIMS, "audit/claims.toml", 'expect = "^build: passed"\n', "", "nothing but the exit code"),
    plant("a pass that cannot be recognized", CLAIMS, "audit/claims.toml", 'expect = "^build: passed"', 'expect = "("', "expect:"),
    plant("a claim whose tests do nothing without root", CLAIMS, "audit/claims.toml", "root = true\n\n[[claim]]\nid = \"servers\"", "\n[[claim]]\nid = \"servers\"", "write `root = true`"),
    plant("a cited step that is not there", CLAIMS, "audit/claims.toml", 'cites = ["services"]', 'cites = ["none"]', "has no step none"),
    plant("a command that is still called pending", CLAIMS, "audit/claims.toml", 'command = "./check --only fuzz"', 'command = "./check --only fuzz"\npending = true', "remove `pending`"),
    plant("a pipe into grep -q under pipefail", HYGIENE, "fuzz/build", "", "\ntrue | grep -qx true || exit 1\n", "a pipe into grep -q"),
    plant("commands that take too long together", CLAIMS, "audit/claims.toml", "", CLAIM.format("scripts/check-hygiene").replace("seconds = 1", "seconds = 6000"), "are promised"),
    plant("a promise that its constant does not keep", SPECIFICATION, "SPECIFICATION.md", "| 4 MiB |", "| 3 MiB |", "3 MiB is promised"),
    plant("a constant in Python that was changed", SPECIFICATION, "tests/packages/figures", "START_MS, IDLE_MIB = 15.0", "START_MS, IDLE_MIB = 99.0", "START_MS"),
    plant("a constant in Rust that was changed", SPECIFICATION, "src/limits.rs", "POLL_BODY_MAX: usize = 128 * MIB", "POLL_BODY_MAX: usize = 129 * MIB", "POLL_BODY_MAX"),
    plant("a constant of another file that was changed", SPECIFICATION, "src/limits/stdio.rs", "STDIO_MESSAGE_MAX: usize = 64", "STDIO_MESSAGE_MAX: usize = 65", "ROOM_WHOLE_TOTAL"),
    plant("a constant in shell that was changed", SPECIFICATION, "scripts/build-static", "max_client_bytes=6300000", "max_client_bytes=7000000", "max_client_bytes"),
    plant("a gate of the units that was widened", SPECIFICATION, "tests/packages/units", "Gate(CLIENT, 11, OPEN),", "Gate(CLIENT, 15, OPEN),", "does not have the words"),
    plant("fewer attempts than promised", SPECIFICATION, "tests/it/sandbox.rs", "refused >= 250", "refused >= 25", "does not have the words"),
    plant("a test that was renamed", SPECIFICATION, "tests/it/memory.rs", "fn a_retired_key_is_gone", "fn an_old_key_is_gone", "there is no test"),
    plant("a test that is a test no more", SPECIFICATION, "src/net/unpack.rs", "#[test]\n    fn members_are_bounded", "fn members_are_bounded", "there is no test"),
    plant("a test that has its number typed in", SPECIFICATION, "tests/it/packed.rs", 'format!("more than {UNPACK_RATIO_MAX}', 'format!("more than 256', "none of the checks uses UNPACK_RATIO_MAX"),
    plant("a step that does not run the file", SPECIFICATION, "check", "timeout --foreground --kill-after=30 300 tests/packages/figures --", "true --", "none of the checks uses"),
    plant("a number without a check", SPECIFICATION, "SPECIFICATION.md", "`./check --only figures` |", "soon |", "is neither FILE::TEST"),
    plant("a test that sleeps", HYGIENE, "tests/it/cli.rs", "", "\nfn planted() {\n    std::thread::sleep(TIME);\n}\n", "tests/it/cli.rs:"),
    plant("a promise of a constant that is not there", SPECIFICATION, "SPECIFICATION.md", "`KEY_COPIES_MAX`", "`KEY_COPIES`", "has no number KEY_COPIES"),
    plant("an import upward in a tree", ROOMS, "src/files/spot.rs", "", "\nuse crate::{\n    limits::{self as _, KIB},\n    config::{\n        Config,\n    },\n};\n", "files imports config, which lies above it"),
    plant("an import upward in an expression", ROOMS, "src/files/spot.rs", "", "\nfn planted() -> usize {\n    size_of::<crate::net::Network>()\n}\n", "files imports net, which lies above it"),
    plant("an import upward by super", ROOMS, "src/files/spot.rs", "", "\nuse super::super::config::Config;\n", "files imports config, which lies above it"),
    plant("an import upward from a module of the file", ROOMS, "src/files/spot.rs", "", "\nmod planted {\n    use super::super::super::{config as other};\n}\n", "files imports config, which lies above it"),
    plant("an import upward in a macro", ROOMS, "src/files/spot.rs", "", "\nmacro_rules! planted {\n    () => { $crate::config::Config };\n}\n", "files imports config, which lies above it"),
    plant("the crate by another name", ROOMS, "src/files/spot.rs", "", "\nuse crate as planted;\n", "names no room"),
    plant("the crate by another name in a tree", ROOMS, "src/files/spot.rs", "", "\nuse crate::{self as planted};\n", "names no room"),
    plant("an import upward in an attribute", ROOMS, "src/files/spot.rs", "", "\n#[derive(serde::Serialize)]\nstruct Planted {\n    #[serde(with = \"crate::config::planted\")]\n    one: u8,\n}\n", "files imports config, which lies above it"),
    plant("an import upward among the rooms of the configuration", ROOMS, "src/config/values/url.rs", "", "\nuse super::super::load::read;\n", "values imports load, which lies above it"),
    plant("an import of the configuration past its rooms", ROOMS, "src/config/values/url.rs", "", "\nuse crate::config::Config;\n", "crate::config::Config is no room"),
    plant("an import whose room a macro names", ROOMS, "src/files/spot.rs", "", "\nmacro_rules! planted {\n    ($room:ident) => { crate::$room::Config };\n}\n", "names no room"),
    plant("a file of another room", ROOMS, "src/files/spot.rs", "", "\n#[path = \"../config/mod.rs\"]\nmod planted;\n", "names no room"),
    plant("the text of a file of another room", ROOMS, "src/files/spot.rs", "", "\ninclude!(\"../config/mod.rs\");\n", "names no room"),
    plant("an import past a room", ROOMS, "src/files/spot.rs", "", "\nuse crate::Config;\n", "crate::Config is no room"),
    plant("an import of everything", ROOMS, "src/files/spot.rs", "", "\nuse crate::*;\n", "names no room"),
    plant("an import downward that nobody allowed", ROOMS, "src/links.rs", "", "\nuse crate::shutdown::Signal;\n", "which scripts/rooms.toml does not allow"),
    plant("a room that is not in the table", ROOMS, "src/planted.rs", "", "//! A room.\n", "src/planted: this room is not in scripts/rooms.toml"),
    plant("an import of the relay upward", ROOMS, "relay/src/ids.rs", "", "\nuse crate::serve::Options;\n", "ids imports serve, which lies above it"),
    plant("an arrow upward in the table", ROOMS, "scripts/rooms.toml", 'files = ["limits"]', 'files = ["config", "limits"]', "files imports config, which is no room below it"),
    plant("an arrow that nothing needs", ROOMS, "scripts/rooms.toml", 'files = ["limits"]', 'files = ["limits", "shutdown"]', "files does not import shutdown any more"),
    plant("a picture of other rooms", ROOMS, "ARCHITECTURE.md", "| `links` |", "| `link` |", "the picture of the rooms is stale"),
)
