#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::stdio_router::Input<'_>| tunnel_fuzz::stdio_router::check(&input));
