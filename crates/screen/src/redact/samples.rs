//! Values that look like secrets, on which an operator's allow-list is tried: an entry that matches one of them would let
//! real secrets pass. They are made, not written down: each is a known prefix with letters drawn from the alphabet that
//! follows it, at every length at which such secrets are in use, and random words of the common alphabets. No real secret
//! stands here, and no text that a scanner of source code could take for one.

use std::sync::LazyLock;

use super::class::{ALNUM, BASE64, Class, DIGIT, HEX_LOWER, HEX_UPPER, LOWER, UPPER, URL64, is_in};
use super::formats::{AZURE, DISCORD, FACEBOOK, FORMATS, MIDDLES, TWILIO};

/// How much longer than the shortest of their format samples are drawn.
const LONGER: usize = 64;
/// The lengths of random words.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=128;
/// Two more of them.
const LONG: [usize; 2] = [256, 512];

/// What random words are drawn from, and what of it is left out.
const ALPHABETS: &[(&str, Class, &str)] = &[
    ("hexadecimal token", DIGIT | HEX_LOWER, ""),
    ("hexadecimal token", DIGIT | HEX_UPPER, ""),
    ("token of letters", LOWER | UPPER, ""),
    ("token of letters and digits", ALNUM, ""),
    ("token of letters and digits", DIGIT | LOWER, ""),
    ("token of letters and digits", DIGIT | UPPER, ""),
    ("base32 token", DIGIT | UPPER, "0189"),
    ("base64url token", URL64, ""),
    ("base64 token", BASE64, ""),
];

/// One value that looks like a secret.
#[derive(Debug)]
pub(super) struct Sample {
    /// Of what kind.
    pub(super) kind: &'static str,
    /// The value.
    pub(super) text: String,
}

/// All of them, made once.
pub(super) fn all() -> &'static [Sample] {
    static ALL: LazyLock<Vec<Sample>> = LazyLock::new(make);
    &ALL
}

fn make() -> Vec<Sample> {
    let mut drawn = Drawn(0x2545_f491_4f6c_dd1d);
    let mut all = Vec::new();
    for format in FORMATS.iter().chain(TWILIO) {
        for length in format.min..=format.max.min(format.min + LONGER) {
            let text = format!("{}{}", format.prefix, drawn.word(format.body, length));
            all.push(Sample { kind: format.kind, text });
        }
    }
    for middle in MIDDLES.iter().chain([&DISCORD, &FACEBOOK, &AZURE]) {
        let (least, most) = middle.before_length;
        for before in least..=most {
            for length in middle.after_min..=middle.after_max.min(middle.after_min + LONGER) {
                let (before, after) = (drawn.word(middle.before, before), drawn.word(middle.after, length));
                all.push(Sample { kind: middle.kind, text: format!("{before}{}{after}", middle.landmark) });
            }
        }
    }
    for (kind, alphabet, without) in ALPHABETS {
        let from: Vec<char> = letters(*alphabet).into_iter().filter(|&c| !without.contains(c)).collect();
        let words = LENGTHS.chain(LONG).map(|length| Sample { kind, text: drawn.letters(&from, length) });
        all.extend(words);
    }
    all.extend(made_of_parts(&mut drawn));
    all
}

/// Secrets that have parts, which a random word of their alphabet does not have; and a passphrase.
fn made_of_parts(drawn: &mut Drawn) -> Vec<Sample> {
    let number = |drawn: &mut Drawn| drawn.word(DIGIT, 12);
    let (first, second) = (number(drawn), number(drawn));
    let letters = drawn.word(ALNUM, 24);
    let [one, two, three] = [drawn.word(URL64, 30), drawn.word(URL64, 80), drawn.word(URL64, 43)];
    let parts = [drawn.word(URL64, 22), drawn.word(URL64, 43)];
    let words = ["zx-Quiet", "Lamp-77-river"].join("_");
    let texts = [
        ("slack-token", format!("xoxb-{first}-{second}-{letters}")),
        ("slack-token", format!("xoxp-{first}-{second}-{first}-{}", drawn.word(DIGIT | HEX_LOWER, 32))),
        ("jwt", format!("eyJ{}.eyJ{}.{}", one, two, three)),
        ("sendgrid-key", format!("SG.{}", parts.join("."))),
        (
            "discord-token",
            format!("{}.{}.{}", drawn.word(ALNUM, 24), drawn.word(ALNUM, 6), drawn.word(URL64, 38)),
        ),
        ("password", words),
    ];
    texts.map(|(kind, text)| Sample { kind, text }).into()
}

/// Letters drawn by a fixed rule, so that what was accepted once is accepted again.
struct Drawn(u64);

impl Drawn {
    fn word(&mut self, alphabet: Class, length: usize) -> String {
        self.letters(&letters(alphabet), length)
    }

    /// A secret begins and ends with a letter or a digit, whatever else its alphabet has.
    fn letters(&mut self, from: &[char], length: usize) -> String {
        let outer: Vec<char> = from.iter().copied().filter(char::is_ascii_alphanumeric).collect();
        (0..length).map(|at| self.pick(if at == 0 || at + 1 == length { &outer } else { from })).collect()
    }

    /// Xorshift: nothing here has to be hard to guess.
    fn pick(&mut self, from: &[char]) -> char {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let count = u64::try_from(from.len()).unwrap_or(1).max(1);
        let index = usize::try_from((self.0 >> 11) % count).unwrap_or(0);
        from.get(index).copied().unwrap_or('x')
    }
}

/// The letters of an alphabet; `=` only ends a secret, and never by chance.
fn letters(alphabet: Class) -> Vec<char> {
    (b'!'..=b'~').filter(|&byte| byte != b'=' && is_in(byte, alphabet)).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Redactor;

    /// Otherwise an entry would be refused for passing what nobody takes out.
    #[test]
    fn samples_of_formats_are_what_the_redactor_takes_out() {
        let redactor = Redactor::new();
        let kinds: std::collections::BTreeSet<_> = FORMATS.iter().map(|format| format.kind).collect();
        let is_taken = |kind: &str| {
            let of_kind = all().iter().filter(|sample| sample.kind == kind);
            of_kind.filter(|sample| redactor.redact(&sample.text).text != sample.text).count()
        };
        let missed: Vec<_> = kinds.iter().filter(|kind| is_taken(kind) == 0).collect();
        assert!(missed.is_empty(), "{missed:?}");
    }

    #[test]
    fn samples_are_the_same_each_time_and_their_own() {
        let again = make();
        assert_eq!(again.len(), all().len());
        assert!(again.iter().zip(all()).all(|(one, other)| one.text == other.text));
        let texts: std::collections::BTreeSet<_> = all().iter().map(|sample| sample.text.as_str()).collect();
        assert!(texts.len() + 64 > all().len(), "{} of {}", texts.len(), all().len());
        for length in [16, 20, 24, 32, 40, 64, 128, 512] {
            assert!(all().iter().filter(|sample| sample.text.len() == length).count() >= ALPHABETS.len());
        }
    }
}
