//! The frame of every page: the rail, the top line, who is signed in, what was just done. A page
//! that the role may not read stands in no rail, and a button that the role may not press is absent.

use super::words::Problems;
use procura_model::{Role, Scope};

/// The pages of the rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Start,
    Activity,
    Approvals,
    Agents,
    Connections,
    Policies,
    Tools,
    Settings,
    None,
}

/// One entry of the rail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) section: Section,
    pub(crate) href: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) word: &'static str,
    scope: Scope,
}

const RAIL: [Entry; 8] = [
    entry(Section::Start, "/", "start", "Start", Scope::ReadAgents),
    entry(Section::Activity, "/activity", "activity", "Activity", Scope::ReadActivity),
    entry(Section::Approvals, "/approvals", "approvals", "Approvals", Scope::ReadApprovals),
    entry(Section::Agents, "/agents", "agents", "Agents", Scope::ReadAgents),
    entry(Section::Connections, "/connections", "connections", "Users", Scope::ReadAgents),
    entry(Section::Policies, "/policies", "policies", "Policies", Scope::ReadPermissions),
    entry(Section::Tools, "/tools", "tools", "Tools", Scope::ReadServers),
    entry(Section::Settings, "/settings", "settings", "Settings", Scope::ReadOrganization),
];

const fn entry(
    section: Section,
    href: &'static str,
    icon: &'static str,
    word: &'static str,
    scope: Scope,
) -> Entry {
    Entry { section, href, icon, word, scope }
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) organization: String,
    /// What every form of this session carries.
    pub(crate) form_token: String,
    /// The other organizations to which the person belongs: id and name.
    pub(crate) others: Vec<(String, String)>,
}

/// What stands around a page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) section: Section,
    pub(crate) who: Option<Who>,
    pub(crate) badges: Vec<String>,
    /// What was just done, said once.
    pub(crate) done: Option<Done>,
    /// `light` or `dark` where the person chose, empty where the system does.
    pub(crate) theme: &'static str,
    /// How many approvals wait.
    pub(crate) waiting: usize,
    pub(crate) css: &'static str,
    pub(crate) script: &'static str,
    /// What is wrong with the form that was sent.
    pub(crate) problems: Problems,
}

impl Frame {
    /// The entries that the role may open.
    pub(crate) fn rail(&self) -> impl Iterator<Item = &'static Entry> {
        let role = self.who.as_ref().map(|who| who.role);
        RAIL.iter().filter(move |entry| role.is_some_and(|role| role.scopes().contains(entry.scope)))
    }

    /// Whether the role has the scope of this word. An unknown word is no.
    pub(crate) fn may(&self, scope: &str) -> bool {
        let role = self.who.as_ref().map(|who| who.role);
        role.zip(scope.parse().ok()).is_some_and(|(role, scope): (Role, Scope)| role.scopes().contains(scope))
    }

    /// The token of this session's forms.
    pub(crate) fn token(&self) -> &str {
        self.who.as_ref().map_or("", |who| who.form_token.as_str())
    }

    /// Whether the person may give or take this role.
    pub(crate) fn may_grant(&self, role: &Role) -> bool {
        self.who.as_ref().is_some_and(|who| who.role.may_grant(*role))
    }
}

/// What was done, and whether it went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// The meaning: the class that carries the colour, and the icon's name.
    pub(crate) tone: &'static str,
    pub(crate) text: &'static str,
}

