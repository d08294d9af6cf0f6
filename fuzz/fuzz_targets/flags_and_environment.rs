#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tunnel_fuzz::flags_and_environment::check(data));
