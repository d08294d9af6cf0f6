#![no_main]
libfuzzer_sys::fuzz_target!(
    |input: tunnel_fuzz::written_profile::Input<'_>| tunnel_fuzz::written_profile::check(input)
);
