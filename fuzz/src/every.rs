//! Every target by its name, for a program that contains them all.

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::Corpus;

use crate::*;

/// Feeds one input to a target.
pub type Feed = fn(&[u8]) -> Corpus;

const TARGETS: &[(&str, Feed)] = &[
    ("audit_line", |data| typed(data, |input| audit_line::check(&input))),
    ("broker_protocol", |data| {
        typed(data, |input| broker_protocol::check(&input))
    }),
    ("certificate", |data| bytes(data, certificate::check)),
    ("cidr", |data| bytes(data, cidr::check)),
    ("command_words", |data| typed(data, command_words::check)),
    ("config_file", |data| bytes(data, config_file::check)),
    ("dispatch_queue", |data| {
        typed(data, |input| dispatch_queue::check(&input))
    }),
    ("duration", |data| bytes(data, duration::check)),
    ("error_text", |data| typed(data, error_text::check)),
    ("flags_and_environment", |data| {
        bytes(data, flags_and_environment::check)
    }),
    ("groups", |data| typed(data, |input| groups::check(&input))),
    ("health_url", |data| bytes(data, health_url::check)),
    ("http_message", |data| bytes(data, http_message::check)),
    ("http_unpack", |data| bytes(data, http_unpack::check)),
    ("jsonrpc_message", |data| bytes(data, jsonrpc_message::check)),
    ("jsonrpc_splice", |data| bytes(data, jsonrpc_splice::check)),
    ("log_line", |data| typed(data, log_line::check)),
    ("message_memory", |data| {
        typed(data, |input| message_memory::check(&input))
    }),
    ("mounts", |data| typed(data, |input| mounts::check(&input))),
    ("no_proxy", |data| bytes(data, no_proxy::check)),
    ("pem", |data| bytes(data, pem::check)),
    ("poll_response", |data| bytes(data, poll_response::check)),
    ("program_file", |data| bytes(data, program_file::check)),
    ("proxy_answer", |data| bytes(data, proxy_answer::check)),
    ("redaction", |data| typed(data, redaction::check)),
    ("references", |data| bytes(data, references::check)),
    ("relay_keys", |data| typed(data, |input| relay_keys::check(&input))),
    ("relay_manage", |data| bytes(data, relay_manage::check)),
    ("relay_message", |data| bytes(data, relay_message::check)),
    ("relay_poll_round_trip", |data| {
        typed(data, |input| relay_poll_round_trip::check(&input))
    }),
    ("relay_queue", |data| typed(data, |input| relay_queue::check(&input))),
    ("relay_request", |data| {
        typed(data, |input| relay_request::check(&input))
    }),
    ("relay_response", |data| {
        typed(data, |input| relay_response::check(&input))
    }),
    ("response_timeout", |data| bytes(data, response_timeout::check)),
    ("retry_after", |data| bytes(data, retry_after::check)),
    ("sealed_writer", |data| typed(data, sealed_writer::check)),
    ("selinux_context", |data| bytes(data, selinux_context::check)),
    ("server_words", |data| bytes(data, server_words::check)),
    ("service_manager", |data| typed(data, service_manager::check)),
    ("set_cookie", |data| bytes(data, set_cookie::check)),
    ("sse_stream", |data| bytes(data, sse_stream::check)),
    ("stderr_lines", |data| bytes(data, stderr_lines::check)),
    ("stdio_admission", |data| {
        typed(data, |input| stdio_admission::check(&input))
    }),
    ("stdio_framing", |data| bytes(data, stdio_framing::check)),
    ("stdio_router", |data| typed(data, |input| stdio_router::check(&input))),
    ("urls", |data| bytes(data, urls::check)),
    ("written_profile", |data| typed(data, written_profile::check)),
    ("www_authenticate", |data| bytes(data, www_authenticate::check)),
];

/// The target with this name: that of its module and of its file in `fuzz_targets/`.
pub fn target(name: &str) -> Option<Feed> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, feed)| *feed)
}

/// The names of all targets, a line each.
pub fn names() -> String {
    TARGETS.iter().map(|(name, _)| format!("{name}\n")).collect()
}

fn bytes(data: &[u8], check: fn(&[u8])) -> Corpus {
    check(data);
    Corpus::Keep
}

/// Like `fuzz_target!`: bytes that make no input are not kept.
fn typed<'a, I: Arbitrary<'a>>(data: &'a [u8], check: impl FnOnce(I)) -> Corpus {
    if data.len() < I::size_hint(0).0 {
        return Corpus::Reject;
    }
    match I::arbitrary_take_rest(Unstructured::new(data)) {
        Ok(input) => {
            check(input);
            Corpus::Keep
        }
        Err(_) => Corpus::Reject,
    }
}
