//! What a client is told of a scope that it cannot have (RFC 6749 sections 3.3 and 5.2): which one, and of what. The scope
//! is its own word and the resource is public, so nobody learns more than they said.

use super::resources::Target;
use procura_model::{
    Error, Reason,
    oauth::{ScopeList, ScopeListError},
};

/// A longer word is not said again: all secrets of ours are longer, and one may stand in the wrong place.
const SAID_BYTES: usize = 48;

/// A text that is no list of scopes.
pub(super) fn malformed(error: ScopeListError) -> Error {
    Reason::OauthScopeInvalid.because(format!("scope cannot be read: {error}."))
}

/// Of what is asked, something is not among what is allowed.
pub(super) fn beyond(asked: &ScopeList, allowed: &ScopeList, targets: &[&Target]) -> Error {
    let word = asked.iter().find(|word| !allowed.contains(word)).unwrap_or_default();
    let said = said(word);
    let place = places(targets);
    let sentence = if targets.iter().any(|target| target.scopes.iter().any(|scope| scope.name == word)) {
        format!("{said} of {place} is more than the client is registered for, or than was granted.")
    } else if targets.iter().all(|target| target.tenant.is_none()) {
        // Whoever names no resource means the gateway, often without knowing it.
        format!("{said} is not a scope of {place}; if an API has it, name that API in `resource`.")
    } else {
        format!("{said} is not a scope of {place}.")
    };
    Reason::OauthScopeInvalid.because(sentence)
}

/// A token would open nothing: what the client is registered for belongs elsewhere.
pub(super) fn nothing_left(target: &Target) -> Error {
    let place = &target.audience;
    Reason::OauthScopeInvalid
        .because(format!("No scope of this client belongs to {place}: name the API in `resource`."))
}

/// The word, where it looks like a scope and not like something else.
fn said(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":._/-".contains(&byte);
    if (1..=SAID_BYTES).contains(&word.len()) && word.bytes().all(is_plain) {
        format!("`{word}`")
    } else {
        "A scope".to_owned()
    }
}

fn places(targets: &[&Target]) -> String {
    targets.iter().map(|target| target.audience.as_str()).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_may_be_a_secret_or_a_trap_is_not_said_again() {
        assert_eq!(said("orders:read"), "`orders:read`");
        let token = format!("pat_{}", "x".repeat(49));
        for word in ["", "<b>", "ada@shop.example", "a'b", &*token] {
            assert_eq!(said(word), "A scope", "{word}");
        }
    }
}
