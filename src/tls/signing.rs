//! Private keys that leave no trace on the stack.
//!
//! The cryptography computes with a private key on the stack: an RSA signature copies a prime there (ring, `elem_exp_consttime`),
//! where it stays until something else is written. Its heap memory is wiped when it is freed.

use std::sync::Arc;

use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

use crate::limits::SIGNING_STACK;
use crate::sys::allocator::wipe_bytes;

/// A key that wipes the stack after each signature.
#[derive(Debug)]
pub(super) struct Tidy(pub(super) Arc<dyn SigningKey>);

#[derive(Debug)]
struct TidySigner(Box<dyn Signer>);

impl SigningKey for Tidy {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signer = self.0.choose_scheme(offered)?;
        Some(Box::new(TidySigner(signer)))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.0.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl Signer for TidySigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        tidily(|| self.0.sign(message))
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme()
    }
}

/// Runs a function with a private key, and wipes the stack that it used.
pub(super) fn tidily<T>(work: impl FnOnce() -> T) -> T {
    let result = apart(work);
    wipe_stack();
    result
}

/// Keeps the frames of the work below the caller's frame, where [`wipe_stack`] will be.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Zeroes the stack below the caller.
#[inline(never)]
fn wipe_stack() {
    let mut space = [0; SIGNING_STACK];
    wipe_bytes(&mut space);
}
