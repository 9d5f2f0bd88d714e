//! THE table of refusals. Each row gives the wire code, the HTTP status, a sentence and the next
//! step; JSON errors, `WWW-Authenticate`, OpenAPI, `docs/ERRORS.md`, SDK enums and the audit column
//! are all made from it. A code never changes its meaning.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $http:literal, $text:literal, $fix:literal;)*) => {
        /// Why the answer is no (or, for [`Reason::Allowed`], yes).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* #[doc = $text] $name,)* }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code on the wire.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }

            /// The HTTP status of an answer that is this refusal.
            #[must_use]
            pub const fn http(self) -> u16 { match self { $(Self::$name => $http,)* } }

            /// One sentence for a person.
            #[must_use]
            pub const fn text(self) -> &'static str { match self { $(Self::$name => $text,)* } }

            /// What to do next.
            #[must_use]
            pub const fn fix(self) -> &'static str { match self { $(Self::$name => $fix,)* } }
        }
    };
}

reasons! {
    Allowed, "ALLOWED", 200, "The action is allowed.", "Go ahead; the decision is recorded.";

    // Who is calling.
    CredentialMissing, "AUTH_CREDENTIAL_MISSING", 401, "No credential was sent.", "Send the key as `Authorization: Bearer <key>` or `x-api-key: <key>`.";
    CredentialMalformed, "AUTH_CREDENTIAL_MALFORMED", 401, "The credential is not a Procura key: its prefix or checksum is wrong.", "Copy the whole key again; it starts with pca_ (agent) or pcp_ (platform).";
    CredentialInvalid, "AUTH_CREDENTIAL_INVALID", 401, "The credential is unknown or has been revoked.", "Create or rotate the key in the console under Agents or Settings.";
    CredentialExpired, "AUTH_CREDENTIAL_EXPIRED", 401, "The credential has expired.", "Rotate the key in the console.";
    ScopeMissing, "AUTH_SCOPE_MISSING", 403, "The credential lacks the scope that this operation needs.", "Use a key that has the named scope.";
    RoleMissing, "AUTH_ROLE_MISSING", 403, "Your role does not allow this.", "Ask an owner or admin of the organization.";
    AgentDisabled, "AGENT_DISABLED", 403, "The agent is disabled.", "Enable it in the console under Agents.";
    AgentMismatch, "AGENT_MISMATCH", 403, "An agent key speaks for its own agent only.", "Leave agentId out, or use that agent's key.";
    AgentIdMissing, "AGENT_ID_MISSING", 422, "A platform key must say which agent it speaks for.", "Use the key of the agent that acts, or add agentId where the operation takes it.";
    SignInRequired, "AUTH_SIGN_IN_REQUIRED", 401, "You are not signed in, or the session has ended.", "Sign in.";
    SignInFailed, "AUTH_SIGN_IN_FAILED", 401, "The e-mail address or the password is wrong.", "Try again, or ask an owner for a new invitation.";
    FormStale, "FORM_STALE", 403, "The form was not sent by this site in this session.", "Reload the page and send the form again.";
    LinkInvalid, "LINK_INVALID", 410, "The link is unknown, already used, or expired.", "Ask for a new link.";
    SetupDone, "SETUP_DONE", 409, "This Procura has an owner already.", "Sign in, or ask the owner for an invitation.";
    PasswordTooShort, "PASSWORD_TOO_SHORT", 422, "The password is too short.", "Use at least 10 characters.";
    PasswordTooLong, "PASSWORD_TOO_LONG", 422, "The password is too long.", "Use at most 1,024 characters.";
    LastOwner, "LAST_OWNER", 409, "An organization cannot be left without an owner.", "Make somebody else an owner first.";

    // For which user.
    UserAuthMissing, "AUTH_NOT_CONFIGURED", 409, "No method is configured by which users of this agent are verified.", "Choose a method in the console under Agents, User authentication.";
    JwtInvalid, "AUTH_JWT_INVALID", 401, "The token is not a JWT that this agent accepts: its form, signature, issuer, audience or algorithm is wrong.", "Try the token in the token console; it names the step that failed.";
    JwtExpired, "AUTH_JWT_EXPIRED", 401, "The token has expired.", "Mint a new token; exp must be in the future.";
    JwtNoSubject, "AUTH_JWT_NO_SUBJECT", 401, "The token names no user.", "Put the user's id into the subject claim, as a string that is not blank.";
    JwksUnreachable, "AUTH_JWKS_UNREACHABLE", 503, "The key set that the token must be checked with cannot be had.", "See that the JWKS URL answers with a key set within five seconds.";
    TokenMalformed, "AUTH_TOKEN_MALFORMED", 401, "The token is not two base64url segments divided by a dot that hold one JSON object.", "Check the encoding: base64url without padding, signed over the first segment's text.";
    TokenInvalid, "AUTH_TOKEN_INVALID", 401, "The token's signature does not match, or the token is not valid yet.", "See that both sides use the same secret and sign the payload segment's bytes.";
    TokenExpired, "AUTH_TOKEN_EXPIRED", 401, "The token has expired, or lives longer than allowed.", "Mint a new token with an exp at most the allowed lifetime away.";
    TokenNoSubject, "AUTH_TOKEN_NO_SUBJECT", 401, "The token names no user.", "Put userId into the payload, as a string that is not blank.";
    CallbackTimeout, "AUTH_CALLBACK_TIMEOUT", 504, "The identity callback did not answer within five seconds.", "Make the callback answer faster.";
    CallbackFailed, "AUTH_CALLBACK_FAILED", 401, "The identity callback refused the token, or could not be reached.", "See that the callback answers a valid token with 200.";
    CallbackInvalid, "AUTH_CALLBACK_BAD_RESPONSE", 502, "The identity callback's answer is not the expected JSON.", "Answer with userId and, if wanted, email, role and attributes, in at most 64 KB.";
    UserTokenMissing, "USER_TOKEN_MISSING", 400, "No user token was sent.", "Send the user's token once, in the header X-User-Auth-Token.";
    UserTokenUnexpected, "USER_TOKEN_UNEXPECTED", 400, "A user token is taken only where a session begins.", "Open a session with POST /v1/sessions, then send its token in X-Procura-Session.";
    SessionInvalid, "SESSION_INVALID", 401, "The session is unknown, or is not this agent's.", "Open a session with POST /v1/sessions and the user's token.";
    SessionExpired, "SESSION_EXPIRED", 401, "The session has expired.", "Open a new session with the user's token.";
    SessionRevoked, "SESSION_REVOKED", 401, "The session was revoked.", "Stop acting for this user; a new session needs a new token of the user.";
    UserRequired, "USER_REQUIRED", 403, "This tool acts for a verified user, and the call has none.", "Open a session for the user and send its token in X-Procura-Session.";

    // What was sent.
    BodyMalformed, "BODY_MALFORMED", 400, "The body is not valid JSON.", "Send one JSON document in UTF-8 without duplicate keys.";
    FieldInvalid, "FIELD_INVALID", 422, "A field is missing, unknown, or has a value that cannot be used.", "See the sentence for the field and what it must be.";
    BodyTooLarge, "BODY_TOO_LARGE", 413, "The body is too large.", "Send less; the limit is named in the sentence.";
    BodyTooSlow, "BODY_TOO_SLOW", 408, "The body did not arrive in time.", "Send the whole body at once.";
    MediaTypeUnsupported, "MEDIA_TYPE_UNSUPPORTED", 415, "The content type is not supported here.", "Send `Content-Type: application/json`.";
    NotAcceptable, "NOT_ACCEPTABLE", 406, "None of the types that you accept can be made here.", "Send `Accept: application/json, text/event-stream`.";
    NotFound, "NOT_FOUND", 404, "There is no such thing here.", "Check the id; things of other organizations are never found.";
    PathUnknown, "PATH_UNKNOWN", 404, "There is no such page or path here.", "Check the address; the paths of the API are listed in /openapi.json.";
    MethodNotAllowed, "METHOD_NOT_ALLOWED", 405, "The method is not allowed on this path.", "See the Allow header, or /openapi.json.";
    NameTaken, "NAME_TAKEN", 409, "The name is already in use.", "Choose another name.";
    StateChanged, "STATE_CHANGED", 409, "Somebody else changed this first.", "Load it again and look.";
    IdempotencyMismatch, "IDEMPOTENCY_MISMATCH", 422, "The idempotency key was used with another body.", "Use a new Idempotency-Key for a new request.";
    OriginRefused, "ORIGIN_REFUSED", 403, "Requests from this origin are not allowed.", "Add the origin to `allowed_origins`, or call from a server.";
    HostRefused, "HOST_REFUSED", 403, "The Host header does not name this server.", "Call the server by its public URL, or add the name to `allowed_hosts`.";
    RateLimited, "RATE_LIMITED", 429, "Too many requests.", "Wait as long as Retry-After says.";
    TooManyWaiting, "APPROVALS_TOO_MANY", 429, "Too many approvals of this agent are waiting.", "Decide or cancel the waiting ones first.";

    // What the policy says.
    NoPermission, "NO_PERMISSION", 403, "No permission of the agent covers this action.", "Add a permission in the console under Policies.";
    ActionBlocked, "ACTION_BLOCKED", 403, "A permission blocks this action.", "Blocked beats allowed; change the blocking permission if that is wrong.";
    VendorNotAllowed, "VENDOR_NOT_ALLOWED", 403, "The vendor is not on the permission's list.", "Use an allowed vendor, or add this one to the permission.";
    VendorInvalid, "VENDOR_INVALID", 403, "The vendor is not a host name that can be compared.", "Send a plain host name such as shop.example.com.";
    ArgumentRefused, "ARGUMENT_REFUSED", 403, "An argument does not meet the permission's condition.", "Call again with an argument that meets the condition.";
    AmountOverLimit, "AMOUNT_OVER_LIMIT", 403, "The amount exceeds what the permission allows per call.", "Ask for less, or have the limit raised.";
    AmountMissing, "AMOUNT_MISSING", 403, "The permission has a limit, and the request names no amount.", "Send the amount.";
    AmountInvalid, "AMOUNT_INVALID", 422, "The amount is not a non-negative decimal with at most four decimal places.", "Send the amount as a string such as \"742.00\".";
    CurrencyMissing, "CURRENCY_MISSING", 422, "The amount has no currency, and there is no default.", "Send currency, for example \"USD\".";
    CurrencyMismatch, "CURRENCY_MISMATCH", 403, "The amount is in another currency than the permission's limit.", "Ask in the permission's currency; amounts are never converted.";
    OutsideSchedule, "OUTSIDE_SCHEDULE", 403, "The permission does not hold at this hour.", "Try again within the permission's schedule.";
    PermissionExpired, "PERMISSION_EXPIRED", 403, "The permission has expired.", "Have the permission renewed.";
    PermissionNotYetValid, "PERMISSION_NOT_YET_VALID", 403, "The permission does not hold yet.", "Try again after its start.";
    UserMismatch, "USER_MISMATCH", 403, "The permission is for another user.", "Call on behalf of that user.";
    BudgetExceeded, "BUDGET_EXCEEDED", 403, "A limit over time does not leave enough for this.", "Ask for less, wait until the window has moved on, or have the limit raised.";
    GuardrailDenied, "GUARDRAIL_DENIED", 403, "A guardrail of the organization refuses this.", "Guardrails stand above permissions; see the sentence for the one that refused.";
    PolicyError, "POLICY_ERROR", 403, "The policy could not be evaluated, so the answer is no.", "See the sentence for the permission or the guardrail at fault, and what of it is.";

    // What was reserved, and what was signed.
    ReservationClosed, "RESERVATION_CLOSED", 409, "The reservation was settled otherwise already.", "Look at its state; a settled reservation is not settled again.";
    AmountOverReserved, "AMOUNT_OVER_RESERVED", 422, "The amount is more than was reserved.", "Verify the difference first, then commit both.";
    ReceiptInvalid, "RECEIPT_INVALID", 422, "The receipt is not one that this server signed.", "Send the receipt as it came, whole.";
    ReceiptExpired, "RECEIPT_EXPIRED", 410, "The receipt has expired.", "Ask for a new decision.";
    ReceiptMismatch, "RECEIPT_MISMATCH", 403, "The receipt is for another audience or another action.", "Send the receipt to the party and for the action that it names.";
    ReceiptStale, "RECEIPT_STALE", 403, "What the decision stood on has changed since.", "Ask for a new decision.";
    ReceiptDenied, "RECEIPT_DENIED", 403, "The decision that the receipt tells of is not an allow.", "Do nothing; a new receipt is needed once the action is allowed.";
    ReceiptRedeemed, "RECEIPT_REDEEMED", 409, "The receipt was redeemed already.", "A receipt is good for one use; ask for a new decision.";
    PassportInvalid, "PASSPORT_INVALID", 401, "The passport link is unknown, was replaced, or its agent is disabled.", "Ask whoever gave you the link for a new one.";

    // What a person says.
    ApprovalRequired, "APPROVAL_REQUIRED", 403, "A person must approve this exact call.", "Have it approved by the link, then send the same call again.";
    ApprovalDenied, "APPROVAL_DENIED", 403, "A person denied this call.", "Do not repeat it; ask the person if it matters.";
    ApprovalClosed, "APPROVAL_CLOSED", 409, "The approval is no longer waiting.", "Look at its state; the call must be asked anew.";
    ApprovalAnswered, "APPROVAL_ANSWERED", 409, "You have answered this already.", "Somebody else must answer too.";
    SelfApproval, "APPROVAL_NOT_ELIGIBLE", 403, "You cannot decide this approval.", "Somebody else with the role approver, admin or owner must.";

    // What the screens say.
    PromptInjection, "PROMPT_INJECTION", 403, "The text looks like a prompt injection.", "Remove the instructions from the content; see the rules that fired in the trace.";
    CouldNotScan, "COULD_NOT_SCAN", 403, "The text could not be screened, so it is refused.", "Send less text, in valid UTF-8, with less nesting.";

    // The tools behind.
    ToolUnknown, "TOOL_UNKNOWN", 404, "There is no such tool for this agent.", "List the tools again with tools/list.";
    ArgumentsInvalid, "ARGUMENTS_INVALID", 422, "The tool's arguments are not a JSON object that can be read safely.", "Send arguments as the tool's schema has them: an object without duplicate keys, at most 64 levels deep; the sentence names the one at fault.";
    UpstreamUnreachable, "UPSTREAM_UNREACHABLE", 502, "The tool server cannot be reached.", "Try again later; see the server's health under Tools.";
    UpstreamTimeout, "UPSTREAM_TIMEOUT", 504, "The tool server did not answer in time.", "Try again later, or raise the server's deadline.";
    UpstreamInvalid, "UPSTREAM_BAD_RESPONSE", 502, "The tool server gave an answer that is not valid.", "The owner of the tool server must mend it; the trace has more.";
    UpstreamTooLarge, "UPSTREAM_TOO_LARGE", 502, "The tool server's answer is larger than allowed.", "Ask for less, or raise the server's limit.";
    EgressRefused, "EGRESS_REFUSED", 403, "The address is not one that Procura may connect to.", "Use a public address, or have the operator allow the host in [egress].";
    CallCancelled, "CALL_CANCELLED", 499, "The caller went away before the answer.", "Nothing to do; the trace shows how far it came.";
    HeaderMismatch, "HEADER_MISMATCH", 400, "A header does not agree with the body.", "Send headers that equal the body, as the MCP specification says.";

    // What the authorization server says; the wire has the error that [`Reason::oauth`] names.
    OauthRequestInvalid, "OAUTH_REQUEST_INVALID", 400, "The request is missing a parameter, has one twice, or has one that cannot be used.", "See error_description for the parameter and what it must be.";
    OauthClientInvalid, "OAUTH_CLIENT_INVALID", 401, "The client is unknown, disabled, or did not show that it is itself.", "See that client_id, its secret or assertion, and the method fit the registration.";
    OauthGrantInvalid, "OAUTH_GRANT_INVALID", 400, "The code, refresh token or assertion is unknown, expired, used, revoked, or another client's.", "Begin the authorization again.";
    OauthClientUnauthorized, "OAUTH_CLIENT_UNAUTHORIZED", 400, "The client may not use this grant.", "Register the client for the grant.";
    OauthGrantUnsupported, "OAUTH_GRANT_UNSUPPORTED", 400, "There is no such grant here.", "See grant_types_supported in the metadata.";
    OauthScopeInvalid, "OAUTH_SCOPE_INVALID", 400, "A scope is unknown, malformed, or more than was granted.", "See scopes_supported in the metadata.";
    OauthTargetInvalid, "OAUTH_TARGET_INVALID", 400, "The resource is none that is guarded here, or not among those granted.", "Send the resource exactly as its metadata names it.";
    OauthResponseTypeUnsupported, "OAUTH_RESPONSE_TYPE_UNSUPPORTED", 400, "Only the response type code is supported.", "Send response_type=code with PKCE.";
    OauthAccessDenied, "OAUTH_ACCESS_DENIED", 403, "The person refused, or may not allow this.", "Ask the person again only if they want to.";
    OauthPending, "OAUTH_AUTHORIZATION_PENDING", 400, "The person has not decided yet.", "Ask again after the interval.";
    OauthSlowDown, "OAUTH_SLOW_DOWN", 400, "You ask too often.", "Wait five seconds longer between two asks from now on.";
    OauthExpired, "OAUTH_EXPIRED_TOKEN", 400, "The time in which the person could decide is over.", "Ask for a new device code.";
    OauthProofInvalid, "OAUTH_DPOP_PROOF_INVALID", 400, "The DPoP proof does not hold.", "See error_description for the check that failed.";
    OauthNonceWanted, "OAUTH_DPOP_NONCE_WANTED", 400, "The DPoP proof needs the nonce of this server.", "Make a proof with the nonce of the DPoP-Nonce header and send the request again.";
    OauthRedirectInvalid, "OAUTH_REDIRECT_URI_INVALID", 400, "A redirect URI cannot be used.", "Use https, or http for localhost, 127.0.0.1 and [::1]; without fragment, user or wildcard.";
    OauthMetadataInvalid, "OAUTH_CLIENT_METADATA_INVALID", 400, "What the client says of itself cannot be used.", "See error_description for the member at fault.";
    OauthDocumentInvalid, "OAUTH_CLIENT_DOCUMENT_INVALID", 400, "The client's metadata document cannot be had or cannot be used.", "See that the client_id URL answers 200 with a JSON document whose client_id is that URL.";

    // Agents that register themselves; the wire has the word that [`Reason::agent_auth`] names.
    AgentRequestInvalid, "AGENT_REQUEST_INVALID", 400, "The request cannot be read, or a member of it cannot be used.", "See the sentence for the member and what it must be; the forms stand in auth.md.";
    AgentAnonymousOff, "AGENT_ANONYMOUS_NOT_ENABLED", 400, "This API lets nobody register anonymously.", "Register by one of identity_types_supported.";
    AgentAssertionsOff, "AGENT_ISSUER_NOT_ENABLED", 400, "This API takes no identity assertions.", "Register by one of identity_types_supported.";
    AgentEmailOff, "AGENT_EMAIL_NOT_ENABLED", 400, "This API lets nobody register by an address.", "Register by one of identity_types_supported.";
    AgentCredentialUnsupported, "AGENT_CREDENTIAL_TYPE_UNSUPPORTED", 400, "This kind of credential is not handed out.", "Ask for one of credential_types_supported, such as api_key.";
    AgentIssuerInvalid, "AGENT_ISSUER_INVALID", 400, "The issuer of the assertion is none that is trusted here.", "Have the issuer added to the trusted ones of the API's organization.";
    AgentSignatureInvalid, "AGENT_SIGNATURE_INVALID", 400, "The signature does not hold under the issuer's keys.", "Sign with a key that the issuer publishes, by an algorithm that is allowed.";
    AgentAssertionExpired, "AGENT_ASSERTION_EXPIRED", 400, "The assertion has expired.", "Ask the provider for a new one.";
    AgentAssertionReplayed, "AGENT_ASSERTION_REPLAYED", 400, "The assertion was used before.", "Ask the provider for a new one; each is good for one use.";
    AgentAudienceInvalid, "AGENT_AUDIENCE_INVALID", 400, "The assertion is for another server.", "Ask for one whose aud is this server's issuer alone.";
    AgentClientInvalid, "AGENT_CLIENT_INVALID", 400, "The assertion's client is none that may use this issuer.", "Have the client added to those of the trusted issuer.";
    AgentEmailMissing, "AGENT_VERIFIED_EMAIL_MISSING", 400, "The assertion names no verified address of its person.", "Ask for one with email and email_verified, or phone_number and phone_number_verified.";
    AgentLoginOld, "AGENT_LOGIN_TOO_OLD", 400, "The person of the assertion signed in too long ago, or it does not say when.", "Let the person sign in at the provider again, and ask for a new assertion.";
    AgentClaimInvalid, "AGENT_CLAIM_TOKEN_INVALID", 401, "There is no such claim token.", "Send the claim_token as it came with the registration, whole.";
    AgentClaimBusy, "AGENT_CLAIM_IN_FLIGHT", 409, "The agent is claimed already, or somebody else is being asked.", "Wait until the running claim is answered or over.";
    AgentClaimExpired, "AGENT_CLAIM_EXPIRED", 410, "The time in which the agent could be claimed is over.", "Register again.";
    AgentClaimPending, "AGENT_CLAIM_PENDING", 400, "The person has not decided yet.", "Ask again after the interval.";
    AgentClaimSlow, "AGENT_CLAIM_SLOW_DOWN", 400, "You ask too often.", "Wait five seconds longer between two asks from now on.";
    AgentClaimDenied, "AGENT_CLAIM_DENIED", 403, "The person refused.", "Ask the person again only if they want to.";
    AgentCodeExpired, "AGENT_CODE_EXPIRED", 410, "The time in which the person could answer is over, or a wrong code was typed too often.", "Begin the claim again for a new code.";
    AgentClaimTaken, "AGENT_PREVIOUSLY_CLAIMED", 409, "What the person gave was fetched already.", "Use the credential that came then.";
    WorkspaceMissing, "AUTH_WORKSPACE_MISSING", 403, "The credential does not count in this workspace.", "Use a credential of that workspace.";

    // Faults.
    Internal, "INTERNAL", 500, "Something broke on our side.", "Try again; give the request id to the operator.";
    Unavailable, "UNAVAILABLE", 503, "A part that must answer cannot, so nothing was done.", "Try again shortly; see /readyz.";
    RecordUnavailable, "RECORD_UNAVAILABLE", 503, "The record cannot be written, so the action was not done.", "Try again shortly; the operator should look at the database.";
    RevocationStale, "REVOCATION_STATE_STALE", 503, "This node does not know the newest revocations, so it refuses.", "Try again shortly; the node recovers when it reaches the database.";
}

