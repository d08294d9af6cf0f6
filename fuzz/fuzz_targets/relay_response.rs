#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::relay_response::Input<'_>| tunnel_fuzz::relay_response::check(&input));
