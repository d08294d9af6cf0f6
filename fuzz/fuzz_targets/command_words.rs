#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::command_words::Input<'_>| tunnel_fuzz::command_words::check(input));
