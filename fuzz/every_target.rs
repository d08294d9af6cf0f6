//! All targets in one program, which is linked once. Its own name says which one runs: `fuzz/build` gives it one for each.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use tunnel_fuzz::every::{self, Feed};

static CHOSEN: OnceLock<Feed> = OnceLock::new();

fuzz_target!(init: choose(), |data: &[u8]| -> Corpus {
    CHOSEN.get().expect("libFuzzer calls `init` first")(data)
});

fn choose() {
    let program = std::env::args().next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    if std::env::args().nth(1).as_deref() == Some("--list") {
        print!("{}", every::names());
        std::process::exit(0);
    }
    match every::target(name) {
        Some(feed) => _ = CHOSEN.set(feed),
        None => {
            eprintln!("{name}: not the name of a fuzz target; use a link to this program that has one (fuzz/build)");
            std::process::exit(2);
        }
    }
}
