//! Texts on which the operator's rules are tried: what answers of tools are made of, and what slows patterns down. Their
//! content is fixed, so that a rule that was accepted once is accepted again.

/// Ordinary words: notes, a table, an answer in JSON, a log and a piece of code.
const PIECES: &[&str] = &[
    "The delivery left the warehouse on Tuesday and should reach you before noon. Please keep the receipt until then; \
     our colleagues at the desk ask for its number, 48213, and for the name that stands on the parcel.\n",
    "{\"id\":\"ord_01J8ZK3V\",\"total\":{\"value\":\"148.20\",\"currency\":\"EUR\"},\"items\":[{\"sku\":\"LAMP-7\",\
     \"count\":2},{\"sku\":\"SHADE-3\",\"count\":1}],\"created\":\"2026-03-14T09:26:53Z\",\"paid\":true}\n",
    "2026-03-14 09:26:53.118 INFO worker-3 http: GET /api/v2/orders?page=4&limit=50 200 in 38 ms, 18204 bytes\n",
    "fn total(items: &[Item]) -> u64 {\n    items.iter().map(|item| item.price * item.count).sum()\n}\n",
    "id,name,city,since,balance\n17,Ada Moor,Leiden,2019-04-01,120.50\n18,Jo Brand,Ghent,2021-11-23,-14.00\n",
    "<p class=\"note\">Read the <a href=\"https://docs.example/guide/start\">guide</a> first, then write to \
     team@shop.example.</p>\n",
    "Nächste Woche sind wir wieder für Sie da; Rückfragen beantwortet Frau Özdemir unter +49 30 5550 1234.\n",
];

/// How often the pieces are repeated.
const TURNS: usize = 60;
/// How long a hostile text is, in bytes: enough to see work that grows with the square.
const HOSTILE_BYTES: usize = 32 * 1024;

/// Marks as redaction leaves them behind; no rule may match within one.
pub(super) const MARKS: &str =
    "[redacted:secret] [redacted:bearer-token] [redacted:aws-access-key] [redacted:long-token]";

/// The ordinary text.
pub(super) fn text() -> String {
    PIECES.concat().repeat(TURNS)
}

/// Texts that slow patterns down, by name.
pub(super) fn hostile() -> impl Iterator<Item = (&'static str, String)> {
    const UNITS: &[(&str, &str)] = &[
        ("one letter", "a"),
        ("capitals", "A"),
        ("digits", "7"),
        ("blanks", " "),
        ("letters and digits", "aB3xQ9z"),
        ("hexadecimal", "0f9e8d7c"),
        ("words", "key token value "),
        ("assignments", "key=value;"),
        ("lines", "x\n"),
        ("signs", "-_.:/=&\"'"),
        ("wide letters", "é"),
    ];
    UNITS.iter().map(|(name, unit)| (*name, unit.repeat(HOSTILE_BYTES / unit.len())))
}

/// The size of `text` in MB (10^6 bytes).
pub(super) fn megabytes(text: &str) -> f64 {
    megabytes_of(text.len())
}

/// A number of bytes in MB (10^6 bytes).
pub(super) fn megabytes_of(bytes: usize) -> f64 {
    u32::try_from(bytes).map_or(f64::INFINITY, f64::from) / 1e6
}
