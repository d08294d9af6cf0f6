#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::sealed_writer::Input<'_>| tunnel_fuzz::sealed_writer::check(input));
