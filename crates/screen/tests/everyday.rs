//! Ordinary sentences that look like orders or attacks and are none, written for this test before any of them was scanned,
//! and never trained on. To block people's everyday words is worse than to miss a naked instruction, which policy and
//! taint must stop; so how many are blocked has a ceiling, and what is over it fails.
//! The blocked ones: `cargo test -p procura-screen --test everyday -- --nocapture`.

use procura_screen::inject::{Channel, Scanner};

/// One sentence a line: `prompt` or `tool_result`, a tabulator, the words.
const SENTENCES: &str = include_str!("everyday.tsv");

#[test]
fn everyday_sentences_are_seldom_blocked() {
    let scanner = Scanner::new().unwrap();
    for (word, channel, ceiling) in [("prompt", Channel::Prompt, 8), ("tool_result", Channel::ToolResult, 10)]
    {
        let of_channel = SENTENCES.lines().filter_map(|line| line.split_once('\t'));
        let texts: Vec<_> = of_channel.filter(|(name, _)| *name == word).map(|(_, text)| text).collect();
        assert!(texts.len() >= 75, "{word}: {}", texts.len());
        let blocked: Vec<_> = texts.iter().filter(|text| scanner.scan(text, channel).blocks()).collect();
        println!("{word}: {} of {} are blocked", blocked.len(), texts.len());
        for text in &blocked {
            let rules = scanner.scan(text, channel).findings;
            let rules: Vec<_> = rules.iter().map(|finding| (finding.rule, finding.risk)).collect();
            println!("  {text}\n    {rules:?}");
        }
        assert!(blocked.len() <= ceiling, "{word}: {} are blocked, at most {ceiling} may be", blocked.len());
    }
}
