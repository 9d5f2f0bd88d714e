//! What a client asks at the authorization endpoint (OAuth 2.1 section 4.1.1 with RFC 7636, 8707, 9126, 9207, 9449 and
//! 9470), judged before any person is asked. The order is the RFC's: first the client and its redirect URI, and while
//! either is bad nothing goes to any address that the request names; from then on the client is told at its own address.

use super::{
    clients, consent,
    parameters::Parameters,
    pushed,
    resources::{self, Target},
    scopes,
    state::demand_safe_way,
};
use crate::App;
use procura_egress::WebUrl;
use procura_model::{
    Client, ClientId, Ctx, Digest, Error, GrantType, Reason, Result, TenantId, Time,
    oauth::{ScopeList, redirect_uri},
    time::SECOND_MS,
};

/// Asks for a refresh token; it opens nothing by itself, so no API names it.
pub const OFFLINE: &str = "offline_access";
/// How long a request may be, in bytes.
const MAX_BYTES: usize = 16 * 1024;
/// How many APIs one request may name.
const MAX_RESOURCES: usize = 8;
/// A longer redirect URI is not said again.
const MAX_SAID_BYTES: usize = 200;
/// BASE64URL of 32 bytes: a challenge of S256, or a key's thumbprint.
const HASH_CHARS: usize = 43;

/// Where an answer goes, and what stands in it: the client's address and its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    redirect_uri: String,
    state: Option<String>,
    issuer: String,
    unproven: Option<ClientId>,
}

impl Return {
    /// The client, where nobody here made it: whoever registered it chose where this leads.
    #[must_use]
    pub const fn unproven(&self) -> Option<&ClientId> {
        self.unproven.as_ref()
    }

    /// The address without anything that we add.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// OAuth 2.1 section 4.1.2.
    #[must_use]
    pub fn with_code(&self, code: &str) -> String {
        self.with(&[("code", code)])
    }

    /// OAuth 2.1 section 4.1.2.1. The description has only the characters that the section allows.
    #[must_use]
    pub fn with_error(&self, error: &str, description: &str) -> String {
        self.with(&[("error", error), ("error_description", &describable(description))])
    }

    /// `state` comes back as it came, and every answer names its issuer (RFC 9207 section 2). The redirect URI's own
    /// query stays (RFC 6749 section 3.1.2).
    fn with(&self, answer: &[(&str, &str)]) -> String {
        let mut url = self.redirect_uri.clone();
        url.push(if url.contains('?') { '&' } else { '?' });
        let length = url.len();
        let mut query = form_urlencoded::Serializer::for_suffix(url, length);
        query.extend_pairs(answer);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &self.issuer);
        query.finish()
    }
}

/// `%x20-21 / %x23-5B / %x5D-7E`.
fn describable(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' ' | '!' | '#'..='[' | ']'..='~') { c } else { '\'' }).collect()
}

/// A request that is not put to any person.
#[derive(Debug)]
pub struct Refused {
    /// The error on the wire.
    pub wire: &'static str,
    /// Why.
    pub error: Error,
    /// Where the client is told; none where it must not be (OAuth 2.1 section 4.1.2.1).
    pub back: Option<Box<Return>>,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { wire: error.reason().oauth(), error, back: None }
    }
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Error::from(reason).into()
    }
}

impl Refused {
    pub(super) fn to(mut self, back: &Return) -> Self {
        self.back = Some(Box::new(back.clone()));
        self
    }

    /// A word that the reasons do not have: OpenID Connect Core section 3.1.2.6, RFC 9101 section 6.2.
    fn in_words(wire: &'static str, sentence: &'static str) -> Self {
        Self { wire, error: Reason::OauthRequestInvalid.because(sentence), back: None }
    }
}

/// A request that a person can be asked about.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who asks.
    pub client: Client,
    /// Where the answer goes.
    pub back: Return,
    /// What the exchange must show the preimage of (RFC 7636).
    pub challenge: String,
    /// What is asked for.
    pub scope: ScopeList,
    /// Where.
    pub targets: Vec<Target>,
    /// The key to which the code is bound (RFC 9449 section 10).
    pub dpop_jkt: Option<String>,
    /// The request as a query of ours, to come back to it.
    pub query: String,
    prompt: Prompt,
    max_age_seconds: Option<i64>,
    pub(super) pushed: Option<Digest>,
}

