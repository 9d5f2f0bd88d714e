//! The texts on which redaction is measured. Nothing is taken from anywhere: words and numbers come from a fixed generator,
//! so that every run reads the same.

use std::fmt::Write as _;

/// How a text is given to the redactor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
}

/// A text of any size.
pub(crate) struct Text {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    write: Write,
}

enum Write {
    /// Writes one more piece.
    Pieces(fn(&mut Dice, &mut String)),
    /// The same piece again and again.
    Repeat(&'static str),
    /// Repeated between a beginning and an end.
    Within(&'static str, &'static str, &'static str),
    /// As deep as the form allows, again and again.
    Nested,
}

impl Text {
    /// The text in about `bytes` bytes.
    pub(crate) fn of_size(&self, bytes: usize) -> String {
        let mut out = String::with_capacity(bytes + 1024);
        match self.write {
            Write::Pieces(piece) => {
                let mut dice = Dice(7);
                while out.len() < bytes {
                    piece(&mut dice, &mut out);
                }
            }
            Write::Repeat(unit) => out.push_str(&unit.repeat(bytes / unit.len() + 1)),
            Write::Within(begin, unit, end) => {
                out.push_str(begin);
                out.push_str(&unit.repeat(bytes / unit.len() + 1));
                out.push_str(end);
            }
            Write::Nested => {
                let one = format!("{}1{}", "{\"a\":[".repeat(60), "]}".repeat(60));
                let all = vec![one.as_str(); bytes / one.len() + 1];
                out = format!("[{}]", all.join(","));
            }
        }
        out
    }
}

/// What answers of tools are made of.
pub(crate) fn ordinary() -> Vec<Text> {
    let text = |name, piece| Text { name, form: Form::Text, write: Write::Pieces(piece) };
    let mut all = vec![
        text("prose", prose),
        text("prose, German", german),
        text("JSON API answer, as text", json_row),
        text("source code", code),
        text("logs", log_line),
        text("HTML", html),
        text("CSV", csv_row),
    ];
    all.push(Text { name: "JSON API answer", form: Form::Json, write: Write::Within("[", JSON_ROW, "1]") });
    all
}

/// What rules stumble over, by name.
const UNITS: &[(&str, &str)] = &[
    ("base64 of bytes", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"),
    ("base64 of text", "UGxlYXNlIHJlYWQgdGhlIGxldHRlciBhbmQgYW5zd2VyIGl0IGJlZm9yZSBub29uLiA="),
    ("short base64 of text", "UGxlYXNlIHJlYWQgdGhlIGxldHRlciBhbmQ "),
    ("hexadecimal", "0f9e8d7c6b5a4938"),
    ("letters and digits", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0x"),
    ("tokens of 60", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xaB3dE6gH9jK2mN5pQ8sT1vW4yZ7 "),
    ("one letter", "a"),
    ("blanks", " "),
    ("line ends", "\n"),
    ("long words", "antidisestablishmentarianismcounterrevolutionaries "),
    ("names", "password api_key token secret "),
    ("names joined", "password"),
    ("assignments", "password="),
    ("assignments of keys", "api_key="),
    ("assignments with values", "api_key=aB3xQ9z"),
    ("assignments that hold", "api_key=aB3dE6gH9jK2mN5pQ8\n"),
    ("members", "\",\"password\""),
    ("members with values", "\"token\":\"aB3dE6gH9jK2mN5pQ8\","),
    ("table", "password,a\n"),
    ("header of a table", "password,"),
    ("insert", "password) values ('"),
    ("key id", "\"kty"),
    ("key id and brackets", "{\"kty\":\"d"),
    ("urls", "://u:p@"),
    ("urls without end", "://"),
    ("schemes", "Bearer "),
    ("basic", "Basic YWRhOmp2"),
    ("digest", "response=0f9e8d7c"),
    ("blocks without end", "-----BEGIN "),
    ("private blocks", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"),
    ("phrases", "mnemonic able bale "),
    ("curl", "curl -u a:b "),
    ("prefixes", "ghp_sk-AKIAxoxb-glpat-"),
    ("prefixes nearly", "ghp_aB3dE6gH9jK2mN5pQ8sT1vW4y "),
    ("jwt beginnings", "eyJ"),
    ("jwt nearly", "x.eyJhbGci."),
    ("telegram", "12345678:AA"),
    ("terraform", "aB3dE6gH9jK2mN.atlasv1."),
    ("mailchimp", "-us1"),
    ("azure", "Q~"),
    ("percent storm", "%"),
    ("percent codes", "%41"),
    ("unicode escapes", "\\u0041"),
    ("entities", "&#65;"),
    ("entities without end", "&#"),
    ("backslashes", "\\"),
    ("zero-width storm", "\u{200b}"),
    ("zero-width between letters", "a\u{200b}"),
    ("full-width letters", "ａ"),
    ("wide letters", "é"),
    ("emoji", "😀"),
    ("equals signs", "="),
    ("colons", ":"),
    ("quotes", "\""),
    ("quoted nothing", "\"\":"),
    ("signs", "=:\"'%&;,"),
    ("dots", "a."),
    ("hyphens", "-"),
    ("marks", "[redacted:secret]"),
    ("marks nearly", "[redacted:"),
    ("kubernetes", "kind: Secret\ndata:\n"),
    ("kubernetes entries", "  a: YWRhOmp2RGJ4Z1BUYW81UA==\n"),
];

/// What slows rules down.
pub(crate) fn hostile() -> Vec<Text> {
    let repeat = |(name, unit): &(&'static str, &'static str)| Text {
        name,
        form: Form::Text,
        write: Write::Repeat(unit),
    };
    let json =
        |name, begin, unit, end| Text { name, form: Form::Json, write: Write::Within(begin, unit, end) };
    let mut all: Vec<Text> = UNITS.iter().map(repeat).collect();
    all.push(Text {
        name: "prose with a secret every 4 KB",
        form: Form::Text,
        write: Write::Pieces(prose_with_secrets),
    });
    all.push(Text { name: "deep JSON", form: Form::Json, write: Write::Nested });
    all.push(json("JSON of names", "[", "{\"password\":1},", "1]"));
    all.push(json("JSON of secrets", "[", "{\"password\":\"hunter2\"},", "1]"));
    all.push(json("JSON of one string", "\"", "word \\\"x\\\" ", "\""));
    all.push(json("JSON of escapes", "\"", "\\u0041", "\""));
    all.push(json("JSON of empty strings", "[", "\"\",", "1]"));
    all
}

const JSON_ROW: &str = "{\"id\":\"ord_01J8ZK3V\",\"total\":{\"value\":\"148.20\",\"currency\":\"EUR\"},\"items\":[{\"sku\":\
     \"LAMP-7\",\"count\":2},{\"sku\":\"SHADE-3\",\"count\":1}],\"created\":\"2026-03-14T09:26:53Z\",\"note\":\"leave it \
     with the neighbour\",\"paid\":true},";

/// A small generator (xorshift): the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap_or_default()
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words.get(self.roll(words.len())).copied().unwrap_or_default()
    }

    fn letters(&mut self, count: usize) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..count)
            .filter_map(|_| ALPHABET.get(self.roll(ALPHABET.len())).map(|&byte| char::from(byte)))
            .collect()
    }
}

const WORDS: &[&str] = &[
    "the",
    "of",
    "and",
    "a",
    "to",
    "in",
    "is",
    "it",
    "that",
    "was",
    "for",
    "on",
    "are",
    "with",
    "as",
    "his",
    "they",
    "at",
    "be",
    "this",
    "from",
    "have",
    "or",
    "by",
    "one",
    "had",
    "not",
    "but",
    "what",
    "all",
    "were",
    "when",
    "we",
    "there",
    "can",
    "an",
    "your",
    "which",
    "their",
    "said",
    "if",
    "do",
    "will",
    "each",
    "about",
    "how",
    "up",
    "out",
    "them",
    "then",
    "she",
    "many",
    "some",
    "so",
    "these",
    "would",
    "other",
    "into",
    "has",
    "more",
    "her",
    "two",
    "like",
    "him",
    "see",
    "time",
    "could",
    "no",
    "make",
    "than",
    "first",
    "been",
    "its",
    "who",
    "now",
    "people",
    "my",
    "made",
    "over",
    "did",
    "down",
    "only",
    "way",
    "find",
    "use",
    "may",
    "water",
    "long",
    "little",
    "very",
    "after",
    "words",
    "called",
    "just",
    "where",
    "most",
    "know",
    "delivery",
    "receipt",
    "colleague",
    "parcel",
    "number",
    "window",
    "meeting",
    "invoice",
    "account",
    "session",
    "keyboard",
    "passenger",
    "author",
    "monkey",
    "secretary",
    "codes",
    "basically",
    "bearing",
    "signal",
    "design",
    "assign",
];

const GERMAN: &[&str] = &[
    "die",
    "der",
    "und",
    "in",
    "zu",
    "den",
    "das",
    "nicht",
    "von",
    "sie",
    "ist",
    "des",
    "sich",
    "mit",
    "dem",
    "dass",
    "er",
    "es",
    "ein",
    "ich",
    "auf",
    "so",
    "eine",
    "auch",
    "als",
    "an",
    "nach",
    "wie",
    "im",
    "für",
    "man",
    "aber",
    "aus",
    "durch",
    "wenn",
    "nur",
    "war",
    "noch",
    "werden",
    "bei",
    "hat",
    "wir",
    "was",
    "wird",
    "sein",
    "einen",
    "welche",
    "sind",
    "oder",
    "um",
    "haben",
    "einer",
    "mir",
    "über",
    "ihm",
    "diese",
    "einem",
    "ihr",
    "uns",
    "größer",
    "Straße",
    "Brücke",
    "fröhlich",
    "Schlüssel",
    "Übung",
    "Lieferung",
    "Rechnung",
];

fn sentence(dice: &mut Dice, words: &[&'static str], out: &mut String) {
    for place in 0..6 + dice.roll(12) {
        out.push_str(if place == 0 { "" } else { " " });
        out.push_str(dice.pick(words));
    }
    out.push_str(dice.pick(&[". ", ", ", "; ", ".\n\n", "? ", ": "]));
}

fn prose(dice: &mut Dice, out: &mut String) {
    sentence(dice, WORDS, out);
}

fn german(dice: &mut Dice, out: &mut String) {
    sentence(dice, GERMAN, out);
}

fn prose_with_secrets(dice: &mut Dice, out: &mut String) {
    let until = out.len() + 4_000;
    while out.len() < until {
        prose(dice, out);
    }
    let prefix = ["ghp", "_"].concat();
    let _ = write!(out, "api_key={} and {prefix}{} ", dice.letters(24), dice.letters(36));
}

fn json_row(dice: &mut Dice, out: &mut String) {
    let (id, name, other) = (dice.roll(1_000_000), dice.pick(WORDS), dice.pick(WORDS));
    let _ = writeln!(
        out,
        "{{\"id\":{id},\"uuid\":\"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\",\"name\":\"{name} {other}\",\"price\":\
         {}.{:02},\"tags\":[\"{other}\",\"{name}\"],\"created_at\":\"2026-{:02}-{:02}T09:26:53Z\",\"next_page_token\":null,\
         \"url\":\"https://api.shop.example/v2/items/{id}\"}},",
        dice.roll(1 << 32),
        dice.roll(1 << 16),
        dice.roll(1 << 12),
        dice.roll(1 << 12),
        dice.roll(1 << 48),
        dice.roll(1_000),
        dice.roll(100),
        1 + dice.roll(12),
        1 + dice.roll(28),
    );
}

fn code(dice: &mut Dice, out: &mut String) {
    let (one, two, three) = (dice.pick(WORDS), dice.pick(WORDS), dice.pick(WORDS));
    let _ = write!(
        out,
        "    /// The {one} of a {two}, where the {three} is.\n    pub fn {one}_{two}(&self, {three}: &str) -> \
         Option<usize> {{\n        let {two} = self.{one}.get({three})?;\n        if {two}.len() > {} {{\n            \
         return Some({two}.iter().map(|item| item.{one}).sum());\n        }}\n        None\n    }}\n\n",
        dice.roll(100)
    );
}

fn log_line(dice: &mut Dice, out: &mut String) {
    let level = dice.pick(&["INFO ", "DEBUG", "WARN "]);
    let _ = writeln!(
        out,
        "2026-03-14T09:26:53.{:06}Z {level} worker-{} http.request id=req_{} method=GET path=/api/v2/{}?page={}&limit=50 \
         status=200 duration_ms={} bytes={} ip=192.0.2.{}",
        dice.roll(1_000_000),
        dice.roll(16),
        dice.letters(16),
        dice.pick(WORDS),
        dice.roll(90),
        dice.roll(400),
        dice.roll(90_000),
        dice.roll(255)
    );
}

fn html(dice: &mut Dice, out: &mut String) {
    let _ = write!(out, "<div class=\"card {0}\"><h2 id=\"{0}\">", dice.pick(WORDS));
    sentence(dice, WORDS, out);
    let _ = write!(out, "</h2><p style=\"margin:0\">");
    sentence(dice, WORDS, out);
    let _ = writeln!(
        out,
        "<a href=\"https://docs.example/{}/{}?ref={}\">more</a> &amp; &quot;so on&quot;</p></div>",
        dice.pick(WORDS),
        dice.pick(WORDS),
        dice.roll(1000)
    );
}

fn csv_row(dice: &mut Dice, out: &mut String) {
    let _ = writeln!(
        out,
        "{},{},{},2024-{:02}-{:02},{}.{:02},\"{} {}\"",
        dice.roll(100_000),
        dice.pick(WORDS),
        dice.pick(WORDS),
        1 + dice.roll(12),
        1 + dice.roll(28),
        dice.roll(9_000),
        dice.roll(100),
        dice.pick(WORDS),
        dice.pick(WORDS)
    );
}
