//! What of a call is recorded and shown (USR-7): everything that was asked, without the values that tell who the
//! user is. The decision looks at the true ask, and an approval is bound to the digest of the true ask; the record,
//! the approver's page, the activity list and the log get what is made here.
//!
//! What the organization itself has named (its servers, their tools, where they are) stays in the record whatever a user
//! is called: who may choose a value of his own, a nickname, must not be able to take the name of a tool out of it.
//!
//! What a caller itself has called an action or a resource may be a token in the wrong place (USR-5), so such words
//! are looked through for secrets too.

use crate::{App, sessions};
use procura_model::{ActingUser, Ask, Ctx, Json};
use procura_policy::quoted;
use procura_screen::{personal::Personal, redact::Redactor};
use std::{borrow::Cow, sync::Arc};

/// Takes the values of one user out of what is recorded, where there is a user.
pub struct Scrub<'a> {
    redactor: &'a Redactor,
    personal: Option<Arc<Personal>>,
}

impl<'a> Scrub<'a> {
    /// For a call on behalf of this user, of an organization with this redactor.
    #[must_use]
    pub fn of(app: &App, redactor: &'a Redactor, acting: Option<&ActingUser>) -> Self {
        Self { redactor, personal: acting.map(|acting| sessions::personal(app, acting)) }
    }

    /// For everything that is recorded under this context.
    #[must_use]
    pub fn in_ctx(app: &App, redactor: &'a Redactor, ctx: &Ctx) -> Self {
        Self::of(app, redactor, ctx.actor.acting_for().map(|acting| &**acting))
    }

    /// A text without the user's values.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.personal.as_ref().map_or(Cow::Borrowed(text), |personal| personal.scrub_text(text))
    }

    /// A text of the caller's own without the user's values and without secrets.
    fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.text(text) {
            Cow::Borrowed(text) => self.redactor.redact(text).text,
            Cow::Owned(text) => Cow::Owned(self.redactor.redact(&text).text.into_owned()),
        }
    }

    /// A document without the user's values.
    #[must_use]
    pub fn json(&self, json: Json) -> Json {
        match &self.personal {
            None => json,
            Some(personal) => personal.scrub(&json),
        }
    }

    /// What is used, without the user's values and secrets, but for what `declared` of it the organization itself has named.
    #[must_use]
    pub fn resource<'t>(&self, resource: &'t str, declared: Option<&str>) -> Cow<'t, str> {
        match declared.and_then(|declared| Some((declared, resource.strip_prefix(declared)?))) {
            Some((_, "")) => Cow::Borrowed(resource),
            Some((declared, rest)) => Cow::Owned(format!("{declared}{}", self.clean(rest))),
            None => self.clean(resource),
        }
    }

    /// What an action or a vendor is called, without the user's values and secrets; where the organization has named
    /// what is used, the two are its own words too.
    #[must_use]
    pub fn word<'t>(&self, word: &'t str, declared: Option<&str>) -> Cow<'t, str> {
        if declared.is_some() { Cow::Borrowed(word) } else { self.clean(word) }
    }

    /// The canonical text of an ask without the user's values, made of its true one. Amount and currency stay: a
    /// person decides on them, and they name nobody.
    #[must_use]
    pub fn canonical<'c>(&self, ask: &Ask, canonical: &'c str, declared: Option<&str>) -> Cow<'c, str> {
        if self.personal.is_none() {
            return Cow::Borrowed(canonical);
        }
        let word = |text: &String| self.word(text, declared).into_owned();
        let shown = Ask {
            action: word(&ask.action),
            resource: ask.resource.as_ref().map(|resource| self.resource(resource, declared).into_owned()),
            vendor: ask.vendor.as_ref().map(word),
            args: ask.args.clone().map(|args| self.json(args)),
            ..ask.clone()
        };
        Cow::Owned(shown.canonical())
    }

    /// A sentence of the policy about an ask, as it is recorded. It quotes what was asked, cut and with what hides made
    /// visible, where no value and no secret is found any more; so each quotation is exchanged for one of what is recorded.
    #[must_use]
    pub fn sentence<'s>(&self, ask: &Ask, declared: Option<&str>, sentence: &'s str) -> Cow<'s, str> {
        if !sentence.contains('"') {
            return self
                .personal
                .as_ref()
                .map_or(Cow::Borrowed(sentence), |_| Cow::Owned(self.quotations(sentence)));
        }
        let mut out = sentence.to_owned();
        let mut exchange = |asked: &str, clean: &dyn Fn(&str) -> String| {
            let from = quoted(asked);
            if out.contains(&from) {
                out = out.replace(&from, &quoted(&clean(asked)));
            }
        };
        exchange(&ask.action, &|action| self.word(action, declared).into_owned());
        if let Some(resource) = &ask.resource {
            exchange(resource, &|resource| self.resource(resource, declared).into_owned());
        }
        if let Some(args) = &ask.args {
            each_text(args, &mut |text| exchange(text, &|text| self.clean(text).into_owned()));
        }
        Cow::Owned(self.quotations(&out))
    }

    /// A sentence of the policy's whose quotations lose the user's values. What stands outside of them are our own words
    /// and paths of the policy, which keep their names.
    fn quotations(&self, sentence: &str) -> String {
        let Some(personal) = &self.personal else { return sentence.to_owned() };
        let mut out = String::with_capacity(sentence.len());
        for (index, part) in split_at_quotes(sentence).enumerate() {
            if index > 0 {
                out.push('"');
            }
            let is_quoted = index % 2 == 1;
            out.push_str(&if is_quoted { self.text(part) } else { personal.scrub_name(part) });
        }
        out
    }
}

/// The parts between quotation marks that are not escaped: outside, inside, outside and so on.
fn split_at_quotes(sentence: &str) -> impl Iterator<Item = &str> {
    let mut is_escaped = false;
    sentence.split(move |letter| {
        let ends = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends
    })
}

fn each_text(json: &Json, act: &mut dyn FnMut(&str)) {
    match json {
        Json::Text(text) => act(text),
        Json::List(items) => items.iter().for_each(|item| each_text(item, act)),
        Json::Map(members) => members.iter().for_each(|(_, item)| each_text(item, act)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
