#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::audit_line::Input<'_>| tunnel_fuzz::audit_line::check(&input));