/// What the client wants the person to be asked (OpenID Connect Core section 3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Prompt {
    nothing: bool,
    sign_in: bool,
}

impl Asked {
    /// The one organization in which it can be granted, where the client or an API is one's own.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        self.client.tenant.or_else(|| self.targets.iter().find_map(|target| target.tenant))
    }

    /// The APIs that it wants to reach, as they stand in `aud`.
    #[must_use]
    pub fn resources(&self) -> Vec<String> {
        self.targets.iter().map(|target| target.audience.clone()).collect()
    }

    /// What of it needs a sentence on the page.
    #[must_use]
    pub fn in_words(&self) -> Vec<Reach> {
        in_words(&self.targets, &self.scope)
    }

    /// By what it is known again what the person was shown.
    ///
    /// # Errors
    /// A fault.
    pub fn seen(&self) -> Result<String> {
        consent::seen(&self.client, &self.scope, &self.targets)
    }

    /// Whether the person must prove again who they are: the client said so, or the proof is older than it takes
    /// (RFC 9470 section 5). What was proved since `asked_at`, when they were first sent to do so, is always enough.
    #[must_use]
    pub fn needs_new_proof(&self, proved_at: Time, now: Time, asked_at: Option<Time>) -> bool {
        if asked_at.is_some_and(|asked_at| proved_at >= asked_at) {
            return false;
        }
        let is_old = |seconds: i64| now.ms_since(proved_at) > seconds.saturating_mul(SECOND_MS);
        self.prompt.sign_in || self.max_age_seconds.is_some_and(is_old)
    }

    /// Whether the client wants an answer without a person: there is none here, because software that nobody
    /// authenticated could ask in another's name (OAuth 2.1 section 7.3.1).
    ///
    /// # Errors
    /// Always, where the client wants that.
    pub fn demand_person(&self, is_signed_in: bool) -> Result<(), Refused> {
        if !self.prompt.nothing {
            return Ok(());
        }
        let (wire, sentence) = if is_signed_in {
            ("consent_required", "A person must be asked for each consent.")
        } else {
            ("login_required", "The person must sign in.")
        };
        Err(Refused::in_words(wire, sentence).to(&self.back))
    }

    /// The person said no, or could not say yes.
    #[must_use]
    pub fn denied(&self) -> String {
        self.back.with_error(Reason::OauthAccessDenied.oauth(), "The person did not allow this.")
    }
}

/// What is asked for of one API: the API says what its words mean, so they are told beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The API.
    pub resource: String,
    /// Its scopes that are asked for, with what they allow.
    pub scopes: Vec<(String, String)>,
}

/// Each API with those of its scopes that are asked for.
pub(super) fn in_words(targets: &[Target], scope: &ScopeList) -> Vec<Reach> {
    let reach = |target: &Target| Reach {
        resource: target.audience.clone(),
        scopes: target
            .scopes
            .iter()
            .filter(|own| scope.contains(&own.name))
            .map(|own| (own.name.clone(), own.text.clone()))
            .collect(),
    };
    targets.iter().map(reach).collect()
}

/// Judges a request that came through a browser.
///
/// # Errors
/// [`Refused`]: with the address at which the client is told, or without.
pub async fn read(app: &App, ctx: &Ctx, raw_query: &str) -> Result<Asked, Refused> {
    demand_safe_way(app)?;
    if raw_query.len() > MAX_BYTES {
        return Err(Reason::OauthRequestInvalid.because("The request is too long.").into());
    }
    let parameters = Parameters::parse(raw_query.as_bytes());
    let client = client(app, ctx, &parameters).await?;
    // RFC 9126 section 4: what was pushed is the request, whatever else stands beside its name.
    if let Some(uri) = parameters.one("request_uri")? {
        let (parameters, digest) = pushed::open(app, ctx.now, &client, uri).await?;
        let query = query_of_pushed(&client, uri);
        let asked = judge(app, client, &parameters).await?;
        return Ok(Asked { pushed: Some(digest), query, ..asked });
    }
    let asked = judge(app, client, &parameters).await?;
    if asked.client.metadata.require_pushed_authorization_requests {
        let error = Reason::OauthRequestInvalid.because("This client must push its requests.");
        return Err(Refused::from(error).to(&asked.back));
    }
    Ok(asked)
}

