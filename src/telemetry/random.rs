//! Random numbers for property tests: small and repeatable; quality does not matter here.

/// A generator; its seed is not zero.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // Smaller than `bound`, so that it fits.
        usize::try_from(self.0 % bound as u64).unwrap_or_default()
    }
}
