//! A no that the client's session survives (GTW-3): an ordinary tool result with `isError`, which
//! says the same thing twice, as a sentence for the model and as fields for programs: code, rule,
//! what is missing, what to do next.

use crate::{
    era::Era,
    jsonrpc::{Failure, code},
    raw::{Object, array, quote},
};
use procura_app::verify::Answer;
use procura_model::{Ctx, Reason, Verdict};
use std::borrow::Cow;

/// `_meta` of the fields of a denial, for clients whose tool declares another structure.
const META_DENIAL: &str = "io.procura/denial";

/// A no, on its way to the caller.
#[derive(Debug, Clone)]
pub(crate) struct Denial {
    /// The reason.
    pub(crate) reason: Reason,
    /// The sentence.
    pub(crate) sentence: Cow<'static, str>,
    /// The fields for programs, as the beginning of an object: what helps and what is next stand at its end.
    fields: String,
    /// What would help.
    fix: Cow<'static, str>,
    /// What to do next, in a sentence.
    next: String,
}

impl Denial {
    /// The no of a decision.
    pub(crate) fn of_answer(answer: &Answer) -> Self {
        let next = match &answer.approval_url {
            Some(url) => {
                format!("Ask a person to approve it at {url}, then send exactly the same call again.")
            }
            None => answer.code.fix().to_owned(),
        };
        let fix = Cow::Borrowed(answer.code.fix());
        let mut fields = head(answer.code, &answer.reason, &answer.request_id.to_string(), answer.decision);
        fields.text("risk", answer.risk.as_str());
        fields.raw("policyVersion", &answer.policy_version.to_string());
        if let Some(permission) = answer.permission_id {
            fields.text("rule", &permission.to_string());
        }
        if let Some(missing) = answer.missing {
            fields.text("missing", missing);
        }
        if let Some(approval) = answer.approval_id {
            fields.text("approvalId", &approval.to_string());
        }
        if let Some(url) = &answer.approval_url {
            fields.text("approvalUrl", url);
        }
        if let Some(until) = answer.expires_at {
            fields.text("expiresAt", &until.to_string());
        }
        Self { reason: answer.code, sentence: answer.reason.clone(), fields: fields.open(), fix, next }
    }

    /// The no of something that failed.
    pub(crate) fn of_failure(ctx: &Ctx, reason: Reason, sentence: impl Into<Cow<'static, str>>) -> Self {
        let sentence = sentence.into();
        let mut fields = head(reason, &sentence, &ctx.request.to_string(), Verdict::Deny);
        let fix = reason.fix();
        Self { reason, sentence, fields: fields.open(), fix: fix.into(), next: fix.to_owned() }
    }

    /// The same with another advice than the reason's: one for an agent, where that speaks to people.
    pub(crate) fn advising(self, advice: &str) -> Self {
        Self { fix: advice.to_owned().into(), next: advice.to_owned(), ..self }
    }

    /// The fields for programs, as JSON.
    fn fields(&self) -> String {
        format!("{},\"fix\":{},\"next\":{}}}", self.fields, quote(&self.fix), quote(&self.next))
    }

    /// The no as a tool result.
    pub(crate) fn tool_result(&self, era: Era, shape: Shape) -> String {
        let text = format!("{} {} [{}]", self.sentence, self.next, self.reason.code());
        let fields = self.fields();
        let block = Object::new().raw("type", "\"text\"").text("text", &text).finish();
        let mut result = Object::with_capacity(1_024);
        if era == Era::Modern {
            result.raw("resultType", "\"complete\"");
        }
        result.raw("content", &array([block.as_str()].into_iter()));
        if shape == Shape::Free {
            result.raw("structuredContent", &fields);
        }
        result.raw("isError", "true");
        result.raw("_meta", &Object::new().raw(META_DENIAL, &fields).finish()).finish()
    }

    /// The no as a JSON-RPC error, for what is no tool call. The code is the HTTP status of the
    /// reason: the specification keeps all numbers below -32000 for itself.
    pub(crate) fn failure(&self) -> Failure {
        let code = match self.reason {
            Reason::ArgumentsInvalid | Reason::FieldInvalid => code::INVALID_PARAMS,
            reason => i64::from(reason.http()),
        };
        Failure::new(code, format!("{} {}", self.sentence, self.next)).with_data(self.fields())
    }
}

/// Whether the called tool declares the structure of its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It declares none.
    Free,
    /// It declares one, and some clients check errors against it too.
    Declared,
}

fn head(reason: Reason, sentence: &str, request: &str, verdict: Verdict) -> Object {
    let mut fields = Object::with_capacity(512);
    fields
        .raw("success", "false")
        .text("code", reason.code())
        .text("error", sentence)
        .text("requestId", request)
        .raw("decision", &quote(verdict.as_str()));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{Actor, Entropy, TenantId, Time};
    use serde_json::Value;

    #[test]
    fn a_denial_says_the_same_to_model_and_program() {
        let entropy = Entropy::seeded(1);
        let tenant = TenantId::new(Time::default(), &entropy);
        let ctx = Ctx::new(tenant, Actor::Operator, Time::default(), &entropy);
        let denial = Denial::of_failure(&ctx, Reason::UpstreamTimeout, Reason::UpstreamTimeout.text());
        let result: Value = serde_json::from_str(&denial.tool_result(Era::Modern, Shape::Free)).unwrap();
        assert_eq!(result["isError"], true);
        assert_eq!(result["resultType"], "complete");
        assert_eq!(result["structuredContent"]["code"], "UPSTREAM_TIMEOUT");
        assert_eq!(result["structuredContent"]["requestId"], ctx.request.to_string());
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(
            text.contains(Reason::UpstreamTimeout.text()) && text.contains(Reason::UpstreamTimeout.fix())
        );
        let declared: Value =
            serde_json::from_str(&denial.tool_result(Era::Legacy, Shape::Declared)).unwrap();
        assert!(declared.get("structuredContent").is_none() && declared.get("resultType").is_none());
        assert_eq!(declared["_meta"][META_DENIAL]["code"], "UPSTREAM_TIMEOUT");
        assert_eq!(denial.failure().code, 504);
        let advised: Value =
            serde_json::from_str(&denial.advising("Do not retry.").tool_result(Era::Modern, Shape::Free))
                .unwrap();
        assert_eq!(advised["structuredContent"]["fix"], "Do not retry.");
        assert_eq!(advised["structuredContent"]["next"], "Do not retry.");
        assert!(!advised.to_string().contains(Reason::UpstreamTimeout.fix()), "{advised}");
    }
}
