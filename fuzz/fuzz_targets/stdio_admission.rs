#![no_main]
libfuzzer_sys::fuzz_target!(
    |input: tunnel_fuzz::stdio_admission::Input<'_>| tunnel_fuzz::stdio_admission::check(&input)
);
