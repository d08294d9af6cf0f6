//! Internal URLs that callers may request by label.

use super::Kind::Records;
use super::Separator::LineOrSemicolon;
use super::Spelling::Key;
use super::{COMMAS, Check, NUMBER, PROXY, RECORDS, SWITCH, Setting, one};
use crate::config::values::harpoon;
use crate::limits::{HARPOON_REDIRECTS_MAX, HARPOON_RESPONSE_MAX};

/// Why nothing acts on these.
const NOT_SERVED: Option<&str> = Some("the harpoon channel is not served yet");

pub(in crate::config) static HARPOON_TARGETS: Setting = Setting {
    key: "harpoon.targets",
    flag: "harpoon.target",
    variables: &["HARPOON_TARGETS"],
    kind: Records(
        LineOrSemicolon,
        &[
            one("label", Key("label")),
            one("url", Key("url")),
            one("unix_socket", Key("unix-socket")),
            one("description", Key("desc")),
        ],
    ),
    placeholder: "label=NAME,url=URL[,unix-socket=PATH][,desc=TEXT]",
    help: "Internal URL that callers may request by its label; repeatable, with ; or one line each in the variable",
    values: "label: 1 to 64 lower-case letters, digits, - or _",
    without_effect: NOT_SERVED,
    ..RECORDS
};

pub(in crate::config) static HARPOON_PLAINTEXT: Setting = Setting {
    key: "harpoon.allow_plaintext_http",
    flag: "harpoon.allow-plaintext-http",
    variables: &["HARPOON_ALLOW_PLAINTEXT_HTTP"],
    help: "Allow targets without TLS",
    without_effect: NOT_SERVED,
    ..SWITCH
};

pub(in crate::config) static HARPOON_MAX_RESPONSE: Setting = Setting {
    key: "harpoon.max_response_bytes",
    flag: "harpoon.max-response-bytes",
    variables: &["HARPOON_MAX_RESPONSE_BYTES"],
    default: Some("102400"),
    help: "The largest answer of a target, in bytes",
    values: "1 to 102400",
    without_effect: NOT_SERVED,
    check: Check::Number(1, HARPOON_RESPONSE_MAX),
    ..NUMBER
};

pub(in crate::config) static HARPOON_MAX_REDIRECTS: Setting = Setting {
    key: "harpoon.max_redirects",
    flag: "harpoon.max-redirects",
    variables: &["HARPOON_MAX_REDIRECTS"],
    default: Some("5"),
    help: "Redirects followed between targets",
    values: "0 to 5",
    without_effect: NOT_SERVED,
    check: Check::Number(0, HARPOON_REDIRECTS_MAX),
    ..NUMBER
};

pub(in crate::config) static HARPOON_PROXY: Setting = Setting {
    key: "harpoon.http_proxy",
    flag: "harpoon.http-proxy",
    variables: &["HARPOON_HTTP_PROXY"],
    help: "Proxy for targets, instead of http-proxy",
    without_effect: NOT_SERVED,
    ..PROXY
};

pub(in crate::config) static HARPOON_TRANSPORTS: Setting = Setting {
    key: "harpoon.additional_transports",
    flag: "harpoon.additional-transport",
    variables: &["HARPOON_ADDITIONAL_TRANSPORTS"],
    placeholder: "http-streamable",
    help: "Serve the channel on the health listener too; repeatable or with commas",
    values: "http-streamable",
    without_effect: NOT_SERVED,
    check: Check::Entries(harpoon::transport),
    ..COMMAS
};

pub(in crate::config) static HARPOON_CAPTURE: Setting = Setting {
    key: "harpoon.capture_payloads",
    flag: "harpoon.capture-payloads",
    variables: &["HARPOON_CAPTURE_PAYLOADS"],
    help: "Keep bodies of calls for the status page",
    without_effect: NOT_SERVED,
    ..SWITCH
};

pub(in crate::config) static HARPOON_SUFFIXES: Setting = Setting {
    key: "harpoon.hosts_include_suffix",
    flag: "harpoon.hosts-include-suffix",
    variables: &["HARPOON_HOSTS_INCLUDE_SUFFIX"],
    placeholder: "SUFFIX",
    help: "Host suffix that counts as internal; repeatable or with commas",
    without_effect: NOT_SERVED,
    check: Check::Entries(harpoon::suffix),
    ..COMMAS
};

pub(in crate::config) static HARPOON_REGEXES: Setting = Setting {
    key: "harpoon.hosts_include_regex",
    flag: "harpoon.hosts-include-regex",
    variables: &["HARPOON_HOSTS_INCLUDE_REGEX"],
    placeholder: "REGEX",
    help: "Pattern of hosts that count as internal; repeatable or with commas",
    without_effect: NOT_SERVED,
    check: Check::Entries(harpoon::pattern),
    ..COMMAS
};

pub(in crate::config) static HARPOON_LOOPBACK: Setting = Setting {
    key: "harpoon.hosts_include_loopback",
    flag: "harpoon.hosts-include-loopback",
    variables: &["HARPOON_HOSTS_INCLUDE_LOOPBACK"],
    default: Some("true"),
    help: "Loopback hosts count as internal",
    without_effect: NOT_SERVED,
    ..SWITCH
};

pub(in crate::config) static HARPOON_PRIVATE: Setting = Setting {
    key: "harpoon.hosts_include_private",
    flag: "harpoon.hosts-include-private",
    variables: &["HARPOON_HOSTS_INCLUDE_PRIVATE"],
    default: Some("true"),
    help: "Private addresses count as internal",
    without_effect: NOT_SERVED,
    ..SWITCH
};

/// Settings of this page, in the order of help texts.
pub(super) const HARPOON: &[&Setting] = &[
    &HARPOON_TARGETS,
    &HARPOON_PLAINTEXT,
    &HARPOON_MAX_RESPONSE,
    &HARPOON_MAX_REDIRECTS,
    &HARPOON_PROXY,
    &HARPOON_TRANSPORTS,
    &HARPOON_CAPTURE,
    &HARPOON_SUFFIXES,
    &HARPOON_REGEXES,
    &HARPOON_LOOPBACK,
    &HARPOON_PRIVATE,
];
