#![no_main]
libfuzzer_sys::fuzz_target!(|input: tunnel_fuzz::relay_poll_round_trip::Input<'_>| {
    tunnel_fuzz::relay_poll_round_trip::check(&input)
});
