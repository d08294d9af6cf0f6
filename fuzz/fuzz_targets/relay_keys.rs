#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::relay_keys::Input<'_>| tunnel_fuzz::relay_keys::check(&input));
