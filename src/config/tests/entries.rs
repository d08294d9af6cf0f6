//! Text entries of servers and targets.

use std::ffi::OsStr;

use super::*;
use crate::config::settings::table::{COMMANDS, HARPOON_TARGETS, SERVER_URLS};
use crate::config::settings::{RecordEntry, Written};

const UNKNOWN: &str = "has a part that is not key=value with key channel, url, unix-socket, http-proxy, client-cert or client-key; a URL \
                       that contains a comma can be given in a configuration file, or alone for channel main";
const NO_CHANNEL: &str = "entry has an invalid channel; write 1 to 64 letters, digits, \"-\" or \"_\"";
const RESERVED: &str = "channel harpoon is reserved; choose another name";

/// Values of `names` in an entry, or why it is refused.
fn parts(setting: &'static Setting, entry: &str, names: &[&str]) -> Result<Vec<Option<String>>, String> {
    let entry = RecordEntry::Text(Written {
        value: OsStr::new(entry),
        origin: Origin::UNSET,
    });
    let parts = entry.parts(setting).map_err(|error| error.to_string())?;
    Ok(names.iter().map(|name| parts.get(name).map(str::to_owned)).collect())
}

/// The message about an entry of a flag.
fn refused(setting: &'static Setting, entry: &str) -> String {
    let mut lines = lines(with(&[("MCP_SERVER_URL", "")], &[(setting.flag, entry)]));
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = lines.remove(0);
    let place = format!(" ({0} from flag --{0}, entry 1)", setting.flag);
    line.strip_suffix(&place).unwrap_or(&line).to_owned()
}

fn http(entry: &str) -> Result<Vec<Option<String>>, String> {
    parts(&SERVER_URLS, entry, &["channel", "url", "unix_socket"])
}

fn stdio(entry: &str) -> Result<Vec<Option<String>>, String> {
    parts(&COMMANDS, entry, &["channel", "command"])
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    let one = |value: &&str| (!value.is_empty()).then(|| (*value).to_owned());
    values.iter().map(one).collect()
}

#[test]
fn a_bare_url_is_for_main_and_may_contain_commas() {
    assert_eq!(http("http://h/a,b").unwrap(), some(&["", "http://h/a,b", ""]));
    let config = with(&[("MCP_SERVER_URL", "http://h/a,b")], &[]).unwrap();
    assert_eq!(config.mcp.bindings[0].channel, "main");
}

#[test]
fn http_entries_take_their_keys_in_any_order() {
    for (entry, channel) in [
        ("channel=docs,url=https://h/mcp?x=1,unix-socket=/run/s.sock", "docs"),
        ("unix-socket=/run/s.sock, url=https://h/mcp?x=1 , channel= Docs", "Docs"),
    ] {
        let expected = some(&[channel, "https://h/mcp?x=1", "/run/s.sock"]);
        assert_eq!(http(entry).unwrap(), expected, "{entry}");
        let config = with(&[], &[("mcp.server-url", "http://main"), ("mcp.server-url", entry)]).unwrap();
        assert_eq!(config.mcp.bindings[1].channel, "docs", "{entry}");
    }
    for entry in ["url=http://h,channel=", "url=http://h"] {
        let config = with(&[("MCP_SERVER_URL", entry)], &[]).unwrap();
        assert_eq!(config.mcp.bindings[0].channel, "main", "{entry}");
    }
}

