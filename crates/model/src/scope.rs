//! What a credential or a role may do at our own API. One list serves keys, roles, OpenAPI and the
//! console, so a page can never offer what the API would refuse.

use std::fmt;

macro_rules! scopes {
    ($($name:ident = $bit:literal, $wire:literal, $text:literal;)*) => {
        /// One thing that a credential may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Scope { $(#[doc = $text] $name,)* }

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            const fn bit(self) -> u64 { match self { $(Self::$name => 1 << $bit,)* } }

            /// The scope on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$name => $wire,)* } }

            /// What it allows, in a sentence.
            #[must_use]
            pub const fn text(self) -> &'static str { match self { $(Self::$name => $text,)* } }
        }
    };
}

scopes! {
    Verify = 0, "verify", "Ask for decisions.";
    Tools = 1, "tools", "List and call tools through the gateway.";
    ReadActivity = 2, "read:activity", "Read traces and the activity list.";
    ReadAgents = 3, "read:agents", "Read agents and the prefixes of their keys.";
    WriteAgents = 4, "write:agents", "Create, change and disable agents; create, rotate and revoke their keys.";
    ReadPermissions = 5, "read:permissions", "Read permissions.";
    WritePermissions = 6, "write:permissions", "Add, change and remove permissions.";
    ReadApprovals = 7, "read:approvals", "Read approvals.";
    DecideApprovals = 8, "decide:approvals", "Grant and deny approvals.";
    ReadServers = 9, "read:servers", "Read tool servers and their tools.";
    WriteServers = 10, "write:servers", "Add, change and remove tool servers.";
    ReadMembers = 11, "read:members", "Read members and invitations.";
    WriteMembers = 12, "write:members", "Invite members, change roles, remove members.";
    ReadKeys = 13, "read:keys", "Read the prefixes of platform keys.";
    WriteKeys = 14, "write:keys", "Create, rotate and revoke platform keys.";
    ReadMetrics = 15, "read:metrics", "Read /metrics.";
    ReadOrganization = 16, "read:organization", "Read the organization's settings.";
    WriteOrganization = 17, "write:organization", "Change the organization's settings.";
    Sessions = 18, "sessions", "Open sessions for verified users and read their context.";
    ReadSessions = 19, "read:sessions", "Read sessions of verified users, by pseudonym.";
    RevokeSessions = 20, "revoke:sessions", "Revoke sessions of verified users.";
    ReadBudgets = 21, "read:budgets", "Read budgets and reservations.";
    WriteBudgets = 22, "write:budgets", "Add, change and remove budgets; settle reservations of any agent.";
    RedeemReceipts = 23, "redeem:receipts", "Redeem receipts of decisions, each once.";
    ReadEntities = 24, "read:entities", "Read the subjects and resources that AuthZEN searches.";
    WriteEntities = 25, "write:entities", "Add, change and remove subjects and resources that AuthZEN searches.";
    ReadClients = 27, "read:clients", "Read OAuth clients, guarded APIs and trusted issuers.";
    WriteClients = 28, "write:clients", "Add, change and remove OAuth clients, guarded APIs and trusted issuers.";
    ReadGrants = 29, "read:grants", "Read what people allowed OAuth clients, and their sessions.";
    RevokeGrants = 30, "revoke:grants", "Revoke what people allowed OAuth clients, and their sessions.";
    Introspect = 31, "introspect:tokens", "Ask whether access tokens for the organization's APIs are live.";
    VerifyKeys = 32, "verify:keys", "Ask whether keys of the organization's APIs hold, and for what.";
    WriteFeedback = 26, "write:feedback", "Say of a trace whether the screens were right.";
}

impl Scope {
    /// What an agent's key may be given; everything else is for platform keys and people.
    pub const OF_AGENTS: [Self; 5] =
        [Self::Verify, Self::Tools, Self::ReadActivity, Self::Sessions, Self::ReadApprovals];
}

impl std::str::FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// A word that names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such scope")]
pub struct UnknownScope;

impl serde::Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of scopes; on the wire and in the store a list of words.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u64);

impl Scopes {
    /// No scope at all.
    pub const NONE: Self = Self(0);

    /// The set of these scopes.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        scopes.iter().copied().collect()
    }

    /// Whether the scope is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every scope of `other` is in this set.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The scopes of the set, in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }

    /// Reads a list of words divided by blanks.
    ///
    /// # Errors
    /// When a word names no scope.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split_whitespace().map(str::parse::<Scope>).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

impl serde::Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

impl<'de> serde::Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Vec::<Scope>::deserialize(d).map(|scopes| scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back() {
        let set = Scopes::of(&[Scope::Tools, Scope::Verify]);
        assert_eq!(set.to_string(), "verify tools");
        assert_eq!(Scopes::parse("tools verify"), Ok(set));
        assert!(Scopes::parse("tools everything").is_err());
        assert!(set.covers(Scopes::of(&[Scope::Tools])) && !Scopes::NONE.covers(set));
    }

    #[test]
    fn every_scope_has_its_own_bit() {
        let all = Scopes::of(Scope::ALL);
        assert_eq!(all.iter().count(), Scope::ALL.len());
    }
}
