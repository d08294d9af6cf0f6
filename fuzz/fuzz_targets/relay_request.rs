#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::relay_request::Input<'_>| tunnel_fuzz::relay_request::check(&input));
