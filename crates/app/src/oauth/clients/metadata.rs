//! What a client says of itself (RFC 7591 section 2), judged once and kept as judged. Members that we do not know are
//! ignored, as the section demands; those that we know must be usable, because each of them ends up before a person or
//! in a decision.

use procura_crypto::JwkSet;
use procura_egress::WebUrl;
use procura_model::{
    ClientAuth, ClientMetadata, Error, GrantType, Json, Reason, Result,
    oauth::{ScopeList, redirect_uri},
};

/// How many redirect URIs one client has.
const MAX_REDIRECTS: usize = 20;
/// How many people one client names.
const MAX_CONTACTS: usize = 10;
/// How long a name or a version may be, in characters.
const MAX_CHARS: usize = 200;
/// How long a URL may be, in bytes.
const MAX_URL_BYTES: usize = 2_048;

/// From whom it comes, and so what it may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A person of an organization.
    Person,
    /// The client itself, by registration.
    Registration,
    /// The client itself, by its document.
    Document,
}

/// What is said of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// What it calls itself.
    pub(super) name: String,
    /// Everything else.
    pub(super) metadata: ClientMetadata,
}

fn no(sentence: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Reason::OauthMetadataInvalid.because(sentence)
}

/// Judges what is said.
///
/// # Errors
/// `OAUTH_REDIRECT_URI_INVALID`, or `OAUTH_CLIENT_METADATA_INVALID` with the member at fault.
pub(super) fn judge(json: &Json, source: Source) -> Result<Said> {
    if !matches!(json, Json::Map(_)) {
        return Err(no("What a client says of itself is one JSON object."));
    }
    let read = Reader(json);
    let auth = auth(&read, source)?;
    let grant_types = grants(&read, source, auth)?;
    let redirect_uris = redirects(&read, &grant_types)?;
    let (jwks_uri, jwks) = keys(&read, auth)?;
    let metadata = ClientMetadata {
        redirect_uris,
        token_endpoint_auth_method: auth,
        grant_types,
        client_uri: read.url("client_uri")?,
        logo_uri: read.url("logo_uri")?,
        scope: scope(&read, source)?,
        contacts: contacts(&read)?,
        tos_uri: read.url("tos_uri")?,
        policy_uri: read.url("policy_uri")?,
        jwks_uri,
        jwks,
        software_id: read.words("software_id")?,
        software_version: read.words("software_version")?,
        application_type: application_type(&read)?,
        dpop_bound_access_tokens: read.flag("dpop_bound_access_tokens")?,
        require_pushed_authorization_requests: read.flag("require_pushed_authorization_requests")?,
    };
    Ok(Said { name: name(&read, source)?, metadata })
}

/// Members by name. `null` and the empty text say nothing.
struct Reader<'j>(&'j Json);

impl<'j> Reader<'j> {
    fn member(&self, name: &str) -> Option<&'j Json> {
        self.0.member(name).filter(|value| !matches!(value, Json::Null))
    }

    fn text(&self, name: &'static str) -> Result<Option<&'j str>> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(no(format!("{name} must be a string."))),
        }
    }

    /// Words that a person reads: no control characters, and none that turn the direction of what follows.
    fn words(&self, name: &'static str) -> Result<Option<String>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MAX_CHARS || text.chars().any(misleads) {
            return Err(no(format!("{name} must have 1 to {MAX_CHARS} plain characters.")));
        }
        Ok(Some(text.to_owned()))
    }

    /// A page for a person: a plainly written http or https URL, so no `javascript:`.
    fn url(&self, name: &'static str) -> Result<Option<String>> {
        let Some(url) = self.text(name)? else { return Ok(None) };
        if url.len() > MAX_URL_BYTES || WebUrl::parse(url).is_err() {
            return Err(no(format!("{name} must be a plainly written http or https URL.")));
        }
        Ok(Some(url.to_owned()))
    }

    fn flag(&self, name: &'static str) -> Result<bool> {
        match self.member(name) {
            None => Ok(false),
            Some(Json::Bool(yes)) => Ok(*yes),
            Some(_) => Err(no(format!("{name} must be true or false."))),
        }
    }

    fn list(&self, name: &'static str) -> Result<Option<Vec<&'j str>>> {
        let wrong = || no(format!("{name} must be a list of strings."));
        match self.member(name) {
            None => Ok(None),
            Some(Json::List(items)) => {
                items.iter().map(|item| item.as_text().ok_or_else(wrong)).collect::<Result<_>>().map(Some)
            }
            Some(_) => Err(wrong()),
        }
    }
}

