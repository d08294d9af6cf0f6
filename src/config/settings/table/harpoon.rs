//! Internal URLs that callers may request by label.

use super::Kind::{List, Records, Switch};
use super::Separator::{Comma, LineOrSemicolon};
use super::{Setting, Shown, UNSET, one};

pub(in crate::config) static HARPOON_TARGETS: Setting = Setting {
    key: "harpoon.targets",
    flag: "harpoon.target",
    variables: &["HARPOON_TARGETS"],
    kind: Records(
        LineOrSemicolon,
        &[one("label"), one("url"), one("unix_socket"), one("description")],
    ),
    reference: true,
    shown: Shown::Origin,
    placeholder: "label=NAME,url=URL[,unix-socket=PATH][,desc=TEXT]",
    help: "Internal URL that callers may request by its label; repeatable, with ; or one line each in the variable",
    values: "label: 1 to 64 lower-case letters, digits, - or _",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_PLAINTEXT: Setting = Setting {
    key: "harpoon.allow_plaintext_http",
    flag: "harpoon.allow-plaintext-http",
    variables: &["HARPOON_ALLOW_PLAINTEXT_HTTP"],
    kind: Switch,
    default: Some("false"),
    placeholder: "true|false",
    help: "Allow targets without TLS",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_MAX_RESPONSE: Setting = Setting {
    key: "harpoon.max_response_bytes",
    flag: "harpoon.max-response-bytes",
    variables: &["HARPOON_MAX_RESPONSE_BYTES"],
    default: Some("102400"),
    placeholder: "N",
    help: "The largest answer of a target, in bytes",
    values: "1 to 102400",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_MAX_REDIRECTS: Setting = Setting {
    key: "harpoon.max_redirects",
    flag: "harpoon.max-redirects",
    variables: &["HARPOON_MAX_REDIRECTS"],
    default: Some("5"),
    placeholder: "N",
    help: "Redirects followed between targets",
    values: "0 to 5",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_PROXY: Setting = Setting {
    key: "harpoon.http_proxy",
    flag: "harpoon.http-proxy",
    variables: &["HARPOON_HTTP_PROXY"],
    shown: Shown::Origin,
    placeholder: "URL|env:NAME|file:PATH|credential:NAME",
    help: "Proxy for targets, instead of http-proxy",
    values: "http:// or https://",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_TRANSPORTS: Setting = Setting {
    key: "harpoon.additional_transports",
    flag: "harpoon.additional-transport",
    variables: &["HARPOON_ADDITIONAL_TRANSPORTS"],
    kind: List(Comma),
    placeholder: "http-streamable",
    help: "Serve the channel on the health listener too; repeatable or with commas",
    values: "http-streamable",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_CAPTURE: Setting = Setting {
    key: "harpoon.capture_payloads",
    flag: "harpoon.capture-payloads",
    variables: &["HARPOON_CAPTURE_PAYLOADS"],
    kind: Switch,
    default: Some("false"),
    placeholder: "true|false",
    help: "Keep bodies of calls for the web page",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_SUFFIXES: Setting = Setting {
    key: "harpoon.hosts_include_suffix",
    flag: "harpoon.hosts-include-suffix",
    variables: &["HARPOON_HOSTS_INCLUDE_SUFFIX"],
    kind: List(Comma),
    placeholder: "SUFFIX",
    help: "Host suffix that counts as internal; repeatable or with commas",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_REGEXES: Setting = Setting {
    key: "harpoon.hosts_include_regex",
    flag: "harpoon.hosts-include-regex",
    variables: &["HARPOON_HOSTS_INCLUDE_REGEX"],
    kind: List(Comma),
    placeholder: "REGEX",
    help: "Pattern of hosts that count as internal; repeatable or with commas",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_LOOPBACK: Setting = Setting {
    key: "harpoon.hosts_include_loopback",
    flag: "harpoon.hosts-include-loopback",
    variables: &["HARPOON_HOSTS_INCLUDE_LOOPBACK"],
    kind: Switch,
    default: Some("true"),
    placeholder: "true|false",
    help: "Loopback hosts count as internal",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};

pub(in crate::config) static HARPOON_PRIVATE: Setting = Setting {
    key: "harpoon.hosts_include_private",
    flag: "harpoon.hosts-include-private",
    variables: &["HARPOON_HOSTS_INCLUDE_PRIVATE"],
    kind: Switch,
    default: Some("true"),
    placeholder: "true|false",
    help: "Private addresses count as internal",
    without_effect: Some("the harpoon channel is not served yet"),
    ..UNSET
};
