#![no_main]
libfuzzer_sys::fuzz_target!(
    |input: tunnel_fuzz::service_manager::Input<'_>| tunnel_fuzz::service_manager::check(input)
);
