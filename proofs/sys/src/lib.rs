//! The client's unsafe code and nothing else, so that it and its tests are built within seconds for each sanitizer.
#![deny(unsafe_code)]

#[path = "../../../src/sys/mod.rs"]
pub mod sys;
