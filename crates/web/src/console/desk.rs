//! Where a page is made: who looks at it, what they chose, and the two ways in which a handler
//! answers: a page, or a redirect after something was done.

use super::{
    assets::ASSETS,
    view::{
        frame::{Done, Frame, Section, Who, done},
        words::{Problems, When},
    },
};
use crate::{extract::Person, respond::Failure, state::WebState};
use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use procura_app::{App, approvals, onboarding};
use procura_model::{ApprovalState, Ctx, Error, PageAsk, Result, Time};

/// What a handler of the console returns.
pub(super) type Answer = std::result::Result<Response, Failure>;

/// No inline script or style, nothing from elsewhere, no frame around us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// How many waiting approvals the rail counts.
const MAX_COUNTED: i64 = 99;

/// What every page is told by its request.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    theme: &'static str,
    done: Option<Done>,
}

impl Look {
    fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let word = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done");
        Self { theme: theme(&parts.headers), done: word.and_then(|(_, word)| done(&word)) }
    }

    /// The frame of a page outside the rail.
    pub(super) fn bare(&self, app: &App, title: &str) -> Frame {
        Frame {
            title: title.to_owned(),
            section: Section::None,
            who: None,
            badges: app.settings.mode_badges.clone(),
            done: self.done,
            theme: self.theme,
            waiting: 0,
            css: &ASSETS.css,
            script: &ASSETS.script,
            problems: Problems::none(),
        }
    }
}

/// The frame of an error's page, which knows nothing but the error.
pub(super) fn frame_of_error(title: &str) -> Frame {
    Frame {
        title: title.to_owned(),
        section: Section::None,
        who: None,
        badges: Vec::new(),
        done: None,
        theme: "",
        waiting: 0,
        css: &ASSETS.css,
        script: &ASSETS.script,
        problems: Problems::none(),
    }
}

impl FromRequestParts<WebState> for Look {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &WebState) -> std::result::Result<Self, Failure> {
        Ok(Self::of(parts))
    }
}

/// The theme that the person chose; nothing else can come of the cookie.
fn theme(headers: &HeaderMap) -> &'static str {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    match pairs.find(|(name, _)| *name == "procura_theme") {
        Some((_, "dark")) => "dark",
        Some((_, "light")) => "light",
        _ => "",
    }
}

/// A page of somebody who is signed in.
pub(super) struct Desk {
    pub(super) web: WebState,
    pub(super) person: Person,
    pub(super) look: Look,
}

impl FromRequestParts<WebState> for Desk {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> std::result::Result<Self, Failure> {
        let person = Person::from_request_parts(parts, state).await?;
        Ok(Self { web: state.clone(), person, look: Look::of(parts) })
    }
}

impl Desk {
    pub(super) fn app(&self) -> &App {
        &self.web.app
    }

    pub(super) fn ctx(&self) -> &Ctx {
        &self.person.ctx
    }

    /// The live URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app().settings.public_url)
    }

    /// A time as it is seen from this request.
    pub(super) fn when(&self, at: Time) -> When {
        When { at, now: self.ctx().now }
    }

    /// A time in the past. What was seen while this request was under way is seen now: a page never
    /// says that something was done in the future.
    pub(super) fn past(&self, at: Time) -> When {
        let now = self.ctx().now;
        When { at: at.min(now), now }
    }

    /// The frame around a page of this section.
    pub(super) async fn frame(&self, title: &str, section: Section) -> Result<Frame> {
        let signed_in = &self.person.signed_in;
        let own = signed_in.identified.tenant;
        let memberships = onboarding::organizations(self.app(), self.ctx()).await?;
        let others = memberships.into_iter().filter(|each| each.tenant != own);
        let page = PageAsk::new(None, Some(MAX_COUNTED));
        let waiting = approvals::list(self.app(), self.ctx(), Some(ApprovalState::Waiting), &page).await?;
        Ok(Frame {
            section,
            who: Some(Who {
                email: signed_in.email.clone(),
                role: signed_in.role,
                organization: signed_in.organization.clone(),
                form_token: signed_in.form_token.clone(),
                others: others.map(|each| (each.tenant.to_string(), each.name)).collect(),
            }),
            waiting: waiting.items.len(),
            ..self.look.bare(self.app(), title)
        })
    }
}

/// A page.
pub(super) fn page(template: &impl Template) -> Answer {
    page_with(StatusCode::OK, template)
}

/// A page that says what is wrong with the form, with the status of the reason.
pub(super) fn wrong(status: u16, template: &impl Template) -> Answer {
    page_with(StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), template)
}

fn page_with(status: StatusCode, template: &impl Template) -> Answer {
    let html = template.render().map_err(|error| Error::fault("render a page", error))?;
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Under `no-referrer` a browser sends our own forms with `Origin: null`, which we refuse.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// On to another page of ours, which says once what was done.
pub(super) fn go(path: &str, done: &str) -> Answer {
    let joint = if path.contains('?') { '&' } else { '?' };
    let to = if done.is_empty() { path.to_owned() } else { format!("{path}{joint}done={done}") };
    redirect(&to)
}

/// On to another page.
pub(super) fn redirect(to: &str) -> Answer {
    let location = HeaderValue::try_from(to).map_err(|error| Error::fault("name the next page", error))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// A path of ours that a form or a query may name as the next page: never another site.
pub(super) fn local(path: &str) -> &str {
    let is_ours = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    if is_ours { path } else { "/" }
}

/// Whether an error is about what the person typed, so that the form is shown again with it.
pub(super) fn is_about_the_form(error: &Error) -> bool {
    matches!(error, Error::Refused(_))
        && matches!(error.reason().http(), 401 | 403 | 409 | 422)
        && !matches!(
            error.reason(),
            procura_model::Reason::RoleMissing
                | procura_model::Reason::SignInRequired
                | procura_model::Reason::FormStale
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_always_ours() {
        assert_eq!(local("/activity?agent=x"), "/activity?agent=x");
        for foreign in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb", "/\tx"] {
            assert_eq!(local(foreign), "/", "{foreign:?}");
        }
    }

    #[test]
    fn a_theme_is_one_of_two_words() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; procura_theme=dark".parse().unwrap());
        assert_eq!(theme(&headers), "dark");
        headers.insert(header::COOKIE, "procura_theme=\"><script>".parse().unwrap());
        assert_eq!(theme(&headers), "");
    }
}
