//! Whether the time of a signature check tells how far a guess was right: dudect's test (Reparaz, Balasch, Verbauwhede,
//! "Dude, is my code constant time?", 2017) on signed tokens.
//!
//! Two kinds of wrong signatures are checked in random order: some are wrong in their first byte, some in their last, and
//! otherwise right. Welch's t compares the two piles of times, whole and with their slow ends cut off at several places; the largest
//! |t| counts. Beyond 10 the piles differ (decision 32). The same test is done on a comparison that stops at the
//! first difference: it must be caught, or the test could not see anything.

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use procura_crypto::signed_token;
use procura_model::{Entropy, Secret, Time};
use ring::hmac;

use crate::Outcome;
use crate::specimens::{NOW_SECONDS, SIGNED_CONTENT};

const SHARED_SECRET: &str = "a secret that a business and its Procura share";
const SEED: u64 = 32;
const SAMPLES: usize = 1_000_000;
/// What is thrown away first, until caches and clocks have settled.
const WARM_UP: usize = 20_000;
/// How many tokens there are guesses for.
const GUESSES: usize = 256;
const LIMIT: f64 = 10.0;
/// Shares of the fastest times that are looked at apart from all.
const CROPS: [f64; 5] = [0.5, 0.75, 0.9, 0.99, 0.999];

/// A signature check of a guess, given what is signed; says whether it holds and how long it took.
type Check<'c> = &'c mut dyn FnMut(&str, &[u8; 32]) -> (bool, Duration);

/// What is signed, and two wrong signatures of it. With many of these, both kinds of guesses look alike to everything that
/// does not know the right ones: reading them may take what time it will.
struct Guess {
    signed: String,
    wrong_at_once: [u8; 32],
    wrong_at_last: [u8; 32],
}

/// Times in nanoseconds, by the kind of guess.
#[derive(Default)]
struct Piles {
    wrong_at_once: Vec<f64>,
    wrong_at_last: Vec<f64>,
}

/// `procura-bench constant-time`.
pub(crate) fn constant_time() -> Outcome<()> {
    let secrets = [Secret::new(SHARED_SECRET.to_owned())];
    let rules = signed_token::Rules::new(&secrets, Time::from_ms(NOW_SECONDS * 1_000));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SHARED_SECRET.as_bytes());
    let mut text = String::new();

    let comparison = largest_t(&key, &mut |signed, guess| {
        timed(|| signed_token::signature_holds(&secrets, signed, black_box(guess)))
    })?;
    let whole = largest_t(&key, &mut |signed, guess| {
        text.clear();
        text.push_str(signed);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(guess, &mut text);
        timed(|| signed_token::verify(&rules, black_box(&text)).is_ok())
    })?;
    let naive = largest_t(&key, &mut |signed, guess| {
        timed(|| is_equal_until_it_differs(&code(&key, signed), black_box(guess)))
    })?;
    println!(
        "\n| {SAMPLES} checks of each, in random order | largest abs t | must be |\n|---|--:|---|\n\
         | signature check of signed tokens | {comparison:.1} | below {LIMIT} |\n\
         | the whole of `verify` | {whole:.1} | below {LIMIT} |\n\
         | the same check with a comparison that stops early | {naive:.1} | above {LIMIT} |"
    );
    if comparison >= LIMIT || whole >= LIMIT {
        return Err("the time of a check tells how far a guess was right".to_owned());
    }
    if naive < LIMIT {
        return Err("the test does not even see a comparison that stops early: it proves nothing".to_owned());
    }
    Ok(())
}

fn timed(check: impl FnOnce() -> bool) -> (bool, Duration) {
    let began = Instant::now();
    let holds = black_box(check());
    (holds, began.elapsed())
}

fn code(key: &hmac::Key, signed: &str) -> [u8; 32] {
    let mut code = [0; 32];
    code.iter_mut().zip(hmac::sign(key, signed.as_bytes()).as_ref()).for_each(|(to, from)| *to = *from);
    code
}

/// What must be caught.
fn is_equal_until_it_differs(one: &[u8; 32], other: &[u8; 32]) -> bool {
    for (one, other) in one.iter().zip(other) {
        if black_box(one) != black_box(other) {
            return false;
        }
    }
    true
}

