#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::groups::Input<'_>| tunnel_fuzz::groups::check(&input));
