//! Business API servers (USR-9): the form of one, one of its tools as a form, and what an OpenAPI document
//! would make. A credential has no place in any of it but the field into which it is typed.

use super::{
    drawer::ApiCall,
    frame::Frame,
    tools::ServerRow,
    words::{Id, Problems},
};
use askama::Template;

/// An API server's form: everything as typed. The credential is never among it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApiForm {
    pub(crate) name: String,
    pub(crate) base_url: String,
    pub(crate) header: String,
    pub(crate) prefix: String,
    /// `none`, `assertion` or `headers`.
    pub(crate) user: String,
    pub(crate) assertion_header: String,
    pub(crate) audience: String,
    pub(crate) with_email: bool,
    pub(crate) with_role: bool,
    /// `name: template`, one per line.
    pub(crate) user_headers: String,
    /// The agents that are ticked; none means all.
    pub(crate) agents: Vec<String>,
    pub(crate) fence: bool,
    pub(crate) timeout_ms: String,
    pub(crate) max_bytes: String,
    pub(crate) tools: String,
}

impl ApiForm {
    /// Whether an agent is ticked.
    pub(crate) fn serves(&self, agent: &str) -> bool {
        self.agents.iter().any(|each| each == agent)
    }

    /// Whether something is wrong behind the fold.
    pub(crate) fn is_unfolded(&self, problems: &Problems) -> bool {
        ["timeout_ms", "max_bytes", "tools"].iter().any(|field| problems.at(field).is_some())
    }
}

/// A tool as the server's page lists it.
#[derive(Clone, Debug)]
pub(crate) struct ApiToolRow {
    pub(crate) name: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) description: String,
    /// Whether it is called for a verified user alone.
    pub(crate) needs_user: bool,
}

/// One argument of a tool, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParameterForm {
    pub(crate) name: String,
    /// `path`, `query` or `header`.
    pub(crate) place: String,
    /// A type's word, or a JSON Schema.
    pub(crate) kind: String,
    pub(crate) is_required: bool,
    pub(crate) description: String,
    pub(crate) sent_as: String,
}

/// A tool's form: everything as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApiToolForm {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// `default`, `required` or `none`.
    pub(crate) need: String,
    pub(crate) parameters: Vec<ParameterForm>,
    /// The body's JSON Schema; empty where there is no body.
    pub(crate) body: String,
    /// `members` or `whole`.
    pub(crate) body_as: String,
    pub(crate) body_required: bool,
}

/// An agent that could be given a server: id and name.
pub(crate) type Choice = (String, String);

/// A new API server.
#[derive(Template)]
#[template(path = "api_new.html")]
pub(crate) struct NewApi {
    pub(crate) frame: Frame,
    pub(crate) form: ApiForm,
    /// Its first tool.
    pub(crate) tool: ApiToolForm,
    pub(crate) agents: Vec<Choice>,
    pub(crate) has_credential: bool,
}

/// One API server.
#[derive(Template)]
#[template(path = "api_server.html")]
pub(crate) struct ApiPage {
    pub(crate) frame: Frame,
    pub(crate) server: ServerRow,
    pub(crate) tools: Vec<ApiToolRow>,
    /// How the credential is sent, without it.
    pub(crate) sent_as: String,
    /// How the API learns for whom it is called.
    pub(crate) user: String,
    /// The agents that can use it; none means all.
    pub(crate) served: Vec<(Id, String)>,
    pub(crate) form: ApiForm,
    pub(crate) agents: Vec<Choice>,
    pub(crate) has_credential: bool,
    pub(crate) calls: Vec<ApiCall>,
}

/// One tool of an API server, new or old.
#[derive(Template)]
#[template(path = "api_tool.html")]
pub(crate) struct ApiToolPage {
    pub(crate) frame: Frame,
    pub(crate) server: (Id, String),
    pub(crate) base_url: String,
    /// The name under which it exists, where it does.
    pub(crate) old_name: Option<String>,
    /// Whether it is the only one, which an API keeps.
    pub(crate) is_only: bool,
    pub(crate) tool: ApiToolForm,
}

/// The form that takes an OpenAPI document.
#[derive(Template)]
#[template(path = "api_import.html")]
pub(crate) struct ApiImport {
    pub(crate) frame: Frame,
    /// The server to which tools are added, where it is one that exists.
    pub(crate) server: Option<(Id, String)>,
    pub(crate) document: String,
}

/// A tool that a document would make.
#[derive(Clone, Debug)]
pub(crate) struct FoundTool {
    pub(crate) name: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) description: String,
    pub(crate) is_ticked: bool,
    /// Whether the server has a tool of this name already, which it would take the place of.
    pub(crate) is_known: bool,
}

/// What a document would make, before anything is made.
#[derive(Template)]
#[template(path = "api_preview.html")]
pub(crate) struct ApiPreview {
    pub(crate) frame: Frame,
    pub(crate) server: Option<(Id, String)>,
    pub(crate) document: String,
    pub(crate) found: Vec<FoundTool>,
    /// What is left out, and why.
    pub(crate) warnings: Vec<String>,
    pub(crate) form: ApiForm,
    pub(crate) agents: Vec<Choice>,
    pub(crate) has_credential: bool,
}