impl Reason {
    /// The error on the wire of the OAuth endpoints (RFC 6749 sections 4.1.2.1 and 5.2, and the extensions that the
    /// rows name). What has none of its own is `invalid_request` where the caller is at fault and otherwise
    /// `server_error` or `temporarily_unavailable`.
    #[must_use]
    pub const fn oauth(self) -> &'static str {
        match self {
            Self::OauthClientInvalid => "invalid_client",
            Self::OauthGrantInvalid => "invalid_grant",
            Self::OauthClientUnauthorized => "unauthorized_client",
            Self::OauthGrantUnsupported => "unsupported_grant_type",
            Self::OauthScopeInvalid => "invalid_scope",
            Self::OauthTargetInvalid => "invalid_target",
            Self::OauthResponseTypeUnsupported => "unsupported_response_type",
            Self::OauthAccessDenied => "access_denied",
            Self::OauthPending => "authorization_pending",
            Self::OauthSlowDown => "slow_down",
            Self::OauthExpired => "expired_token",
            Self::OauthProofInvalid => "invalid_dpop_proof",
            Self::OauthNonceWanted => "use_dpop_nonce",
            Self::OauthRedirectInvalid => "invalid_redirect_uri",
            Self::OauthMetadataInvalid => "invalid_client_metadata",
            Self::CredentialMissing
            | Self::CredentialMalformed
            | Self::CredentialInvalid
            | Self::CredentialExpired => "invalid_token",
            Self::ScopeMissing => "insufficient_scope",
            Self::RateLimited | Self::Unavailable | Self::RecordUnavailable | Self::RevocationStale => {
                "temporarily_unavailable"
            }
            Self::Internal => "server_error",
            _ => "invalid_request",
        }
    }

    /// The word on the wire of the endpoints at which agents register (decision 16).
    #[must_use]
    pub const fn agent_auth(self) -> &'static str {
        match self {
            Self::AgentAnonymousOff => "anonymous_not_enabled",
            Self::AgentAssertionsOff => "issuer_not_enabled",
            Self::AgentEmailOff => "verified_email_not_enabled",
            Self::AgentCredentialUnsupported => "unsupported_credential_type",
            Self::AgentIssuerInvalid => "invalid_issuer",
            Self::AgentSignatureInvalid => "invalid_signature",
            Self::AgentAssertionExpired => "expired",
            Self::AgentAssertionReplayed => "replay_detected",
            Self::AgentAudienceInvalid => "invalid_audience",
            Self::AgentClientInvalid => "invalid_client_id",
            Self::AgentEmailMissing => "missing_verified_email",
            Self::AgentLoginOld => "insufficient_user_authentication",
            Self::AgentClaimInvalid => "invalid_claim_token",
            Self::AgentClaimBusy => "claimed_or_in_flight",
            Self::AgentClaimExpired => "claim_expired",
            Self::AgentClaimPending => "authorization_pending",
            Self::AgentClaimSlow => "slow_down",
            Self::AgentClaimDenied => "access_denied",
            Self::AgentCodeExpired => "otp_expired",
            Self::AgentClaimTaken => "previously_claimed",
            Self::RateLimited => "rate_limited",
            Self::Unavailable | Self::RecordUnavailable | Self::RevocationStale | Self::JwksUnreachable => {
                "temporarily_unavailable"
            }
            Self::Internal => "server_error",
            _ => "invalid_request",
        }
    }

    /// The reason that has this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> serde::Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::from_code(&code).ok_or_else(|| serde::de::Error::custom("unknown reason code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_unique_upper_case_and_has_a_next_step() {
        let mut seen = HashSet::new();
        for reason in Reason::ALL {
            assert!(seen.insert(reason.code()), "{} stands twice", reason.code());
            assert!(reason.code().bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
            assert!(reason.text().ends_with('.') && reason.fix().ends_with('.'), "{reason:?}");
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
    }
}
