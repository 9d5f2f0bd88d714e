//! What attacks are made of, as words: verbs that set rules aside, names of rules, words for the model, for secrets, for
//! an answer. Each list is knowledge about how instructions are phrased, in the languages we know, and not a list of
//! sentences seen. The expert score combines these marks; the trained model sees them in place of the words.
//!
//! A list is written as `word|stem*|two words`: a star lets the word go on, everything else ends at a word's end.
//! Scripts that write no blanks need neither.

mod english;
mod latin;
mod scripts;

/// One kind of word that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    /// Set aside, stop following.
    Override,
    /// What a model was told: instructions, rules, prompt.
    Rules,
    /// Earlier, above, so far.
    Before,
    /// Everything, all that.
    Everything,
    /// A name for the model.
    Machine,
    /// Speaks to somebody: you, your.
    You,
    /// Speaks of the person who is served: the user, the customer.
    User,
    /// Speaks of oneself: my, mine, me.
    Mine,
    /// Keep it quiet.
    Secrecy,
    /// I am your developer; by order of the administrator.
    Authority,
    /// Be somebody else.
    Persona,
    /// Without rules, morals or limits.
    Lawless,
    /// Refusals, warnings and how to leave them out.
    Refusal,
    /// The system prompt and its like.
    Hidden,
    /// Passwords, keys, credentials.
    Secret,
    /// What is private about a person.
    Personal,
    /// Show, tell, print.
    Show,
    /// Send, forward, pay.
    Transfer,
    /// Delete, grant, unlock: changes the world.
    Deed,
    /// The answer that the model is about to give.
    Answer,
    /// Add, begin with, say.
    Shape,
    /// Before you answer, instead of, at the end.
    Timing,
    /// A new task, from now on.
    Switch,
    /// Calls of tools and functions.
    Tool,
    /// Developer mode and its like.
    Mode,
    /// Imagine, suppose, in a story.
    Hypothesis,
    /// Decode, reverse, concatenate.
    Decode,
    /// Talks about attacks, gives an example, asks what something means.
    Report,
    /// Important, at once, must.
    Urgency,
    /// Please, kindly, can you.
    Please,
    /// Markers of turns and templates.
    Turn,
    /// Crimes and harm.
    Harm,
    /// Links, pages and files to visit.
    Link,
    /// Follow, obey, comply.
    Obey,
    /// What people write and programs have: my last mail, white space, the cache.
    Artefact,
    /// Step by step, in practice.
    HowTo,
    /// For a novel, for my thesis, I am an officer.
    Pretext,
    /// I am your developer: claims to be the master of the model.
    Posing,
    /// The password, the secret: what somebody keeps.
    Guarded,
    /// Bombs, poisons, weapons, drugs.
    Danger,
    /// An address, a link, a number of an account; found by its form.
    Target,
}

/// Every mark, in the order of its number.
pub(crate) const MARKS: [Mark; 41] = [
    Mark::Override,
    Mark::Rules,
    Mark::Before,
    Mark::Everything,
    Mark::Machine,
    Mark::You,
    Mark::User,
    Mark::Mine,
    Mark::Secrecy,
    Mark::Authority,
    Mark::Persona,
    Mark::Lawless,
    Mark::Refusal,
    Mark::Hidden,
    Mark::Secret,
    Mark::Personal,
    Mark::Show,
    Mark::Transfer,
    Mark::Deed,
    Mark::Answer,
    Mark::Shape,
    Mark::Timing,
    Mark::Switch,
    Mark::Tool,
    Mark::Mode,
    Mark::Hypothesis,
    Mark::Decode,
    Mark::Report,
    Mark::Urgency,
    Mark::Please,
    Mark::Turn,
    Mark::Harm,
    Mark::Link,
    Mark::Obey,
    Mark::Artefact,
    Mark::HowTo,
    Mark::Pretext,
    Mark::Posing,
    Mark::Guarded,
    Mark::Danger,
    Mark::Target,
];

impl Mark {
    /// Its place in [`MARKS`].
    #[expect(clippy::as_conversions, reason = "the number of a variant without data")]
    pub(crate) const fn number(self) -> usize {
        self as usize
    }
}

/// Every list with its mark.
pub(crate) fn lists() -> impl Iterator<Item = (Mark, &'static str)> {
    [english::LISTS, latin::LISTS, scripts::LISTS].into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_stands_at_its_number() {
        assert!(MARKS.iter().enumerate().all(|(number, mark)| mark.number() == number));
    }
}