/// What was done, as the query of the redirect names it. Words, not text: a link cannot put a
/// sentence of its own on our page.
pub(crate) fn done(word: &str) -> Option<Done> {
    let text = match word {
        "saved" => "Saved.",
        "agent-disabled" => "The agent is disabled. Its keys are refused from now on.",
        "agent-enabled" => "The agent is enabled again.",
        "passport-revoked" => "The passport is revoked. Its link opens nothing from now on.",
        "key-revoked" => "The key is revoked. The next request with it is refused.",
        "granted" => "Granted. The agent may now send the same call once more, and it will pass.",
        "granted-more" => "Granted. The agent may now send the same call, as often as you said.",
        "granted-pattern" => "Granted, and the permission is added. It holds from the next call on.",
        "agreed" => "You have agreed. Others must agree too before the call may be made.",
        "denied" => "Denied. The agent is told so when it asks again.",
        "denied-blocked" => "Denied, and blocked from now on. The permission stands under Policies.",
        "withdrawn" => "The approval is withdrawn.",
        "permission-added" => "The permission is added and holds from the next call on.",
        "permission-changed" => "The permission is changed and holds from the next call on.",
        "permission-removed" => "The permission is removed. Calls that it allowed are refused now.",
        "feedback-given" => "What you say of the screen is written down and counted.",
        "feedback-withdrawn" => "What you said of the screen is taken back.",
        "guardrail-added" => "The guardrail is added and holds for every agent from the next call on.",
        "guardrail-changed" => "The guardrail is changed and holds for every agent from the next call on.",
        "guardrail-removed" => "The guardrail is removed. What only it refused may be allowed now.",
        "entity-removed" => "The entity is removed. Searches no longer find it.",
        "redaction-rule-added" => "The redaction rule is saved and holds from the next call on.",
        "redaction-rule-changed" => "The redaction rule is changed and holds from the next call on.",
        "redaction-rule-removed" => "The redaction rule is removed.",
        "invitation-revoked" => "The invitation is taken back. Its link no longer works.",
        "role-changed" => "The role is changed.",
        "member-removed" => "The member is removed and signed out.",
        "password-changed" => "The password is changed. Other sessions of yours are ended.",
        "user-auth-saved" => "Saved. It holds from the next token on.",
        "user-auth-removed" => "Users of this agent are no longer verified, so no session opens.",
        "widget-saved" => "The widget is saved.",
        "secret-set" => "The secret is set. Tokens that were made with it are accepted.",
        "secret-removed" => "The older secret is removed. Tokens that were made with it are refused.",
        "session-revoked" => "The session is revoked. The agent has stopped acting in it.",
        "user-revoked" => "Revoked. The agent has stopped acting for this user.",
        "user-revoked-none" => {
            "Nothing to revoke: the agent has no live session of a user with this id. Ids are compared exactly."
        }
        "signed-out" => "You are signed out.",
        _ => done_to_access(word).or_else(|| done_to_clients(word)).or_else(|| done_to_tools(word))?,
    };
    let tone = match word {
        _ if word.ends_with("-failing") => "denied",
        _ if word.ends_with("-none") => "neutral",
        _ => "allowed",
    };
    Some(Done { tone, text })
}

/// The same for what people allowed software.
fn done_to_access(word: &str) -> Option<&'static str> {
    Some(match word {
        "access-revoked" => "Taken back. The software is refused from now on, and its sessions are ended.",
        "access-revoked-all" => "Everything that you allowed here is taken back.",
        "access-none" => "There was nothing to take back.",
        "oauth-session-ended" => {
            "The session is ended. The software may begin another one until you take the access back."
        }
        _ => return None,
    })
}

/// The same for clients, guarded APIs and trusted issuers.
fn done_to_clients(word: &str) -> Option<&'static str> {
    Some(match word {
        "client-made" => "The client is made.",
        "client-changed" => "The client is changed.",
        "client-disabled" => "The client is disabled. It gets no token, and those it has open nothing.",
        "client-enabled" => "The client is enabled.",
        "client-removed" => "The client is removed, with its secrets and tokens.",
        "client-secret-revoked" => "The secret is revoked and shows nobody any more.",
        "client-ended" => "Taken back. Every session of the client here is ended; it has to ask again.",
        "client-kept-out" => "The client is kept out. What it had here is ended, and nobody can let it in.",
        "client-let-in" => "The client is kept out no longer. Somebody must let it in anew.",
        "api-guarded" => "The API is guarded. Clients can ask for its tokens from now on.",
        "api-changed-guarded" => "Saved. It holds from the next token on.",
        "api-unguarded" => "The API is guarded no longer. No token is issued for it from now on.",
        "issuer-trusted" => "The issuer is trusted. Its assertions are taken from now on.",
        "issuer-changed" => "Saved. It holds from the next assertion on.",
        "issuer-removed" => "The issuer is trusted no longer.",
        _ => return None,
    })
}

/// The same for tools and the servers that offer them.
fn done_to_tools(word: &str) -> Option<&'static str> {
    Some(match word {
        "api-added" => "The API is added. Agents see its tools as far as their permissions allow them.",
        "tools-imported" => "The tools are added. Agents see them as far as their permissions allow them.",
        "api-changed" => "The API is changed.",
        "tool-saved" => "The tool is saved and holds from the next call on.",
        "tool-removed" => "The tool is removed. Agents no longer see it, and calls of it are refused.",
        "server-added" => "The tool server is added. Its tools appear once it has answered.",
        "server-added-failing" => {
            "The tool server is added, but it gives no tools yet: Procura cannot use it. The reason is below."
        }
        "server-changed-failing" => {
            "The tool server is changed, but Procura cannot use it. The reason is below."
        }
        "server-changed" => "The tool server is changed.",
        "server-removed" => "The tool server is removed. Its tools are gone for every agent.",
        "server-on" => "The tool server is in use.",
        "server-asked" => "The tool server was asked for its tools again.",
        "server-off" => "The tool server is switched off. Its tools are hidden and refused.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_cannot_put_its_own_words_on_a_page() {
        assert_eq!(done("saved").map(|done| done.tone), Some("allowed"));
        assert_eq!(done("server-added-failing").map(|done| done.tone), Some("denied"));
        assert_eq!(done("Your account is locked, call +1 555"), None);
    }
}
