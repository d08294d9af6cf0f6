#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::dispatch_queue::Input| tunnel_fuzz::dispatch_queue::check(&input));