fn query_of_pushed(client: &Client, uri: &str) -> String {
    let pairs = [("client_id", client.id.as_str()), ("request_uri", uri)];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// OAuth 2.1 section 4.1.2.1: a client that is missing, unknown or disabled is told nothing.
async fn client(app: &App, ctx: &Ctx, parameters: &Parameters) -> Result<Client> {
    let text = parameters
        .one("client_id")?
        .ok_or_else(|| Reason::OauthRequestInvalid.because("The parameter client_id is missing."))?;
    let id: ClientId = text.parse().map_err(|_| unknown_client())?;
    let client = clients::find(app, ctx, &id).await.map_err(|error| match error.reason() {
        Reason::OauthClientInvalid => unknown_client(),
        _ => error,
    })?;
    if client.disabled_at.is_some() { Err(unknown_client()) } else { Ok(client) }
}

/// Nothing was shown here but an id.
fn unknown_client() -> Error {
    Reason::OauthClientInvalid.because("The client_id is not known here.")
}

/// Judges the parameters of a client that is known.
///
/// # Errors
/// As [`read`].
pub(super) async fn judge(app: &App, client: Client, parameters: &Parameters) -> Result<Asked, Refused> {
    let redirect_uri = redirect(&client, parameters)?;
    let state = parameters.one("state").ok().flatten().map(str::to_owned);
    let unproven = client.tenant.is_none().then(|| client.id.clone());
    let back = Return { redirect_uri, state, issuer: app.settings.public_url.clone(), unproven };
    match judge_rest(app, &client, parameters).await {
        Ok(rest) => Ok(Asked {
            challenge: rest.challenge,
            scope: rest.scope,
            targets: rest.targets,
            dpop_jkt: rest.dpop_jkt,
            query: parameters.query_without(&["signed_in_since"]),
            prompt: rest.prompt,
            max_age_seconds: rest.max_age_seconds,
            pushed: None,
            client,
            back,
        }),
        Err(refused) => Err(refused.to(&back)),
    }
}

/// OAuth 2.1 section 2.3.3 with RFC 9700 section 2.1: the redirect URI is one that the client registered, to the letter
/// but for a loopback's port. Left out it is the one that was registered, where there is one.
fn redirect(client: &Client, parameters: &Parameters) -> Result<String> {
    let registered = client.metadata.redirect_uris.as_slice();
    match (parameters.one("redirect_uri")?, registered) {
        (Some(uri), _) if redirect_uri::matches(registered, uri) => Ok(uri.to_owned()),
        (Some(uri), _) => Err(unregistered(registered, uri)),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(Reason::OauthRequestInvalid.because("The parameter redirect_uri is missing.")),
    }
}

/// The URI is said again where its host is one of the client's, and the difference is a slash or a port. A stranger's
/// address stands on no page of ours.
fn unregistered(registered: &[String], uri: &str) -> Error {
    let host = |uri: &str| WebUrl::parse(uri).ok().map(|url| url.target().host().to_string());
    let is_near = uri.len() <= MAX_SAID_BYTES
        && uri.bytes().all(|byte| byte.is_ascii_graphic())
        && host(uri).is_some_and(|named| registered.iter().any(|own| host(own).as_ref() == Some(&named)));
    let which = if is_near { format!("The redirect URI {uri}") } else { "The redirect URI".to_owned() };
    Reason::OauthRedirectInvalid
        .because(format!("{which} is none that the client registered; it is compared to the letter."))
}

struct Rest {
    challenge: String,
    scope: ScopeList,
    targets: Vec<Target>,
    dpop_jkt: Option<String>,
    prompt: Prompt,
    max_age_seconds: Option<i64>,
}

async fn judge_rest(app: &App, client: &Client, parameters: &Parameters) -> Result<Rest, Refused> {
    parameters.demand_single()?;
    parameters.demand_resource_for_audience()?;
    if parameters.one("request")?.is_some() {
        // RFC 9101 section 6.2.
        return Err(Refused::in_words(
            "request_not_supported",
            "Request objects are not taken; push the request.",
        ));
    }
    response(parameters)?;
    if !client.may(GrantType::AuthorizationCode) {
        return Err(Reason::OauthClientUnauthorized.into());
    }
    let challenge = challenge(parameters)?;
    let targets = targets(app, client, parameters.all("resource")).await?;
    let scope = scope(client, &targets, parameters.one("scope")?)?;
    let dpop_jkt = thumbprint(parameters)?;
    let prompt = prompt(parameters)?;
    let max_age_seconds = max_age(parameters)?;
    if parameters.one("acr_values")?.is_some() {
        // OpenID Connect Core Unmet Authentication Requirements; RFC 9470 section 5. No level is told apart here, and
        // the metadata lists none.
        return Err(Refused::in_words(
            "unmet_authentication_requirements",
            "No level of authentication is told apart here; use max_age.",
        ));
    }
    Ok(Rest { challenge, scope, targets, dpop_jkt, prompt, max_age_seconds })
}

/// OAuth 2.1: `code` is the only response type, and its answer stands in the query.
fn response(parameters: &Parameters) -> Result<()> {
    match parameters.one("response_type")? {
        Some("code") => {}
        Some(_) => return Err(Reason::OauthResponseTypeUnsupported.into()),
        None => return Err(missing("response_type")),
    }
    match parameters.one("response_mode")? {
        None | Some("query") => Ok(()),
        Some(_) => Err(Reason::OauthRequestInvalid.because("response_mode can only be query.")),
    }
}

/// RFC 7636 section 4.4.1 with OAuth 2.1 section 4.1.1: every client sends a challenge. A method that is left out means
/// `plain`, which is refused (RFC 9700 section 2.1.1).
fn challenge(parameters: &Parameters) -> Result<String> {
    let challenge = parameters.one("code_challenge")?.ok_or_else(|| missing("code_challenge"))?;
    if parameters.one("code_challenge_method")? != Some("S256") {
        return Err(Reason::OauthRequestInvalid.because("code_challenge_method must be S256."));
    }
    if !is_hash(challenge) {
        return Err(Reason::OauthRequestInvalid
            .because("code_challenge must be the unpadded BASE64URL of a SHA-256: 43 characters."));
    }
    Ok(challenge.to_owned())
}

/// RFC 9449 section 10.
fn thumbprint(parameters: &Parameters) -> Result<Option<String>> {
    match parameters.one("dpop_jkt")? {
        None => Ok(None),
        Some(jkt) if is_hash(jkt) => Ok(Some(jkt.to_owned())),
        Some(_) => {
            Err(Reason::OauthRequestInvalid.because("dpop_jkt must be a JWK thumbprint: 43 characters."))
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_CHARS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// RFC 8707 section 2: every resource must be one that is guarded here. Where none is named it is the gateway. One
/// person answers in one organization, so all that is an organization's own is the same one's.
///
/// # Errors
/// `OAUTH_TARGET_INVALID`.
pub(super) async fn targets<'r>(
    app: &App,
    client: &Client,
    named: impl Iterator<Item = &'r str>,
) -> Result<Vec<Target>> {
    let gateway = format!("{}/v1/mcp", app.settings.public_url);
    let mut named: Vec<&str> = named.collect();
    if named.is_empty() {
        named.push(&gateway);
    }
    if named.len() > MAX_RESOURCES {
        return Err(Reason::OauthTargetInvalid.because("Too many resources are named."));
    }
    let mut targets: Vec<Target> = Vec::with_capacity(named.len());
    for identifier in named {
        let target = resources::find(app, identifier).await?;
        if !targets.iter().any(|known| known.audience == target.audience) {
            targets.push(Target::clone(&target));
        }
    }
    let mut owners = targets.iter().filter_map(|target| target.tenant).chain(client.tenant);
    let first = owners.next();
    if owners.any(|other| Some(other) != first) {
        return Err(Reason::OauthTargetInvalid.because("The resources belong to different organizations."));
    }
    Ok(targets)
}

/// RFC 6749 section 3.3: an unknown scope is refused, and so is one beyond the client's registration; where none is named
/// it is all that the resources have and the client registered.
///
/// # Errors
/// `OAUTH_SCOPE_INVALID`.
pub(super) fn scope(client: &Client, targets: &[Target], asked: Option<&str>) -> Result<ScopeList> {
    let known =
        ScopeList::of(targets.iter().flat_map(|target| &target.scopes).map(|scope| scope.name.as_str()));
    let offline = ScopeList::of([OFFLINE]);
    let allowed = match &client.metadata.scope {
        Some(registered) => known.intersect(registered),
        None => known,
    };
    let Some(asked) = asked else { return Ok(allowed) };
    let asked: ScopeList = asked.parse().map_err(scopes::malformed)?;
    let allowed = allowed.union(&offline);
    if allowed.covers(&asked) {
        return Ok(asked);
    }
    Err(scopes::beyond(&asked, &allowed, &targets.iter().collect::<Vec<_>>()))
}

/// OpenID Connect Core section 3.1.2.1: `none` stands alone. What is not known asks for nothing: the person is asked
/// for consent each time anyway.
fn prompt(parameters: &Parameters) -> Result<Prompt> {
    let words: Vec<&str> = parameters.one("prompt")?.unwrap_or_default().split_ascii_whitespace().collect();
    let prompt = Prompt {
        nothing: words.contains(&"none"),
        sign_in: words.contains(&"login") || words.contains(&"select_account"),
    };
    if prompt.nothing && words.len() > 1 {
        return Err(Reason::OauthRequestInvalid.because("prompt has none beside another word."));
    }
    Ok(prompt)
}

/// RFC 9470 section 4.
fn max_age(parameters: &Parameters) -> Result<Option<i64>> {
    let Some(text) = parameters.one("max_age")? else { return Ok(None) };
    let is_number = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| is_number);
    seconds
        .map(Some)
        .ok_or_else(|| Reason::OauthRequestInvalid.because("max_age must be a number of seconds."))
}

fn missing(name: &'static str) -> Error {
    Reason::OauthRequestInvalid.because(format!("The parameter {name} is missing."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(redirect_uri: &str, state: Option<&str>) -> Return {
        Return {
            redirect_uri: redirect_uri.to_owned(),
            state: state.map(str::to_owned),
            issuer: "https://p.example".to_owned(),
            unproven: None,
        }
    }

    #[test]
    fn an_answer_keeps_the_uri_s_query_and_the_state_and_names_its_issuer() {
        let url = back("https://c.example/cb?a=1", Some("x&code=forged#\r\n\"é")).with_code("pac_1");
        assert_eq!(
            url,
            "https://c.example/cb?a=1&code=pac_1&state=x%26code%3Dforged%23%0D%0A%22%C3%A9&iss=https%3A%2F%2Fp.example"
        );
        let url = back("http://127.0.0.1:1/cb", None).with_error("access_denied", "It said \"no\"\\é.");
        assert_eq!(
            url,
            "http://127.0.0.1:1/cb?error=access_denied&error_description=It+said+%27no%27%27%27.&iss=https%3A%2F%2Fp.example"
        );
    }

    #[test]
    fn a_challenge_is_of_s256_or_the_request_is_refused() {
        let of = |query: &str| challenge(&Parameters::parse(query.as_bytes()));
        let good = "a".repeat(43);
        assert_eq!(of(&format!("code_challenge={good}&code_challenge_method=S256")).unwrap(), good);
        for bad in [
            "code_challenge_method=S256".to_owned(),
            format!("code_challenge={good}"),
            format!("code_challenge={good}&code_challenge_method=plain"),
            format!("code_challenge={good}&code_challenge_method=s256"),
            format!("code_challenge={good}%3D&code_challenge_method=S256"),
            format!("code_challenge={}&code_challenge_method=S256", "a".repeat(42)),
            format!("code_challenge={}.&code_challenge_method=S256", "a".repeat(42)),
        ] {
            assert_eq!(of(&bad).unwrap_err().reason(), Reason::OauthRequestInvalid, "{bad}");
        }
    }

    #[test]
    fn prompt_and_max_age_are_read() {
        let of = |query: &str| prompt(&Parameters::parse(query.as_bytes()));
        assert_eq!(of("prompt=login+consent").unwrap(), Prompt { nothing: false, sign_in: true });
        assert_eq!(of("prompt=consent").unwrap(), Prompt::default());
        assert!(of("prompt=none").unwrap().nothing && of("prompt=none+login").is_err());
        let of = |query: &str| max_age(&Parameters::parse(query.as_bytes()));
        assert_eq!(of("max_age=0").unwrap(), Some(0));
        for bad in ["max_age=-1", "max_age=+1", "max_age=x", "max_age=99999999999"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