fn largest_t(key: &hmac::Key, check: Check<'_>) -> Outcome<f64> {
    let entropy = Entropy::seeded(SEED);
    let guesses: Vec<Guess> = (0..GUESSES).map(|number| Guess::new(key, number, &entropy)).collect();
    let mut piles = Piles::default();
    for number in 0..WARM_UP + SAMPLES {
        let [index, kind] = entropy.bytes();
        let guess = guesses.get(usize::from(index)).ok_or("there is no such guess")?;
        let is_last = kind & 1 == 1;
        // Both kinds are checked from the same place in memory.
        let signature = if is_last { guess.wrong_at_last } else { guess.wrong_at_once };
        let (holds, took) = check(&guess.signed, &signature);
        if holds {
            return Err("a wrong signature was accepted".to_owned());
        }
        if number >= WARM_UP {
            let pile = if is_last { &mut piles.wrong_at_last } else { &mut piles.wrong_at_once };
            pile.push(took.as_nanos() as f64);
        }
    }
    Ok(piles.largest_t())
}

impl Guess {
    fn new(key: &hmac::Key, number: usize, entropy: &Entropy) -> Self {
        let content = SIGNED_CONTENT.replace("user_123", &format!("user_{number:03}"));
        let signed = URL_SAFE_NO_PAD.encode(content);
        let right = code(key, &signed);
        let [change] = entropy.bytes();
        let (mut wrong_at_once, mut wrong_at_last) = (right, right);
        let ([first, ..], [.., last]) = (&mut wrong_at_once, &mut wrong_at_last);
        *first ^= change.max(1);
        *last ^= change.max(1);
        Self { signed, wrong_at_once, wrong_at_last }
    }
}

impl Piles {
    fn largest_t(&self) -> f64 {
        let mut all: Vec<f64> = self.wrong_at_once.iter().chain(&self.wrong_at_last).copied().collect();
        all.sort_by(f64::total_cmp);
        let crops = CROPS.into_iter().filter_map(|share| all.get((all.len() as f64 * share) as usize));
        let limits = crops.copied().chain([f64::INFINITY]);
        limits.map(|limit| welch_t(&self.wrong_at_once, &self.wrong_at_last, limit).abs()).fold(0.0, f64::max)
    }
}

/// Welch's t of the values up to a limit; 0 where nothing can be said.
fn welch_t(one: &[f64], other: &[f64], limit: f64) -> f64 {
    let moments = |pile: &[f64]| {
        let kept = || pile.iter().copied().filter(|value| *value <= limit);
        let count = kept().count() as f64;
        let mean = kept().sum::<f64>() / count;
        let variance = kept().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((mean, spread), (other_mean, other_spread)) = (moments(one), moments(other));
    let t = (mean - other_mean) / (spread + other_spread).sqrt();
    if t.is_finite() { t } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn welch_t_is_the_textbook_value() {
        // Means 3 and 6, variances 2.5 and 10, five values each: -3 / sqrt(0.5 + 2).
        let t = welch_t(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 4.0, 6.0, 8.0, 10.0], f64::INFINITY);
        assert!((t + 3.0 / 2.5_f64.sqrt()).abs() < 1e-12, "{t}");
        assert_eq!(welch_t(&[], &[1.0], 9.0), 0.0);
    }

    #[test]
    fn a_slow_end_does_not_hide_a_difference() {
        let pile = |base: f64| {
            (0..1_000).map(move |n| if n % 100 == 0 { 1e9 * f64::from(n) } else { base + f64::from(n % 7) })
        };
        let piles = Piles { wrong_at_once: pile(100.0).collect(), wrong_at_last: pile(102.0).collect() };
        assert!(welch_t(&piles.wrong_at_once, &piles.wrong_at_last, f64::INFINITY).abs() < LIMIT);
        assert!(piles.largest_t() > LIMIT);
    }

    #[test]
    fn guesses_are_wrong_where_they_should_be() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        for number in 0..GUESSES {
            let guess = Guess::new(&key, number, &Entropy::seeded(1));
            let right = code(&key, &guess.signed);
            let differing =
                |one: &[u8; 32]| -> Vec<usize> { (0..32).filter(|at| one[*at] != right[*at]).collect() };
            assert_eq!(differing(&guess.wrong_at_once), [0]);
            assert_eq!(differing(&guess.wrong_at_last), [31]);
            assert!(!is_equal_until_it_differs(&right, &guess.wrong_at_last));
            assert!(is_equal_until_it_differs(&right, &right));
        }
    }
}
