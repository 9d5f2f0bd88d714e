//! The settings of user authentication as a form has them, and back. What a form leaves empty is absent;
//! what cannot be read is said beside its field. Secrets go another way: no form is ever filled with one.

use super::view::{
    users::{MethodForm, WidgetForm},
    words::Problems,
};
use crate::form::Fields;
use procura_app::users::{
    CallbackSettings, JwtSettings, MethodSettings, SignedTokenSettings, UserAuthSettings, WidgetSettings,
};
use procura_model::{Error, UserAuthMethod};
use serde::{Serialize, de::DeserializeOwned};

/// What was typed.
pub(super) fn typed(fields: &Fields) -> MethodForm {
    let text = |name| fields.text(name).to_owned();
    MethodForm {
        jwks_url: text("jwks_url"),
        issuer: text("issuer"),
        audience: text("audience"),
        algorithms: fields.all("algorithm").map(str::to_owned).collect(),
        leeway: text("leeway"),
        subject_claim: text("subject_claim"),
        email_claim: text("email_claim"),
        role_claim: text("role_claim"),
        max_lifetime: text("max_lifetime"),
        callback_url: text("callback_url"),
        session_seconds: text("session_seconds"),
    }
}

/// The form of a method: filled with what is set where it is this one, else with what is usual.
pub(super) fn written(method: UserAuthMethod, set: Option<&UserAuthSettings>) -> MethodForm {
    let own = set.map(|set| &set.method).filter(|settings| settings.method() == method);
    let seconds = set.map_or_else(|| "3600".to_owned(), |set| set.session_seconds.to_string());
    let form = MethodForm { session_seconds: seconds, ..usual(method) };
    match own {
        None => form,
        Some(MethodSettings::Jwt(jwt)) => MethodForm {
            jwks_url: jwt.jwks_url.clone(),
            issuer: jwt.issuer.clone(),
            audience: jwt.audience.clone(),
            algorithms: jwt.algorithms.iter().filter_map(word).collect(),
            leeway: jwt.leeway_seconds.to_string(),
            subject_claim: jwt.subject_claim.clone(),
            email_claim: jwt.email_claim.clone().unwrap_or_default(),
            role_claim: jwt.role_claim.clone().unwrap_or_default(),
            ..form
        },
        Some(MethodSettings::SignedToken(signed)) => MethodForm {
            max_lifetime: signed.max_lifetime_seconds.to_string(),
            leeway: signed.leeway_seconds.to_string(),
            ..form
        },
        Some(MethodSettings::Callback(callback)) => MethodForm { callback_url: callback.url.clone(), ..form },
    }
}

fn usual(method: UserAuthMethod) -> MethodForm {
    let signed = SignedTokenSettings::default();
    let is_jwt = method == UserAuthMethod::Jwt;
    let of_jwt = |text: &str| if is_jwt { text.to_owned() } else { String::new() };
    MethodForm {
        algorithms: super::view::users::ALGORITHMS.iter().map(|&word| word.to_owned()).collect(),
        leeway: if is_jwt { "30".to_owned() } else { signed.leeway_seconds.to_string() },
        subject_claim: of_jwt("sub"),
        email_claim: of_jwt("email"),
        role_claim: of_jwt("role"),
        max_lifetime: signed.max_lifetime_seconds.to_string(),
        ..MethodForm::default()
    }
}

fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn from_word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

/// The settings that a form says; the widget stays as it is.
pub(super) fn read(
    method: UserAuthMethod,
    form: &MethodForm,
    widget: Option<WidgetSettings>,
) -> Result<UserAuthSettings, Problems> {
    let mut problems = Problems::none();
    let mut number = |text: &str, field: &'static str| {
        text.parse().unwrap_or_else(|_| {
            problems.add(field, "This must be a whole number of seconds.");
            0_u32
        })
    };
    let session_seconds = number(&form.session_seconds, "session_seconds");
    let claim = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let method = match method {
        UserAuthMethod::Jwt => MethodSettings::Jwt(JwtSettings {
            jwks_url: form.jwks_url.clone(),
            issuer: form.issuer.clone(),
            audience: form.audience.clone(),
            algorithms: form.algorithms.iter().filter_map(|word| from_word(word)).collect(),
            leeway_seconds: number(&form.leeway, "leeway"),
            subject_claim: form.subject_claim.clone(),
            email_claim: claim(&form.email_claim),
            role_claim: claim(&form.role_claim),
        }),
        UserAuthMethod::SignedToken => MethodSettings::SignedToken(SignedTokenSettings {
            max_lifetime_seconds: number(&form.max_lifetime, "max_lifetime"),
            leeway_seconds: number(&form.leeway, "leeway"),
        }),
        UserAuthMethod::Callback => {
            MethodSettings::Callback(CallbackSettings { url: form.callback_url.clone() })
        }
    };
    if problems.any() { Err(problems) } else { Ok(UserAuthSettings { method, session_seconds, widget }) }
}

/// The widget's form as it is set.
pub(super) fn written_widget(set: Option<&WidgetSettings>) -> WidgetForm {
    set.map_or_else(WidgetForm::default, |widget| WidgetForm {
        origins: widget.allowed_origins.join("\n"),
        endpoint: widget.endpoint.clone(),
    })
}

