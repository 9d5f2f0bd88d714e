//! Measures both gates on the published corpora, which are not part of the repository: they are looked for at
//! `PROCURA_CORPORA`, by default beside the checkout. Where they are absent the tests say so and pass.

#[cfg(test)]
mod corpora {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use base64::Engine;
    use procura_screen::inject::{Channel, Scanner};
    use procura_screen::redact::Redactor;
    use serde_json::Value;

    /// The records of a corpus, or nothing where it is absent.
    fn records(name: &str) -> Option<Vec<Value>> {
        #[expect(clippy::disallowed_methods, reason = "a test finds the corpora by the environment")]
        let root = std::env::var("PROCURA_CORPORA").map_or_else(
            |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
            PathBuf::from,
        );
        let path = root.join(name);
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("SKIPPED: no corpus at {}; set PROCURA_CORPORA", path.display());
            return None;
        };
        Some(text.lines().map(|line| serde_json::from_str(line).expect("a record is JSON")).collect())
    }

    fn text_of(record: &Value) -> String {
        record["text"].as_str().map(str::to_owned).unwrap_or_else(|| {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(record["text_b64"].as_str().expect("a text"));
            String::from_utf8(bytes.expect("base64")).expect("UTF-8")
        })
    }

    fn covers(spans: &[(usize, usize)], start: usize, end: usize) -> bool {
        (start..end).all(|at| spans.iter().any(|(from, to)| (*from..*to).contains(&at)))
    }

    fn index(value: &Value) -> usize {
        usize::try_from(value.as_u64().expect("an offset")).expect("a small offset")
    }

    #[test]
    fn secrets_are_found_and_other_data_is_left() {
        let Some(records) = records("secrets/dev.armored.jsonl") else { return };
        let redactor = Redactor::new();
        let (mut secrets, mut found, mut negatives, mut flagged) = (0, 0, 0, 0);
        let mut missed: BTreeMap<String, usize> = BTreeMap::new();
        for record in &records {
            let spans: Vec<_> =
                redactor.spans(&text_of(record)).iter().map(|span| (span.start, span.end)).collect();
            let listed = record["secrets"].as_array().expect("a list");
            let judged = record["tags"].as_array().expect("tags").iter().any(|tag| {
                ["neg:pagination", "neg:publishable_key", "neg:aws_ids"]
                    .contains(&tag.as_str().unwrap_or_default())
            });
            if listed.is_empty() && !judged {
                negatives += 1;
                flagged += usize::from(!spans.is_empty());
            }
            for secret in listed {
                let start = secret.get("core").filter(|core| !core.is_null()).unwrap_or(&secret["start"]);
                secrets += 1;
                if covers(&spans, index(start), index(&secret["end"])) {
                    found += 1;
                } else {
                    *missed.entry(secret["kind"].to_string()).or_default() += 1;
                }
            }
        }
        println!(
            "secrets: {found} of {secrets} covered, {flagged} of {negatives} negatives flagged, missed {missed:?}"
        );
        assert!(found * 100 >= secrets * 98, "recall {found}/{secrets}");
        assert!(flagged * 100 <= negatives, "flagged {flagged}/{negatives}");
    }

    /// The model inside the program has learned from this file; its card has the figures of one that has not.
    #[test]
    fn injections_are_found_and_ordinary_texts_pass() {
        let Some(records) = records("injection/dev.jsonl") else { return };
        let scanner = Scanner::new().expect("the rules compile");
        let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for record in &records {
            let channel: Channel = serde_json::from_value(record["channel"].clone()).expect("a channel");
            let blocked = scanner.scan(record["text"].as_str().expect("a text"), channel).blocks();
            let rate = if record["label"] == 1 { "recall" } else { "false positives" };
            let disguised =
                record["label"] == 1 && record.get("obf").is_some_and(|disguise| !disguise.is_null());
            let kind = format!("{} {rate}", record["kind"].as_str().unwrap_or_default());
            for group in [format!("all {rate}"), kind]
                .into_iter()
                .chain(disguised.then(|| "disguised recall".to_owned()))
            {
                let counts = groups.entry(group).or_default();
                counts.0 += usize::from(blocked);
                counts.1 += 1;
            }
        }
        for (group, (blocked, total)) in &groups {
            println!("injection: {group:32} {blocked:5} of {total:5}");
        }
        let (blocked, total) = groups["all false positives"];
        assert!(blocked * 100 <= total, "false positives {blocked}/{total}");
        let (blocked, total) = groups["all recall"];
        assert!(blocked * 100 >= total * 75, "recall {blocked}/{total}");
        let (blocked, total) = groups["disguised recall"];
        assert!(blocked * 100 >= total * 95, "disguised {blocked}/{total}");
    }
}
