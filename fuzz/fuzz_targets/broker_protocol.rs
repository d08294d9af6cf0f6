#![no_main]
libfuzzer_sys::fuzz_target!(
    |input: tunnel_fuzz::broker_protocol::Input<'_>| tunnel_fuzz::broker_protocol::check(&input)
);