/// What was typed about the widget.
pub(super) fn typed_widget(fields: &Fields) -> WidgetForm {
    WidgetForm { origins: fields.text("origins").to_owned(), endpoint: fields.text("endpoint").to_owned() }
}

/// The widget that a form says; none where it says nothing.
pub(super) fn read_widget(form: &WidgetForm) -> Option<WidgetSettings> {
    let origins = form.origins.split_whitespace().map(str::to_owned);
    let widget = WidgetSettings { allowed_origins: origins.collect(), endpoint: form.endpoint.clone() };
    let is_empty = widget.allowed_origins.is_empty() && widget.endpoint.is_empty();
    (!is_empty).then_some(widget)
}

/// The field of the form for a field of the document, and what the form calls it.
const FIELDS: [(&str, &str, &str); 14] = [
    ("sessionSeconds", "session_seconds", "The length of a session"),
    ("jwt.jwksUrl", "jwks_url", "The JWKS URL"),
    ("jwt.issuer", "issuer", "The issuer"),
    ("jwt.audience", "audience", "The audience"),
    ("jwt.leewaySeconds", "leeway", "The difference of clocks"),
    ("jwt.algorithms", "algorithm", "The algorithms"),
    ("jwt.subjectClaim", "subject_claim", "The claim of the user's id"),
    ("jwt.emailClaim", "email_claim", "The claim of the e-mail address"),
    ("jwt.roleClaim", "role_claim", "The claim of the role"),
    ("signedToken.maxLifetimeSeconds", "max_lifetime", "The longest life of a token"),
    ("signedToken.leewaySeconds", "leeway", "The difference of clocks"),
    ("callback.url", "callback_url", "The callback URL"),
    ("widget.allowedOrigins", "origins", "Each allowed origin"),
    ("widget.endpoint", "endpoint", "The endpoint"),
];

/// Where a refusal of the settings belongs: its sentence begins with the field's name in the document,
/// and is shown with the name that the form has for it.
pub(super) fn placed(error: &Error) -> Problems {
    let sentence = error.sentence();
    let found = FIELDS
        .iter()
        .find_map(|(name, field, shown)| sentence.strip_prefix(name).map(|rest| (*field, *shown, rest)));
    let Some((field, shown, rest)) = found else { return Problems::of(error, "") };
    // A list's member is named by its index, which nobody sees in a form.
    let rest = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(rest, |(_, rest)| rest);
    let mut problems = Problems::none();
    problems.add(field, format!("{shown}{rest}"));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Reason;

    const JWT: &str = r#"{"method":{"jwt":{"jwksUrl":"https://login.example/jwks","issuer":"https://login.example/",
        "audience":"support","algorithms":["ES256","EdDSA"],"leewaySeconds":5,"subjectClaim":"uid","emailClaim":null,
        "roleClaim":"group"}},"sessionSeconds":600,
        "widget":{"allowedOrigins":["https://a.example","https://b.example"],"endpoint":"https://agent.example/chat"}}"#;

    #[test]
    fn settings_go_through_the_form_unchanged() {
        for text in [
            JWT,
            r#"{"method":{"signedToken":{"maxLifetimeSeconds":300,"leewaySeconds":10}},"sessionSeconds":60}"#,
            r#"{"method":{"callback":{"url":"https://api.example/identity"}}}"#,
        ] {
            let settings: UserAuthSettings = serde_json::from_str(text).unwrap();
            let method = settings.method.method();
            let form = written(method, Some(&settings));
            let widget = read_widget(&written_widget(settings.widget.as_ref()));
            assert_eq!(read(method, &form, widget).unwrap(), settings);
        }
    }

    #[test]
    fn another_method_begins_with_what_is_usual_and_keeps_the_session() {
        let settings: UserAuthSettings = serde_json::from_str(JWT).unwrap();
        let form = written(UserAuthMethod::SignedToken, Some(&settings));
        assert_eq!((form.session_seconds.as_str(), form.max_lifetime.as_str()), ("600", "3600"));
        assert!(form.jwks_url.is_empty());
        let fresh = written(UserAuthMethod::Jwt, None);
        assert_eq!((fresh.subject_claim.as_str(), fresh.algorithms.len()), ("sub", 5));
    }

    #[test]
    fn a_refusal_is_said_beside_its_field_in_words_of_the_form() {
        let place = |text: &'static str| placed(&Reason::FieldInvalid.because(text));
        let problems = place("jwt.jwksUrl must be an https URL without user name or password.");
        assert_eq!(
            problems.at("jwks_url"),
            Some("The JWKS URL must be an https URL without user name or password.")
        );
        let problems = place("widget.allowedOrigins[1] stands there twice.");
        assert_eq!(problems.at("origins"), Some("Each allowed origin stands there twice."));
        assert!(place("Something else.").at("").is_some());
        let form = MethodForm { session_seconds: "an hour".to_owned(), ..MethodForm::default() };
        assert!(read(UserAuthMethod::Callback, &form, None).unwrap_err().at("session_seconds").is_some());
    }

    #[test]
    fn an_empty_widget_is_none_and_half_a_widget_is_judged() {
        assert_eq!(read_widget(&WidgetForm::default()), None);
        let half = WidgetForm { origins: "https://a.example".to_owned(), endpoint: String::new() };
        assert!(read_widget(&half).is_some());
    }
}