/// Control characters, and the marks that turn or hide text (Unicode's bidirectional controls, zero widths, tags).
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// RFC 7591 section 2: without a word, a client uses the Authorization header. A document must not name a secret, because
/// nobody could have given it one (client-id-metadata-document section 4.1), so without a word it uses none.
fn auth(read: &Reader<'_>, source: Source) -> Result<ClientAuth> {
    let usual = if source == Source::Document { ClientAuth::None } else { ClientAuth::Basic };
    let Some(word) = read.text("token_endpoint_auth_method")? else { return Ok(usual) };
    let auth: ClientAuth = word.parse().map_err(|_| {
        no("token_endpoint_auth_method must be none, client_secret_basic, client_secret_post or private_key_jwt.")
    })?;
    let has_secret = matches!(auth, ClientAuth::Basic | ClientAuth::Post);
    if source == Source::Document && has_secret {
        return Err(no("token_endpoint_auth_method of a document must be none or private_key_jwt."));
    }
    Ok(auth)
}

/// RFC 7591 section 2: without a word, codes. Grants that we do not have are left out, which section 3.2.1 allows and the
/// answer shows; so is what the client cannot use: who comes by himself acts for no agent of his own, and whoever asserts
/// or exchanges must show who he is.
fn grants(read: &Reader<'_>, source: Source, auth: ClientAuth) -> Result<Vec<GrantType>> {
    let words = read.list("grant_types")?.unwrap_or_else(|| vec![GrantType::AuthorizationCode.as_str()]);
    let mut grants = Vec::new();
    for grant in words.iter().filter_map(|word| word.parse::<GrantType>().ok()) {
        let fits = fits(grant, source, auth);
        if fits && !grants.contains(&grant) {
            grants.push(grant);
        } else if !fits && source == Source::Person {
            return Err(no(format!(
                "grant_types: a client without credentials cannot use {}.",
                grant.as_str()
            )));
        }
    }
    if grants.iter().all(|grant| *grant == GrantType::RefreshToken) {
        let usable = GrantType::ALL.iter().filter(|grant| fits(**grant, source, auth));
        let usable: Vec<&str> = usable.map(|grant| grant.as_str()).collect();
        return Err(no(format!(
            "grant_types has nothing that this client can begin with here; it can use {}.",
            usable.join(", ")
        )));
    }
    // RFC 7591 section 2.1: response_types and grant_types say the same.
    let responses = read.list("response_types")?;
    if grants.contains(&GrantType::AuthorizationCode)
        && responses.is_some_and(|words| !words.is_empty() && !words.contains(&"code"))
    {
        return Err(no("response_types must have code for the grant authorization_code."));
    }
    Ok(grants)
}

/// Whether such a client can use this grant.
fn fits(grant: GrantType, source: Source, auth: ClientAuth) -> bool {
    match grant {
        GrantType::AuthorizationCode | GrantType::RefreshToken | GrantType::DeviceCode => true,
        GrantType::ClientCredentials => source == Source::Person && auth != ClientAuth::None,
        GrantType::TokenExchange | GrantType::JwtBearer => auth != ClientAuth::None,
    }
}

