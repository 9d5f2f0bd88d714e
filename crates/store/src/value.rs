//! The four kinds of value that a statement takes; both databases have them. Text is shared, so that a
//! record can be offered to the database again without copying it. A NUL character, which PostgreSQL
//! cannot store in text, becomes U+FFFD on both, so that one text never means two things.

use procura_model::{
    AccountId, AgentId, ApprovalId, ApprovalState, BudgetId, ClaimAttemptId, ClientId, ClientSecretId,
    CredentialId, Digest, EventId, GuardrailId, InvitationId, IssuerId, PassportId, PermissionId, ReceiptId,
    RedactionEffect, RedactionRuleId, RegistrationId, RequestId, ReservationId, ResourceId, ResultId, Role,
    Scopes, SecretId, ServerId, SessionId, TenantId, Time, UserRef,
};
use std::sync::Arc;

/// One argument of a statement.
#[derive(Clone)]
pub(crate) enum Value {
    Text(Option<Arc<str>>),
    Int(Option<i64>),
    Bool(Option<bool>),
    Bytes(Option<Arc<[u8]>>),
}

/// The arguments of a statement after the tenant, which is always `$1` and is added by the desk.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::value::Value::from($value)),*] };
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.contains('\0') {
            return Self::Text(Some(text.replace('\0', "\u{fffd}").into()));
        }
        Self::Text(Some(text.into()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Text(None), Self::from)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(Some(yes))
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Int(Some(time.as_ms()))
    }
}

impl From<Option<Time>> for Value {
    fn from(time: Option<Time>) -> Self {
        Self::Int(time.map(Time::as_ms))
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Some(bytes.into()))
    }
}

impl From<Option<&[u8]>> for Value {
    fn from(bytes: Option<&[u8]>) -> Self {
        Self::Bytes(bytes.map(Into::into))
    }
}

impl From<&Digest> for Value {
    fn from(digest: &Digest) -> Self {
        Self::from(digest.as_bytes().as_slice())
    }
}

impl From<&ClientId> for Value {
    fn from(client: &ClientId) -> Self {
        Self::from(client.as_str())
    }
}

impl From<Role> for Value {
    fn from(role: Role) -> Self {
        Self::from(role.as_str())
    }
}

impl From<RedactionEffect> for Value {
    fn from(effect: RedactionEffect) -> Self {
        effect.as_str().into()
    }
}

impl From<ApprovalState> for Value {
    fn from(state: ApprovalState) -> Self {
        Self::from(state.as_str())
    }
}

impl From<Scopes> for Value {
    fn from(scopes: Scopes) -> Self {
        Self::from(scopes.to_string())
    }
}

impl From<Option<&UserRef>> for Value {
    fn from(user: Option<&UserRef>) -> Self {
        Self::from(user.map(|user| user.0.as_str()))
    }
}

macro_rules! ids {
    ($($id:ident)*) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::Text(Some(id.to_string().into()))
            }
        }

        impl From<Option<$id>> for Value {
            fn from(id: Option<$id>) -> Self {
                id.map_or(Self::Text(None), Self::from)
            }
        }
    )*};
}

ids! {
    AccountId AgentId ApprovalId BudgetId ClaimAttemptId ClientSecretId RegistrationId IssuerId ResourceId CredentialId EventId GuardrailId InvitationId PassportId PermissionId ReceiptId RedactionRuleId RequestId ReservationId ResultId SecretId
    ServerId SessionId TenantId
}
