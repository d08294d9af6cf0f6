#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::error_text::Input<'_>| tunnel_fuzz::error_text::check(input));
