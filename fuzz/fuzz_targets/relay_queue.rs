#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::relay_queue::Input| tunnel_fuzz::relay_queue::check(&input));
