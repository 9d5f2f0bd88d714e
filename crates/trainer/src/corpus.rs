//! The corpora: records of a text, whether it is an attack, and where it comes from. They stay where they are; nothing of
//! them is written but counts and weights.

use std::collections::BTreeMap;
use std::path::Path;

use procura_screen::inject::Channel;
use procura_screen::inject::model::Side;
use serde::Deserialize;

/// One record of a corpus.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Record {
    /// The text.
    pub(crate) text: String,
    /// One for an attack, nought for a benign text.
    pub(crate) label: u8,
    /// Where the text stands.
    pub(crate) channel: Channel,
    /// The data set.
    pub(crate) source: String,
    /// Its licence.
    #[serde(default)]
    pub(crate) licence: String,
    /// The template it was made from, or the data set again.
    #[serde(default)]
    pub(crate) family: String,
    /// How it was disguised.
    #[serde(default)]
    pub(crate) obf: Option<String>,
}

impl Record {
    /// Whether it is an attack.
    pub(crate) fn is_attack(&self) -> bool {
        self.label == 1
    }

    /// On which side of the house it stands.
    pub(crate) fn side(&self) -> Side {
        if self.channel.is_outside() { Side::Outside } else { Side::Inside }
    }

    /// The group that is held out together.
    pub(crate) fn group(&self) -> String {
        let kind = if self.is_attack() { attack_group(&self.source) } else { &self.source };
        kind.to_owned()
    }

    /// Records whose label contradicts the rule for tool results: orders that nobody asked for, labelled benign.
    pub(crate) fn contradicts(&self) -> bool {
        !self.is_attack() && self.channel.is_outside() && self.family.starts_with("HN")
    }

    /// Whether it is an attack in disguise.
    pub(crate) fn is_disguised(&self) -> bool {
        self.is_attack() && self.obf.as_deref().is_some_and(|disguise| disguise != "benign")
    }
}

/// Attack sources that share authors or templates are one group.
fn attack_group(source: &str) -> &str {
    const GROUPS: &[(&str, &str)] = &[
        ("ASB", "ASB"),
        ("BIPIA", "BIPIA"),
        ("CyberSecEval", "CyberSecEval"),
        ("InjecAgent", "InjecAgent"),
        ("PIArena", "PIArena"),
        ("garak/sysprompt", "preamble and sysprompt"),
        ("preamble", "preamble and sysprompt"),
        ("garak", "jailbreak"),
        ("GPTFuzz", "jailbreak"),
        ("hinglish", "hinglish"),
        ("own", "own"),
    ];
    GROUPS.iter().find(|(start, _)| source.starts_with(start)).map_or(source, |(_, group)| group)
}

/// The fold in which a source is held out; the benign twin of an attack source is held out with it.
pub(crate) fn fold(group: &str) -> usize {
    const FOLDS: &[&[&str]] = &[
        &["ASB", "BFCL v4 tool schemas", "clinc150"],
        &["BIPIA", "BIPIA contexts train", "tldr-pages"],
        &["CyberSecEval", "CyberSecEval FRR", "CyberSecEval FRR multilingual"],
        &["InjecAgent", "InjecAgent benign tool responses", "GSM8K"],
        &["PIArena", "PIArena contexts", "Dolly-15k (PIArena copy)"],
        &["jailbreak", "BFCL v4 questions", "FastChat code/docs"],
        &["hinglish", "hinglish-prompt-injection", "banking77"],
        &["preamble and sysprompt", "garak code/docs", "OWASP LLM Top 10 text", "self-instruct seed tasks"],
        &["own", "own-synthetic (ours)", "XQuAD", "JSQuAD (JGLUE)"],
    ];
    if group == crate::prose::SOURCE {
        return NEVER;
    }
    let known = FOLDS.iter().position(|groups| groups.contains(&group));
    // A source that is new here is held out with others by its name, the same at every run.
    known.unwrap_or_else(|| group.bytes().map(usize::from).sum::<usize>() % FOLDS.len())
}

/// The fold of what is never held out.
const NEVER: usize = usize::MAX;

/// How many folds there are.
pub(crate) const FOLDS: usize = 9;

/// Reads the records of the files, in their order.
pub(crate) fn read(files: &[impl AsRef<Path>]) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    for file in files {
        let path = file.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let record = serde_json::from_str(line)
                .map_err(|error| format!("{}, line {}: {error}", path.display(), number + 1))?;
            records.push(record);
        }
    }
    Ok(records)
}

/// How many records each source has, with its licence.
pub(crate) fn sources(records: &[Record]) -> BTreeMap<(String, String), (usize, usize)> {
    let mut sources = BTreeMap::new();
    for record in records {
        let counts: &mut (usize, usize) =
            sources.entry((record.source.clone(), record.licence.clone())).or_default();
        if record.is_attack() { counts.0 += 1 } else { counts.1 += 1 }
    }
    sources
}
