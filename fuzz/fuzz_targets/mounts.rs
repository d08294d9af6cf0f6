#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::mounts::Input<'_>| tunnel_fuzz::mounts::check(&input));
