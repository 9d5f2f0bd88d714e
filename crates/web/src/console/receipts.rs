//! Looking at a receipt on the trace of its decision (VER-6): what it says, and whether it is ours, of this decision, in its
//! time, and unused. Looking redeems nothing.

use super::{
    desk::{Answer, Desk, is_about_the_form, page, wrong},
    trace::trace_page,
    view::{
        facts::Fact,
        receipts::{CheckedReceipt, ReceiptBox},
        words::{Id, Mark},
    },
};
use crate::{extract::Id as PathId, form::Form, respond::Failure};
use procura_app::receipts::{self, Inspected, MAX_BYTES, Receipt};
use procura_model::{Error, Json, Reason, RequestId, Result, Time, Verdict, time::SECOND_MS};

/// What somebody brought, on the page of the decision.
pub(super) async fn check(desk: Desk, PathId(request): PathId<RequestId>, sent: Form) -> Answer {
    let typed = sent.fields.text("receipt");
    match inspected(&desk, typed).await {
        Ok(seen) => page(&trace_page(&desk, request, Some((typed, checked(&seen, request)))).await?),
        Err(error) if error.reason() == Reason::ReceiptInvalid || is_about_the_form(&error) => {
            let shown = trace_page(&desk, request, Some((typed, refused(&error)))).await?;
            wrong(error.reason().http(), &shown)
        }
        Err(error) => Err(Failure(error)),
    }
}

async fn inspected(desk: &Desk, typed: &str) -> Result<Inspected> {
    if typed.is_empty() || typed.len() > MAX_BYTES {
        return Err(Reason::ReceiptInvalid.into());
    }
    receipts::inspect(desk.app(), desk.ctx(), typed).await
}

/// The section of a trace; none where no receipt was signed.
pub(super) fn section(
    desk: &Desk,
    facts: &Json,
    brought: Option<(&str, CheckedReceipt)>,
) -> Option<ReceiptBox> {
    let signed = facts.member("gates")?.member("receipt")?.as_text()?.to_owned();
    let (typed, checked) = brought.map_or((String::new(), None), |(typed, checked)| {
        (typed.chars().take(MAX_BYTES).collect(), Some(checked))
    });
    Some(ReceiptBox { signed: Id(signed), typed, checked, offline: offline(&desk.app().settings.public_url) })
}

fn refused(error: &Error) -> CheckedReceipt {
    CheckedReceipt {
        mark: Mark::denied("Signature invalid"),
        said: format!("{} It proves nothing.", error.sentence()),
        steps: Vec::new(),
        claims: Vec::new(),
    }
}

fn checked(seen: &Inspected, request: RequestId) -> CheckedReceipt {
    let receipt = &seen.receipt;
    let steps = vec![
        ("Signature", Mark::allowed("Valid"), "By the key that is published for receipts.".to_owned()),
        of_decision(receipt, request),
        in_time(seen),
        unused(seen),
        ("Decision", receipt.verdict.into(), receipt.code.code().to_owned()),
    ];
    let proves = receipt.request == request
        && receipt.verdict == Verdict::Allow
        && !seen.is_expired
        && seen.redeemed_at.is_none();
    let (mark, said) = if proves {
        let said = "It is ours and in its time. Whether anything changed since is seen when it is redeemed.";
        (Mark::allowed("Good"), said)
    } else {
        (Mark::denied("Not to be acted on"), "We signed it, and yet nobody should act on it.")
    };
    CheckedReceipt { mark, said: said.to_owned(), steps, claims: claims(receipt) }
}

fn of_decision(receipt: &Receipt, request: RequestId) -> (&'static str, Mark, String) {
    if receipt.request == request {
        ("This decision", Mark::allowed("Yes"), "It names this request.".to_owned())
    } else {
        ("This decision", Mark::denied("No"), format!("It is of {}.", receipt.request))
    }
}

fn in_time(seen: &Inspected) -> (&'static str, Mark, String) {
    let until = at(seen.receipt.expires_at);
    if seen.is_expired {
        ("In its time", Mark::denied("Expired"), format!("It was good until {until}."))
    } else {
        ("In its time", Mark::allowed("Yes"), format!("It is good until {until}."))
    }
}

fn unused(seen: &Inspected) -> (&'static str, Mark, String) {
    match seen.redeemed_at {
        Some(at) => ("Redeemed", Mark::denied("Yes"), format!("At {at}; it cannot be redeemed again.")),
        None => ("Redeemed", Mark::neutral("No"), "Nobody has redeemed it here.".to_owned()),
    }
}

fn at(seconds: i64) -> Time {
    Time::from_ms(seconds.saturating_mul(SECOND_MS))
}

fn claims(receipt: &Receipt) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("receipt", receipt.id.to_string()),
        Fact::new("issuer", &receipt.issuer),
        Fact::new("audience", &receipt.audience),
        Fact::new("agent", receipt.agent.to_string()),
        Fact::new("signed at", at(receipt.issued_at).to_string()),
        Fact::new("expires at", at(receipt.expires_at).to_string()),
        Fact::new("request", receipt.request.to_string()),
        Fact::new("decision", receipt.verdict.as_str()),
        Fact::new("code", receipt.code.code()),
        Fact::new("action digest", &receipt.digest),
        Fact::new("policy version", receipt.policy_version.to_string()),
    ];
    let mut add = |name: &str, value: Option<String>| facts.extend(value.map(|value| Fact::new(name, value)));
    add("rules version", receipt.rules_version.map(|version| version.to_string()));
    add("nonce", receipt.nonce.clone());
    add("on behalf of", receipt.user.as_ref().map(|user| user.0.clone()));
    add("session", receipt.session.map(|id| id.to_string()));
    add("key", receipt.credential.map(|id| id.to_string()));
    add("permission", receipt.permission.map(|id| id.to_string()));
    add("approval", receipt.approval.map(|id| id.to_string()));
    add("reservation", receipt.reservation.map(|id| id.to_string()));
    facts
}

/// The same check by the SDK; the receipt comes on the standard input, so that no history of commands holds it.
fn offline(issuer: &str) -> String {
    format!(
        "curl -sS {issuer}/.well-known/jwks.json > keys.json   # once, beforehand\n\
         node --input-type=module -e '\n  \
         import {{ readFileSync }} from \"node:fs\";\n  \
         import {{ verifyReceipt }} from \"@procura/sdk\";\n  \
         const keys = JSON.parse(readFileSync(\"keys.json\"));\n  \
         const receipt = readFileSync(0, \"utf8\").trim();\n  \
         console.log(await verifyReceipt(receipt, {{ keys, issuer: \"{issuer}\", audience: null, decision: \"any\" }}));\n\
         ' < receipt.txt"
    )
}
