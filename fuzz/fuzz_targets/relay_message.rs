#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tunnel_fuzz::relay_message::check(data));
