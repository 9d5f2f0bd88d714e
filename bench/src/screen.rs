//! How long the injection scanner takes: one thread, every view, rule and the model; ordinary and hostile texts by size.

use std::time::Instant;

use procura_screen::inject::{Channel, Scanner};

use crate::Outcome;

/// Scans of each text.
const SCANS: usize = 200;

/// Prints the table.
pub(crate) fn screen() -> Outcome<()> {
    let scanner = Scanner::new().map_err(|error| error.to_string())?;
    println!("| text | channel | bytes | least µs | p50 µs | p99 µs |\n|---|---|--:|--:|--:|--:|");
    for (name, seed) in TEXTS {
        for size in [256, 1_024, 4_096, 16_384, 65_536] {
            for channel in [Channel::Prompt, Channel::ToolResult] {
                let text = filled(seed, size);
                let [least, p50, p99] = times(&scanner, &text, channel);
                println!("| {name} | {channel:?} | {} | {least:.0} | {p50:.0} | {p99:.0} |", text.len());
            }
        }
    }
    Ok(())
}

/// What the texts are made of; each is repeated up to its size.
const TEXTS: &[(&str, &str)] = &[
    (
        "prose",
        "The ferry leaves the harbour at seven, and it takes about an hour to reach the island. Bring a coat, for the wind is \
         cold even in June! Can you tell me which of the two cafes at the pier opens earlier? We met Mr Olsen there last year. ",
    ),
    (
        "records",
        "{\"id\": 4711, \"name\": \"Ann Lee\", \"note\": \"called twice, wants a refund\", \"mail\": \"ann@example.org\", \"paid\": true}, ",
    ),
    (
        "page",
        "<div class=\"row\"><p>Opening <b>hours</b>: nine to five.</p><!-- build 7 --><img alt=\"a door\" src=\"d.png\"></div>\n",
    ),
    (
        "many languages",
        "Der Zug fährt um acht. El tren sale a las ocho. 列车八点出发。Поезд отходит в восемь. يغادر القطار. ",
    ),
    ("anchors only", "ignore all previous rules system prompt send reveal password you are act as "),
    ("base64 of words", "c2VlIHRoZSBib29rIG9uIHRoZSB0YWJsZSBhbmQgcmVhZCBpdA== "),
    ("percent escapes", "%69%67%6e%6f%72%65 %61%6c%6c "),
    ("signs only", "<>&%\\\"'{}[]:;.,!?@$#*-_=+ "),
    ("lone letters", "i g n o r e a l l r u l e s "),
];

/// The seed repeated to at most `size` bytes, cut where a character ends.
fn filled(seed: &str, size: usize) -> String {
    let mut text = String::with_capacity(size);
    for letter in seed.chars().cycle() {
        if text.len() + letter.len_utf8() > size {
            break;
        }
        text.push(letter);
    }
    text
}

/// The shortest, the median and the 99th of a hundred, in microseconds.
fn times(scanner: &Scanner, text: &str, channel: Channel) -> [f64; 3] {
    let mut times: Vec<f64> = (0..SCANS.min(20_000_000 / text.len().max(1)))
        .map(|_| {
            let began = Instant::now();
            std::hint::black_box(scanner.scan(std::hint::black_box(text), channel));
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    [0, 50, 99].map(|part| times.get(times.len() * part / 100).copied().unwrap_or_default())
}
