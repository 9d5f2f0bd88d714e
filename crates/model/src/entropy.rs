//! Chance as a value: everything random is drawn from [`Entropy`], so tests repeat.

use parking_lot::Mutex;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use std::sync::Arc;

/// Where randomness comes from.
#[derive(Clone)]
pub enum Entropy {
    /// The operating system, by a generator that is seeded from it at start and every 64 KiB.
    System(Arc<Mutex<Reseeding>>),
    /// A repeatable stream for tests.
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

/// A ChaCha20 generator that takes a new seed from the operating system every 64 KiB.
pub struct Reseeding {
    generator: ChaCha20Rng,
    left_bytes: usize,
}

const RESEED_AFTER_BYTES: usize = 64 * 1024;

impl Reseeding {
    fn fill(&mut self, out: &mut [u8]) {
        if self.left_bytes < out.len() {
            self.generator = from_system();
            self.left_bytes = RESEED_AFTER_BYTES;
        }
        self.left_bytes = self.left_bytes.saturating_sub(out.len());
        self.generator.fill_bytes(out);
    }
}

/// A server without randomness must not run on: it would hand out guessable keys.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the operating system for chance"
)]
fn from_system() -> ChaCha20Rng {
    let mut seed = [0_u8; 32];
    if getrandom::fill(&mut seed).is_err() {
        std::process::abort();
    }
    ChaCha20Rng::from_seed(seed)
}

impl Entropy {
    /// Chance from the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self::System(Arc::new(Mutex::new(Reseeding {
            generator: from_system(),
            left_bytes: RESEED_AFTER_BYTES,
        })))
    }

    /// A repeatable stream for tests.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// Fills `out` with random bytes.
    pub fn fill(&self, out: &mut [u8]) {
        match self {
            Self::System(generator) => generator.lock().fill(out),
            Self::Seeded(generator) => generator.lock().fill_bytes(out),
        }
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0_u8; N];
        self.fill(&mut out);
        out
    }

    /// A random 128-bit number.
    #[must_use]
    pub fn u128(&self) -> u128 {
        u128::from_le_bytes(self.bytes())
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System(_) => "Entropy::System",
            Self::Seeded(_) => "Entropy::Seeded",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_the_system_does_not() {
        assert_eq!(Entropy::seeded(7).u128(), Entropy::seeded(7).u128());
        assert_ne!(Entropy::system().u128(), Entropy::system().u128());
        let system = Entropy::system();
        let mut large = vec![0_u8; RESEED_AFTER_BYTES + 1];
        system.fill(&mut large);
        assert!(large.iter().any(|byte| *byte != 0));
    }
}
