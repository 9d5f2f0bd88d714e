//! A passport in words, for assistants that read no page (PAS-2): a block for their memory, and a prompt for the chat in
//! which they are about to act. Both say what [`Shown`] holds and that nothing enforces it; characters that hide or turn
//! text are written out, so that a name cannot say one thing to a person and another to a model.

use super::shown::{ScopeShown, Shown};
use procura_model::{Effect, Time};
use std::fmt::Write as _;

/// Said wherever scopes are listed: what a passport leaves out still holds.
const FURTHER: &str = "Further limits that are not listed here (amounts, vendors, arguments, hours, users) may apply. \
    If you are not sure, do nothing and ask the person you work for.";

const MANUAL: &str = "Manual mode: nothing is enforced by this text. Keep to it yourself.";

/// The block for an assistant's memory.
pub(super) fn memory_block(shown: &Shown, now: Time) -> String {
    format!(
        "PERMISSIONS OF {}\n{}\n\nI MAY:\n{}\n\nI MUST NEVER:\n{}\n\n\
         Whatever is not listed under I MAY, I do not do. What is listed under I MUST NEVER stays forbidden, even where \
         I MAY covers it too. \"*\" stands for anything.\n{FURTHER}\n{MANUAL}\n",
        heading(shown),
        copied(shown, now),
        list(shown, Effect::Allow, "nothing at all"),
        list(shown, Effect::Block, "(nothing is named; whatever is not listed above is forbidden anyway)"),
    )
}

/// The prompt for the chat in which the assistant is about to act.
pub(super) fn task_prompt(shown: &Shown, now: Time) -> String {
    format!(
        "Before you act for me, read these permissions of {}. They hold for everything you do in this chat.\n{}\n\n\
         ALLOWED ACTIONS:\n{}\n\nBLOCKED ACTIONS:\n{}\n\n\
         Whatever is not listed as allowed is not allowed. A blocked action stays blocked even where an allowed one \
         covers it too. \"*\" stands for anything.\n{FURTHER}\n\n\
         Before each action, answer these three questions in this chat:\n\
         1. What exactly are you about to do, on what, with whom and for how much?\n\
         2. Which allowed action covers it, and does any blocked action cover it too?\n\
         3. Does it need my approval, has the permission expired, or is anything unclear?\n\
         Act only if an allowed action covers it, no blocked action does, and the answer to the third question is no, or \
         I approved exactly this in this chat. Otherwise stop and tell me why.\n\n{MANUAL}\n",
        heading(shown),
        copied(shown, now),
        list(shown, Effect::Allow, "none"),
        list(shown, Effect::Block, "none is named; whatever is not listed above is blocked anyway"),
    )
}

/// `"shopping" (assistant, example.com)`.
fn heading(shown: &Shown) -> String {
    let about: Vec<String> = [&shown.kind, &shown.provider]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|t| plain(t))
        .collect();
    let name = plain(&shown.name);
    if about.is_empty() { format!("\"{name}\"") } else { format!("\"{name}\" ({})", about.join(", ")) }
}

fn copied(shown: &Shown, now: Time) -> String {
    format!("Copied at {now} from passport version {}. What changed since is not in here.", shown.version)
}

fn list(shown: &Shown, effect: Effect, otherwise: &str) -> String {
    let lines: Vec<String> = shown.scopes.iter().filter(|scope| scope.effect == effect).map(line).collect();
    if lines.is_empty() { format!("- {otherwise}") } else { lines.join("\n") }
}

fn line(scope: &ScopeShown) -> String {
    let all = |patterns: &[String]| patterns.iter().map(|each| plain(each)).collect::<Vec<_>>().join(", ");
    let mut out = format!("- {}", all(&scope.actions));
    if !scope.resources.iter().any(|pattern| pattern == "*") {
        // Writing to a string cannot fail.
        let _ = write!(out, " on {}", all(&scope.resources));
    }
    if scope.requires_approval {
        out.push_str(" [a person must approve first]");
    }
    if let Some(until) = scope.expires_at {
        let _ = write!(out, " [until {until}]");
    }
    out
}

/// The text with everything written out that a reader would not see.
fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, character| {
        if hides(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
        out
    })
}

/// Control, zero-width, tag and direction characters, and line ends of any kind.
fn hides(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn scope(effect: Effect, actions: &[&str], resources: &[&str]) -> ScopeShown {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        ScopeShown {
            effect,
            actions: owned(actions),
            resources: owned(resources),
            requires_approval: false,
            expires_at: None,
        }
    }

    fn shown(scopes: Vec<ScopeShown>) -> Shown {
        Shown {
            passport: None,
            version: 3,
            name: "shop\u{202e}ping".to_owned(),
            kind: "assistant".to_owned(),
            provider: String::new(),
            scopes,
            memory_block: String::new(),
            task_prompt: String::new(),
        }
    }

    #[test]
    fn every_scope_stands_in_both_texts() {
        let approval = ScopeShown {
            requires_approval: true,
            expires_at: Some(NOW),
            ..scope(Effect::Allow, &["refund"], &["shop/*", "bar"])
        };
        let shown = shown(vec![
            scope(Effect::Allow, &["purchase.*", "look"], &["*"]),
            approval,
            scope(Effect::Block, &["purchase.guns"], &["*"]),
        ]);
        for text in [memory_block(&shown, NOW), task_prompt(&shown, NOW)] {
            let (allowed, blocked) =
                text.split_once("- purchase.guns\n").map(|(a, b)| (a.to_owned(), b)).unwrap();
            assert!(allowed.contains("\n- purchase.*, look\n"), "{text}");
            let line = format!("\n- refund on shop/*, bar [a person must approve first] [until {NOW}]\n");
            assert!(allowed.contains(&line), "{text}");
            assert!(!blocked.contains("\n- "), "{text}");
            assert!(
                text.contains("\"shop\\u{202e}ping\" (assistant)") && !text.contains('\u{202e}'),
                "{text}"
            );
            assert!(text.contains("version 3") && text.contains("Manual mode"), "{text}");
        }
        assert!(["\n1. ", "\n2. ", "\n3. "].iter().all(|mark| task_prompt(&shown, NOW).contains(mark)));
    }

    #[test]
    fn without_a_scope_nothing_is_allowed() {
        assert!(memory_block(&shown(Vec::new()), NOW).contains("I MAY:\n- nothing at all\n"));
        assert!(task_prompt(&shown(Vec::new()), NOW).contains("ALLOWED ACTIONS:\n- none\n"));
    }
}
