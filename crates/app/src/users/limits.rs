//! What settings may be. Judged once, when they are set: what is stored can be used.

use super::{
    CallbackSettings, JwtSettings, MethodSettings, SignedTokenSettings, UserAuthSettings, WidgetSettings,
};
use procura_crypto::signed_token::MAX_LIFETIME_SECONDS;
use procura_egress::{Egress, Lane, Purpose, Scheme, WebUrl};
use procura_model::{Error, Reason, Result, TenantId};
use std::{collections::HashSet, ops::RangeInclusive};

const SESSION_SECONDS: RangeInclusive<u32> = 60..=86_400;
const LIFETIME_SECONDS: RangeInclusive<u32> = 60..=MAX_LIFETIME_SECONDS;
const LEEWAY_SECONDS: RangeInclusive<u32> = 0..=300;
const URL_BYTES: usize = 2_048;
const NAME_BYTES: usize = 512;
const CLAIM_BYTES: usize = 128;
const MAX_ORIGINS: usize = 20;
/// About the token, not about the user (RFC 7519 section 4.1).
const NOT_OF_A_USER: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];
/// Where a page may be served without TLS: on the developer's own machine.
const OWN_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Demands that these settings can be used.
pub(super) fn demand(egress: &Egress, tenant: TenantId, settings: &UserAuthSettings) -> Result<()> {
    within("sessionSeconds", settings.session_seconds, &SESSION_SECONDS)?;
    match &settings.method {
        MethodSettings::Jwt(jwt) => demand_jwt(egress, tenant, jwt)?,
        MethodSettings::SignedToken(signed) => demand_signed_token(signed)?,
        MethodSettings::Callback(callback) => demand_callback(egress, tenant, callback)?,
    }
    settings.widget.as_ref().map_or(Ok(()), demand_widget)
}

fn demand_jwt(egress: &Egress, tenant: TenantId, jwt: &JwtSettings) -> Result<()> {
    demand_reachable(egress, Lane::of(tenant, Purpose::Jwks), "jwt.jwksUrl", &jwt.jwks_url)?;
    text("jwt.issuer", &jwt.issuer, NAME_BYTES)?;
    text("jwt.audience", &jwt.audience, NAME_BYTES)?;
    within("jwt.leewaySeconds", jwt.leeway_seconds, &LEEWAY_SECONDS)?;
    let different: HashSet<_> = jwt.algorithms.iter().collect();
    if different.is_empty() || different.len() != jwt.algorithms.len() {
        return Err(invalid("jwt.algorithms must name at least one algorithm, and none twice."));
    }
    let mut claims = HashSet::new();
    for (field, claim) in [
        ("jwt.subjectClaim", Some(&jwt.subject_claim)),
        ("jwt.emailClaim", jwt.email_claim.as_ref()),
        ("jwt.roleClaim", jwt.role_claim.as_ref()),
    ] {
        let Some(claim) = claim else { continue };
        text(field, claim, CLAIM_BYTES)?;
        if NOT_OF_A_USER.contains(&claim.as_str()) {
            return Err(invalid(format!(
                "{field} must not be one of {}, which are about the token.",
                NOT_OF_A_USER.join(", ")
            )));
        }
        if !claims.insert(claim) {
            return Err(invalid(format!(
                "{field} names a claim that is taken already; set it to null or name another."
            )));
        }
    }
    Ok(())
}

fn demand_signed_token(signed: &SignedTokenSettings) -> Result<()> {
    within("signedToken.maxLifetimeSeconds", signed.max_lifetime_seconds, &LIFETIME_SECONDS)?;
    within("signedToken.leewaySeconds", signed.leeway_seconds, &LEEWAY_SECONDS)
}

fn demand_callback(egress: &Egress, tenant: TenantId, callback: &CallbackSettings) -> Result<()> {
    demand_reachable(egress, Lane::of(tenant, Purpose::Callback), "callback.url", &callback.url)
}

/// A URL that may be asked for, as far as that is known before its name is resolved.
fn demand_reachable(egress: &Egress, lane: Lane, field: &str, url: &str) -> Result<()> {
    text(field, url, URL_BYTES)?;
    if WebUrl::parse(url).is_err() {
        return Err(invalid(format!("{field} must be an https URL without user name or password.")));
    }
    egress.admits(url, lane).map_err(|refused| {
        Reason::EgressRefused.because(format!("{field} cannot be used: {}", refused.text()))
    })
}

fn demand_widget(widget: &WidgetSettings) -> Result<()> {
    if widget.allowed_origins.is_empty() || widget.allowed_origins.len() > MAX_ORIGINS {
        return Err(invalid(format!("widget.allowedOrigins must have 1 to {MAX_ORIGINS} origins.")));
    }
    let mut different = HashSet::new();
    for (index, origin) in widget.allowed_origins.iter().enumerate() {
        let is_exact =
            WebUrl::parse(origin).is_ok_and(|url| is_for_browsers(&url) && origin_of(&url) == *origin);
        if !is_exact {
            return Err(invalid(format!(
                "widget.allowedOrigins[{index}] must be an origin as browsers write it, such as \
                 https://shop.example: lower case, without path, wildcard or default port; http for localhost alone."
            )));
        }
        if !different.insert(origin) {
            return Err(invalid(format!("widget.allowedOrigins[{index}] stands there twice.")));
        }
    }
    text("widget.endpoint", &widget.endpoint, URL_BYTES)?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b";,'\"*#\\".contains(&byte);
    let is_usable = widget.endpoint.bytes().all(is_plain)
        && WebUrl::parse(&widget.endpoint)
            .is_ok_and(|url| is_for_browsers(&url) && url.as_str() == widget.endpoint);
    if is_usable {
        return Ok(());
    }
    Err(invalid(
        "widget.endpoint must be a whole https URL with a path, such as https://shop.example/agent, without user \
         name, fragment, quotes, commas or semicolons; http for localhost alone.",
    ))
}

fn is_for_browsers(url: &WebUrl) -> bool {
    let target = url.target();
    target.scheme() == Scheme::Https || OWN_MACHINE.contains(&target.host().to_string().as_str())
}

/// RFC 6454 section 6.2.
fn origin_of(url: &WebUrl) -> String {
    let target = url.target();
    let scheme = match target.scheme() {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    if target.port() == target.scheme().default_port() {
        return format!("{scheme}://{}", target.host());
    }
    format!("{scheme}://{}:{}", target.host(), target.port())
}

fn within(field: &str, value: u32, range: &RangeInclusive<u32>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(invalid(format!("{field} must be between {} and {}.", range.start(), range.end())))
}

fn text(field: &str, value: &str, max_bytes: usize) -> Result<()> {
    let is_fine = !value.is_empty()
        && value.len() <= max_bytes
        && value.trim() == value
        && !value.chars().any(char::is_control);
    if is_fine {
        return Ok(());
    }
    Err(invalid(format!("{field} must have 1 to {max_bytes} bytes, without blanks around it.")))
}

fn invalid(sentence: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Reason::FieldInvalid.because(sentence)
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
