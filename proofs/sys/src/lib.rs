//! The client's unsafe code and nothing else, so that it and its tests are built within seconds for each sanitizer.
#![deny(unsafe_code)]

#[path = "../../../src/sys/mod.rs"]
pub mod sys;

/// What `sys::child` calls between fork and exec.
pub mod sandbox {
    use std::io;

    /// A seal that restricts nothing.
    #[derive(Debug)]
    pub struct Seal;

    impl Seal {
        /// Does nothing.
        ///
        /// # Errors
        /// None.
        pub fn apply(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The cage.
    pub mod server {
        use std::io;

        /// A cage that restricts nothing.
        #[derive(Debug)]
        pub struct Prepared;

        impl Prepared {
            /// Does nothing.
            ///
            /// # Errors
            /// None.
            pub fn enter(&self) -> io::Result<()> {
                Ok(())
            }
        }
    }
}
