//! A business's own HTTP API as a tool server (USR-9): its operations are declared here as tools, by hand
//! or from an OpenAPI file, and called through every gate on behalf of the verified user.

use crate::json::Json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An HTTP API with declared operations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiServer {
    /// Where it is: scheme, host, and a path that stands before every tool's own.
    pub base_url: String,
    /// How the stored credential is sent; `Authorization: Bearer` where absent.
    #[serde(default)]
    pub credential: CredentialForm,
    /// How the API learns for which user it is called.
    #[serde(default)]
    pub user: UserForward,
    /// Its operations.
    pub tools: Vec<ApiTool>,
}

/// In which header a credential is sent, and what stands before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialForm {
    /// The header's name.
    pub header: String,
    /// What stands before the credential, blanks included.
    #[serde(default)]
    pub prefix: String,
}

impl Default for CredentialForm {
    fn default() -> Self {
        Self { header: "authorization".to_owned(), prefix: "Bearer ".to_owned() }
    }
}

/// How an API learns for which user it is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum UserForward {
    /// It does not.
    #[default]
    None,
    /// By a signed assertion: a JWT of at most a minute, which the API verifies by the published keys.
    Assertion {
        /// In which header.
        #[serde(default = "assertion_header")]
        header: String,
        /// For whom the assertion is: its `aud`.
        audience: String,
        /// What it says beside the user's id.
        #[serde(default)]
        claims: Vec<UserClaim>,
    },
    /// By headers of its own, each a text with places such as `{{user.id}}`.
    Headers {
        /// The headers by name.
        headers: BTreeMap<String, String>,
    },
}

fn assertion_header() -> String {
    "x-procura-user".to_owned()
}

/// What an assertion may say beside the user's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserClaim {
    /// The e-mail address.
    Email,
    /// The role.
    Role,
}

/// One operation, offered as a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiTool {
    /// Its name: 1 to 64 of `a-z`, `A-Z`, `0-9`, `_` and `-`.
    pub name: String,
    /// What it does, for the model that chooses it.
    #[serde(default)]
    pub description: String,
    /// The HTTP method.
    pub method: ApiMethod,
    /// The path below the base URL, with places such as `{customerId}`.
    pub path: String,
    /// The arguments that go into path, query and headers.
    #[serde(default)]
    pub parameters: Vec<ApiParameter>,
    /// The JSON body, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<ApiBody>,
    /// Whether it needs a verified user; where absent, it does if the server is told of users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserNeed>,
}

/// Whether a tool acts for a verified user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserNeed {
    /// It is never called without one.
    Required,
    /// It acts for nobody; nothing is said of a user.
    None,
}

/// The methods that a tool can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ApiMethod {
    /// Reads.
    Get,
    /// Does.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl ApiMethod {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// An argument that goes into the path, the query or a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiParameter {
    /// The argument's name.
    pub name: String,
    /// Where it goes.
    #[serde(rename = "in")]
    pub place: ParameterPlace,
    /// Its name there, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_as: Option<String>,
    /// Whether a call must have it; in the path it must.
    #[serde(default)]
    pub required: bool,
    /// What it must look like: JSON Schema.
    pub schema: Json,
}

impl ApiParameter {
    /// Its name where it goes.
    #[must_use]
    pub fn wire_name(&self) -> &str {
        self.sent_as.as_deref().unwrap_or(&self.name)
    }
}

/// Where an argument goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterPlace {
    /// Into a place of the path.
    Path,
    /// Into the query.
    Query,
    /// Into a header.
    Header,
}

/// The JSON body of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiBody {
    /// What it must look like: JSON Schema.
    pub schema: Json,
    /// Whether its members are arguments of their own, or the whole is the argument `body`.
    #[serde(default)]
    pub arguments: BodyArguments,
    /// Whether a call must have it.
    #[serde(default)]
    pub required: bool,
}

/// How arguments become a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyArguments {
    /// One argument, `body`, is the body.
    #[default]
    Whole,
    /// Each member of the body is an argument beside the parameters.
    Members,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_form_reads_back_with_its_numbers() {
        let text = r#"{"baseUrl":"https://api.example/v1","user":{"kind":"assertion","audience":"https://api.example","claims":["role"]},
            "tools":[{"name":"order","description":"One order.","method":"GET","path":"/customers/{customerId}/orders",
            "parameters":[{"name":"customerId","in":"path","required":true,"schema":{"type":"string","maximum":0.10}}]}]}"#;
        let server: ApiServer = serde_json::from_str(text).unwrap();
        let again = serde_json::to_string(&server).unwrap();
        assert_eq!(serde_json::from_str::<ApiServer>(&again).unwrap(), server);
        assert!(again.contains("0.10") && again.contains(r#""header":"x-procura-user""#), "{again}");
        assert!(
            serde_json::from_str::<ApiServer>(&text.replace("\"description\"", "\"discription\"")).is_err()
        );
    }
}
