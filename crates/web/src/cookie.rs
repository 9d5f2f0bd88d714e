//! The one cookie: the console's session. `__Host-` where the deployment is https (bound to this
//! host, path `/`, never set over plain HTTP), and always HttpOnly and SameSite=Lax.

use axum::http::{HeaderMap, HeaderValue, header};
use procura_app::Settings;
use procura_model::{ShownOnce, Time};

/// The cookie's name in this deployment.
#[must_use]
pub const fn name(settings: &Settings) -> &'static str {
    if settings.secure_cookies { "__Host-procura" } else { "procura" }
}

/// The session that the request carries. Two cookies of the name are none: one of them was planted.
#[must_use]
pub fn session<'h>(settings: &Settings, headers: &'h HeaderMap) -> Option<&'h str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name(settings))
        .map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The `Set-Cookie` header that signs somebody in.
#[must_use]
pub fn signed_in(
    settings: &Settings,
    secret: &ShownOnce,
    expires_at: Time,
    now: Time,
) -> Option<HeaderValue> {
    header_of(settings, secret.show(), expires_at.ms_since(now) / 1_000)
}

/// The `Set-Cookie` header that signs somebody out.
#[must_use]
pub fn signed_out(settings: &Settings) -> Option<HeaderValue> {
    header_of(settings, "", 0)
}

fn header_of(settings: &Settings, value: &str, seconds: i64) -> Option<HeaderValue> {
    let secure = if settings.secure_cookies { "; Secure" } else { "" };
    let text =
        format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(settings));
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cookies: &[&'static str], url: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, cookie.parse().unwrap());
        }
        session(&Settings::for_url(url), &headers).map(str::to_owned)
    }

    #[test]
    fn only_the_one_cookie_of_this_deployment_is_read() {
        assert_eq!(of(&["a=b; procura=x"], "http://localhost:1"), Some("x".to_owned()));
        assert_eq!(of(&["procura=x"], "https://p.example"), None, "anybody could have set it over http");
        assert_eq!(of(&["__Host-procura=x"], "https://p.example"), Some("x".to_owned()));
        assert_eq!(of(&["procura=x; procura=y"], "http://localhost:1"), None, "one of them was planted");
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let settings = Settings::for_url("https://p.example");
        let header =
            signed_in(&settings, &ShownOnce::new("s".to_owned()), Time::from_ms(9_000), Time::from_ms(2_000));
        assert_eq!(
            header.unwrap().to_str().unwrap(),
            "__Host-procura=s; Path=/; Max-Age=7; HttpOnly; SameSite=Lax; Secure"
        );
    }
}
