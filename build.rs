//! Packs the completion scripts that the program prints: they are its largest texts, and few commands need them.

#![forbid(unsafe_code)]

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    for shell in ["bash", "zsh", "fish"] {
        let script = format!("completions/tunnel-client.{shell}");
        println!("cargo::rerun-if-changed={script}");
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&fs::read(script)?)?;
        fs::write(Path::new(&out).join(shell), packed.finish()?)?;
    }
    Ok(())
}