/// RFC 7591 section 2: whoever uses redirects must register where to.
fn redirects(read: &Reader<'_>, grants: &[GrantType]) -> Result<Vec<String>> {
    let wrong = |sentence: String| Reason::OauthRedirectInvalid.because(sentence);
    let uris = read
        .list("redirect_uris")
        .map_err(|_| wrong("redirect_uris must be a list of strings.".to_owned()))?
        .unwrap_or_default();
    if uris.is_empty() && grants.contains(&GrantType::AuthorizationCode) {
        return Err(wrong(
            "redirect_uris must have at least one URI for the grant authorization_code.".to_owned(),
        ));
    }
    if uris.len() > MAX_REDIRECTS {
        return Err(wrong(format!("redirect_uris has more than {MAX_REDIRECTS} URIs.")));
    }
    let mut kept: Vec<String> = Vec::with_capacity(uris.len());
    for (position, uri) in uris.into_iter().enumerate() {
        redirect_uri::register(uri).map_err(|error| {
            wrong(format!("The redirect URI at position {position} cannot be used: {error}"))
        })?;
        if !kept.iter().any(|known| known == uri) {
            kept.push(uri.to_owned());
        }
    }
    Ok(kept)
}

/// RFC 7591 section 2: jwks_uri and jwks must not both be there. Who signs must have one of them, and https alone may
/// bring keys.
fn keys(read: &Reader<'_>, auth: ClientAuth) -> Result<(Option<String>, Option<String>)> {
    let url = read.url("jwks_uri")?;
    let set = match read.member("jwks") {
        None => None,
        Some(set @ Json::Map(_)) => Some(set.canonical()),
        Some(_) => return Err(no("jwks must be a JSON Web Key Set.")),
    };
    if url.is_some() && set.is_some() {
        return Err(no("jwks and jwks_uri must not both be there."));
    }
    if url.as_deref().is_some_and(|url| !url.starts_with("https://")) {
        return Err(no("jwks_uri must be https."));
    }
    if let Some(set) = &set
        && !JwkSet::parse(set).is_ok_and(|set| set.has_usable_key())
    {
        return Err(no(
            "jwks has no public key that can be used: RSA from 2048 bits, P-256, P-384 or Ed25519.",
        ));
    }
    if auth == ClientAuth::PrivateKeyJwt && url.is_none() && set.is_none() {
        return Err(no("private_key_jwt needs jwks or jwks_uri."));
    }
    Ok((url, set))
}

/// What a person set narrows. What a client wrote of itself narrows nothing that it could not write otherwise, and many
/// write words of other servers; it is kept where it speaks of the gateway alone, and otherwise left out.
fn scope(read: &Reader<'_>, source: Source) -> Result<Option<ScopeList>> {
    let Some(text) = read.text("scope")? else { return Ok(None) };
    let list: ScopeList = text.parse().map_err(|error| no(format!("scope: {error}.")))?;
    let ours = ScopeList::of(["tools", "offline_access"]);
    let is_kept = source == Source::Person || (list.contains("tools") && ours.covers(&list));
    Ok(Some(list).filter(|_| is_kept))
}

fn contacts(read: &Reader<'_>) -> Result<Vec<String>> {
    let contacts = read.list("contacts")?.unwrap_or_default();
    let is_plain =
        |text: &&str| (1..=MAX_CHARS).contains(&text.chars().count()) && !text.chars().any(misleads);
    if contacts.len() > MAX_CONTACTS || !contacts.iter().all(is_plain) {
        return Err(no("contacts must be a list of at most 10 plain texts."));
    }
    Ok(contacts.into_iter().map(str::to_owned).collect())
}

fn application_type(read: &Reader<'_>) -> Result<Option<String>> {
    match read.text("application_type")? {
        Some(word @ ("native" | "web")) => Ok(Some(word.to_owned())),
        None => Ok(None),
        Some(_) => Err(no("application_type must be native or web.")),
    }
}

/// A document must say what the client is called: a person is asked about it.
fn name(read: &Reader<'_>, source: Source) -> Result<String> {
    match (read.words("client_name")?, source) {
        (Some(name), _) => Ok(name),
        (None, Source::Registration) => Ok("A client without a name".to_owned()),
        (None, Source::Document | Source::Person) => Err(no("client_name is missing.")),
    }
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
