#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::message_memory::Input| tunnel_fuzz::message_memory::check(&input));
