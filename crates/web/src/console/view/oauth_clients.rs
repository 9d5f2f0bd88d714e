//! OAuth clients: the list, the form, the page of one that people of the organization made, and the page of one that came
//! by itself, which they can only look at and send away.

use super::{
    drawer::ApiCall,
    frame::Frame,
    words::{Id, Mark, When},
};
use askama::Template;

/// A choice of a form.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) word: String,
    pub(crate) chosen: bool,
}

/// A box of a form, with what it means.
#[derive(Clone, Debug)]
pub(crate) struct TickBox {
    pub(crate) value: &'static str,
    pub(crate) word: &'static str,
    pub(crate) says: &'static str,
    pub(crate) ticked: bool,
}

/// One client in the list.
#[derive(Clone, Debug)]
pub(crate) struct ClientRow {
    pub(crate) href: String,
    pub(crate) mark: Mark,
    pub(crate) name: String,
    /// Where its answers go, or who describes it.
    pub(crate) host: String,
    pub(crate) kind: &'static str,
    pub(crate) agent: Option<(Id, String)>,
    /// How many people let it in.
    pub(crate) grants: i64,
    pub(crate) used: Option<When>,
}

/// All clients.
#[derive(Template)]
#[template(path = "clients.html")]
pub(crate) struct Clients {
    pub(crate) frame: Frame,
    /// The kinds to choose from: the word in the address, what it is called, whether it is shown.
    pub(crate) kinds: Vec<(&'static str, &'static str, bool)>,
    pub(crate) rows: Vec<ClientRow>,
    /// Where clients connect.
    pub(crate) address: String,
    pub(crate) older: Option<String>,
    pub(crate) newest: Option<String>,
    pub(crate) calls: Vec<ApiCall>,
}

/// The form of a client, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientForm {
    pub(crate) name: String,
    pub(crate) redirects: String,
    pub(crate) methods: Vec<Choice>,
    pub(crate) jwks_uri: String,
    pub(crate) jwks: String,
    pub(crate) grants: Vec<TickBox>,
    pub(crate) agents: Vec<Choice>,
    pub(crate) scope: String,
    pub(crate) is_bound: bool,
    pub(crate) is_pushed: bool,
}

/// A new client.
#[derive(Template)]
#[template(path = "client_new.html")]
pub(crate) struct NewClient {
    pub(crate) frame: Frame,
    pub(crate) form: ClientForm,
    pub(crate) action: String,
}

/// One secret of a client.
#[derive(Clone, Debug)]
pub(crate) struct SecretRow {
    pub(crate) id: Id,
    pub(crate) preview: String,
    pub(crate) made: When,
    pub(crate) ends: Option<When>,
}

/// A session of a client.
#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    pub(crate) id: Id,
    pub(crate) how: &'static str,
    pub(crate) agent: (Id, String),
    pub(crate) begun: When,
    pub(crate) last_used: Option<When>,
    pub(crate) ends: When,
    pub(crate) may_end: bool,
}

/// What somebody allowed a client.
#[derive(Clone, Debug)]
pub(crate) struct GrantRow {
    pub(crate) id: Id,
    pub(crate) email: String,
    pub(crate) agent: (Id, String),
    pub(crate) scope: String,
    pub(crate) given: When,
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) may_revoke: bool,
}

/// Everything that a client has here.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessBox {
    pub(crate) grants: Vec<GrantRow>,
    /// Sessions that stand on nobody's consent.
    pub(crate) alone: Vec<SessionRow>,
    /// Whether everybody's is seen, or the reader's own alone.
    pub(crate) is_whole: bool,
    /// Whether there is more than is shown.
    pub(crate) is_cut: bool,
    /// The page to which one comes back.
    pub(crate) back: String,
}

/// One client that people of the organization made.
#[derive(Template)]
#[template(path = "client.html")]
pub(crate) struct ClientPage {
    pub(crate) frame: Frame,
    pub(crate) id: Id,
    pub(crate) called: String,
    pub(crate) mark: Mark,
    pub(crate) method: &'static str,
    pub(crate) grants: String,
    pub(crate) redirects: Vec<String>,
    pub(crate) agent: Option<(Id, String)>,
    pub(crate) made: When,
    pub(crate) changed: When,
    pub(crate) used: Option<When>,
    pub(crate) is_disabled: bool,
    pub(crate) has_secrets: bool,
    pub(crate) secrets: Vec<SecretRow>,
    /// Where everything about this server stands.
    pub(crate) metadata: String,
    /// How it gets a token alone, where it may.
    pub(crate) token_call: Option<String>,
    pub(crate) access: AccessBox,
    pub(crate) form: ClientForm,
    pub(crate) action: String,
    pub(crate) calls: Vec<ApiCall>,
}

/// One client that came by itself.
#[derive(Template)]
#[template(path = "client_met.html")]
pub(crate) struct MetPage {
    pub(crate) frame: Frame,
    pub(crate) id: Id,
    pub(crate) called: String,
    pub(crate) mark: Mark,
    /// What keeps it out, where the organization does.
    pub(crate) block: Option<Id>,
    /// The host of its document, where it has one.
    pub(crate) document: Option<String>,
    pub(crate) method: &'static str,
    pub(crate) redirects: Vec<String>,
    /// What it says of itself that people may want to read, by name.
    pub(crate) says: Vec<(&'static str, String)>,
    pub(crate) first: When,
    pub(crate) used: Option<When>,
    pub(crate) access: AccessBox,
    pub(crate) calls: Vec<ApiCall>,
}
