//! The only unsafe code: system calls that no safe interface offers.
#![expect(unsafe_code, reason = "this module exists to hold it")]

pub mod allocator;
pub mod attempts;
pub mod child;
pub mod children;
pub mod descriptors;
pub mod landlock;
pub mod locked;
pub mod lookup;
pub mod numbers;
pub mod own_block;
pub mod own_group;
pub mod program;
pub mod reading;
pub mod seccomp;
pub mod signals;
pub mod tcp;
pub mod watched;
pub mod witness;