#[test]
fn http_entries_with_a_mistake_are_refused() {
    let unknown = format!("entry {UNKNOWN}");
    for (entry, error) in [
        ("channel=x", "entry has no url; add it"),
        ("channel=x,url=", "entry has no url; add it"),
        ("channel=x,url=http://h/a,b", &unknown),
        ("channel=x,URL=http://h", &unknown),
        ("channel=x,,url=http://h", &unknown),
        ("channel=x,channel=y,url=http://h", "entry has channel twice; keep one"),
        ("channel=harpoon,url=http://h", RESERVED),
        ("channel=a b,url=http://h", NO_CHANNEL),
        ("channel=\u{e4},url=http://h", NO_CHANNEL),
        (
            "channel=x,command=run",
            "entry has command, which does not belong here; use --mcp.command for it",
        ),
        (
            "url=http://h,http-proxy=http://p,unix-socket=/s",
            "unix-socket cannot be combined with http-proxy; remove one",
        ),
        (
            "url=http://h,client-cert=/c",
            "missing client-key: client-cert and client-key go together",
        ),
        (
            "url=http://h,client-key=/k",
            "missing client-cert: client-cert and client-key go together",
        ),
    ] {
        assert_eq!(refused(&SERVER_URLS, entry), error, "{entry}");
    }
    let long = format!("channel={},url=http://h", "x".repeat(65));
    assert_eq!(refused(&SERVER_URLS, &long), NO_CHANNEL);
}

#[test]
fn commas_inside_a_command_survive_both_ways_of_writing() {
    for (entry, name, command) in [
        ("srv --list a,b", "", "srv --list a,b"),
        ("channel=Docs,command=srv a,b,channel=c", "Docs", "srv a,b,channel=c"),
        ("command=srv a,channel=b,channel=docs", "docs", "srv a,channel=b"),
        ("command=srv a,b", "", "srv a,b"),
        ("channel=x,command=srv a,unix-socket=/s", "x", "srv a,unix-socket=/s"),
    ] {
        assert_eq!(stdio(entry).unwrap(), some(&[name, command]), "{entry}");
        let name = if name.is_empty() { "main" } else { name };
        let main = ("mcp.command", "channel=main,command=srv");
        let flags = match name {
            "main" => vec![("mcp.command", entry)],
            _ => vec![main, ("mcp.command", entry)],
        };
        let config = with(&[("MCP_SERVER_URL", "")], &flags).unwrap();
        let last = config.mcp.bindings.last().unwrap();
        assert_eq!(last.channel, name.to_ascii_lowercase(), "{entry}");
    }
    assert_eq!(
        stdio("channel=, command=srv").unwrap(),
        [Some(String::new()), Some("srv".to_owned())]
    );
    let config = with(&[("MCP_SERVER_URL", "")], &[("mcp.command", "channel=, command=srv")]).unwrap();
    assert_eq!(config.mcp.bindings[0].channel, "main");
}

#[test]
fn stdio_entries_with_a_mistake_are_refused() {
    let elsewhere = |key: &str| format!("entry has {key}, which does not belong here; use --mcp.server-url for it");
    for (entry, error) in [
        ("channel=x", "entry has no command; add it".to_owned()),
        ("channel=x,srv", "entry has no command; add it".to_owned()),
        (
            "channel=x,channel=y,command=srv",
            "entry has channel twice; keep one".to_owned(),
        ),
        ("channel=x,unix-socket=/s,command=srv", elsewhere("unix-socket")),
        ("url=http://h", elsewhere("url")),
        ("command=srv,http-proxy=http://p", elsewhere("http-proxy")),
        ("http-proxy=http://p,command=srv", elsewhere("http-proxy")),
        ("command=srv,channel=Harpoon", RESERVED.to_owned()),
        (
            "channel=main,command=",
            "command is empty; write a program and its arguments".to_owned(),
        ),
    ] {
        assert_eq!(refused(&COMMANDS, entry), error, "{entry}");
    }
}

#[test]
fn targets_may_have_spaces_around_their_keys_and_mistakes_name_the_key_that_was_written() {
    let expected = some(&["x", "https://h", "a"]);
    let found = parts(
        &HARPOON_TARGETS,
        "label = x, url = https://h, desc=a",
        &["label", "url", "description"],
    );
    assert_eq!(found.unwrap(), expected);
    let twice = parts(&HARPOON_TARGETS, "desc=a,desc=b", &[]);
    assert_eq!(twice.unwrap_err(), "has desc twice; keep one");
    assert_eq!(
        parts(&HARPOON_TARGETS, "https://h", &[]).unwrap_err(),
        "has a part that is not key=value with key label, url, unix-socket or desc; a comma inside a value can only be written in a \
         configuration file"
    );
}
