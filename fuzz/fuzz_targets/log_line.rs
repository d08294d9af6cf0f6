#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::log_line::Input<'_>| tunnel_fuzz::log_line::check(input));
