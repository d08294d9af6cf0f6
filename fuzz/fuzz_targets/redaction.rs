#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::redaction::Input<'_>| tunnel_fuzz::redaction::check(input));
