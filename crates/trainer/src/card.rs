//! The model card and the attribution, written by the training itself so that they are true of the file beside them.

use std::fmt::Write as _;

use procura_screen::inject::model::Side;

use crate::corpus::{Record, sources};
use crate::evaluate::Report;
use crate::loso::Outcome;
use crate::table::ranking;
use crate::training::{Held, Trained, side_table};

const LIMITS: &str = "\
* An order without any sign of an attack (\"Please grant permanent access to Amy\") reads the same whoever wrote it. In a
  tool result the model finds a part of them; provenance, taint and the policy of each tool must stop the rest.
* Paraphrase evades a model of words. Rules, readings and windows answer disguises and dilution, not new ideas.
* Languages are known as far as the lexicon goes; in others only the words that attacks share are seen.
* A tool argument is judged as a prompt is, a tool description as a tool result: there were no data of their own.
* The rules, the lexicon and the expert's signals were written by people who had seen the training corpora, and looked at what
  the model missed there. The weights of a held-out source are unseen, the knowledge is not: for data that nobody here
  has seen, the column `rules` is optimistic, and `model` a little.
";

/// The tables of both sides.
pub(crate) fn tables(held: &Held) -> String {
    let side = |name: &str, side: Side, outcome: &Outcome| {
        format!(
            "### {name}\n\n{}\nMean recall of both where the mean of false positives is 1 %: {:.3}; 1.5 %: {:.3}; 3 %: {:.3}.\n",
            side_table(held, side),
            ranking(outcome, 0.01),
            ranking(outcome, 0.015),
            ranking(outcome, 0.03)
        )
    };
    format!(
        "{}\n{}",
        side("Prompts", Side::Inside, &held.inside),
        side("Tool results", Side::Outside, &held.outside)
    )
}

/// The model card.
pub(crate) fn card(
    trained: &Trained,
    version: &str,
    records: &[Record],
    checked: Option<&Report>,
    size: usize,
) -> String {
    let attacks = records.iter().filter(|record| record.is_attack()).count();
    let mut text = format!(
        "# Model card: screening for prompt injection\n\n\
         Written by the trainer; do not edit. Version `{version}`, {size} bytes.\n\n\
         Two linear models for each side of the house (prompts and arguments; results and descriptions), over hashed n-grams of\n\
         characters and words, n-grams of word classes, and dense features, beside a fixed sum of signals that an expert would look\n\
         for. The numbers of the buckets are kept in eight bits. `docs/SCREENING.md` describes the whole detector.\n\n\
         ## Data\n\n{} texts, {attacks} of them attacks. They are not part of this repository. Licences: ATTRIBUTION.md.\n\n\
         | source | attacks | benign |\n|---|--:|--:|\n",
        records.len()
    );
    for ((source, _), (attacks, benign)) in sources(records) {
        let _ = writeln!(text, "| {source} | {attacks} | {benign} |");
    }
    let _ = write!(
        text,
        "\n## One source held out at a time\n\n\
         Each group of sources is judged by a model that was trained without it. `rules`: blocked by the rules alone; `model`: by the\n\
         model alone at its shipped threshold; `both`: by the scanner. Thresholds are set on these scores: at most 1 % of the\n\
         benign texts together, 1.3 % as a mean over sources, and 5.8 % of any source of a hundred texts or more, rules included.\n\n{}\n",
        tables(&trained.held)
    );
    if let Some(report) = checked {
        let _ = write!(
            text,
            "## A file held out\n\n\
             The whole scanner with a second model that was trained, and whose thresholds were set, without this file.\n\n{}\n",
            report.table()
        );
    }
    let _ = write!(text, "## Limits\n\n{LIMITS}");
    text
}

/// The sources with their licences.
pub(crate) fn attribution(records: &[Record]) -> String {
    let mut text = "# Attribution\n\n\
         The screening model was trained on these data sets. None of their texts is part of this repository or of the model file,\n\
         which holds sums of weights only. Written by the trainer; do not edit.\n\n\
         | source | licence | texts |\n|---|---|--:|\n"
        .to_owned();
    for ((source, licence), (attacks, benign)) in sources(records) {
        let _ = writeln!(text, "| {source} | {licence} | {} |", attacks + benign);
    }
    text
}
