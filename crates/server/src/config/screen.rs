//! `[screen]`: the second opinion (SCR-3). Its secret is named by a file or by a variable of the environment, and never
//! stands in `procura.toml`.

use super::{ConfigError, read_file, wrong};
use http::{HeaderMap, HeaderName};
use procura_app::screening::{Form, OnFailure, SecondOpinion};
use procura_egress::{AllowedHost, Purpose, Rules, WebUrl, Whom, secret_value};
use procura_model::Secret;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// How long the classifier may take, in milliseconds: no call waits longer than a person would.
const DEADLINES_MS: std::ops::RangeInclusive<u64> = 50..=10_000;

/// How texts are screened.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawScreen {
    /// Who is asked about texts that our own scan is unsure of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) second_opinion: Option<RawSecondOpinion>,
}

/// A classifier of the operator's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSecondOpinion {
    /// Where it is asked, by POST.
    url: String,
    /// `openai-moderation` or `plain`.
    form: Form,
    /// The name of a header that proves who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// The file with its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header_file: Option<PathBuf>,
    /// The variable of the environment with its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header_env: Option<String>,
    /// The time for everything, in milliseconds.
    #[serde(default = "usual_deadline_ms")]
    deadline_ms: u64,
    /// What a text comes to without an answer: `block` or `pass`.
    on_failure: OnFailure,
    /// About which texts it is asked.
    #[serde(default)]
    band: Band,
}

/// About which texts the classifier is asked.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Band {
    /// Those of medium risk; the others are decided by our own scan.
    #[default]
    Medium,
}

const fn usual_deadline_ms() -> u64 {
    1_500
}

fn key(field: &str) -> String {
    format!("screen.second_opinion.{field}")
}

impl RawSecondOpinion {
    /// What it means, and the host that it opens: the operator who writes an address into the file allows it, for the
    /// deployment itself and this purpose alone.
    pub(super) fn checked(self) -> Result<(SecondOpinion, AllowedHost), ConfigError> {
        let Band::Medium = self.band;
        let url = WebUrl::parse(&self.url).map_err(|refused| wrong(key("url"), refused.text()))?;
        let allowed = AllowedHost {
            tenant: Whom::Deployment,
            host: url.target().host().to_string().trim_matches(['[', ']']).to_owned(),
            port: url.target().port(),
            purpose: Purpose::Model,
        };
        // The same judgement as of what the file allows elsewhere, told of the key that it is about.
        Rules::new(std::slice::from_ref(&allowed), Vec::new())
            .map_err(|error| wrong(key("url"), error.to_string()))?;
        if !DEADLINES_MS.contains(&self.deadline_ms) {
            return Err(wrong(key("deadline_ms"), "must be between 50 and 10000"));
        }
        let opinion = SecondOpinion {
            headers: self.headers()?,
            url: self.url,
            form: self.form,
            deadline: Duration::from_millis(self.deadline_ms),
            on_failure: self.on_failure,
        };
        Ok((opinion, allowed))
    }

    fn headers(&self) -> Result<HeaderMap, ConfigError> {
        let Some(name) = &self.header else {
            if self.header_file.is_some() || self.header_env.is_some() {
                return Err(wrong(key("header"), "must name the header whose value is given"));
            }
            return Ok(HeaderMap::new());
        };
        let name: HeaderName = name
            .parse()
            .map_err(|_| wrong(key("header"), "must be the name of a header such as authorization"))?;
        let value = secret_value("", &self.header_value()?)
            .ok_or_else(|| wrong(key("header"), "has a value that cannot be a header's"))?;
        Ok(HeaderMap::from_iter([(name, value)]))
    }

    fn header_value(&self) -> Result<Secret<String>, ConfigError> {
        let value = match (&self.header_file, &self.header_env) {
            (Some(file), None) => read_file(&key("header_file"), file)?,
            (None, Some(name)) => variable(name)
                .ok_or_else(|| wrong(key("header_env"), format!("there is no variable {name}")))?,
            (Some(_), Some(_)) => {
                return Err(wrong(key("header"), "give its value by header_file or by header_env, not both"));
            }
            (None, None) => {
                return Err(wrong(key("header"), "give its value by header_file or by header_env"));
            }
        };
        Ok(Secret::new(value.trim().to_owned()))
    }
}

#[expect(clippy::disallowed_methods, reason = "the configuration names the variable")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::raw;
    use super::*;

    const PLAIN: &str = "[screen.second_opinion]\nurl = \"http://127.0.0.1:9/classify\"\nform = \"plain\"\non_failure = \"block\"\n";

    #[test]
    fn a_second_opinion_is_asked_where_the_operator_says_and_opens_that_host_for_the_deployment_alone() {
        let settings = raw(PLAIN).ok().unwrap();
        let opinion = settings.app.second_opinion.unwrap();
        assert_eq!((opinion.form, opinion.on_failure), (Form::Plain, OnFailure::Block));
        assert_eq!(opinion.deadline, Duration::from_millis(1_500));
        let opened = settings.allowed.first().unwrap();
        assert_eq!((opened.tenant, opened.port, opened.purpose), (Whom::Deployment, 9, Purpose::Model));
        assert!(raw("").ok().unwrap().app.second_opinion.is_none());
    }

    #[test]
    fn its_secret_comes_from_elsewhere_and_nothing_prints_it() {
        let file = std::env::temp_dir().join(format!("procura-second-opinion-{}", std::process::id()));
        std::fs::write(&file, "Bearer hunter2\n").unwrap();
        let toml = format!("{PLAIN}header = \"Authorization\"\nheader_file = \"{}\"\n", file.display());
        let settings = raw(&toml).ok().unwrap();
        std::fs::remove_file(&file).unwrap();
        let opinion = settings.app.second_opinion.unwrap();
        assert_eq!(opinion.headers.get("authorization").unwrap(), "Bearer hunter2");
        assert!(!format!("{opinion:?}").contains("hunter2"));
    }

    #[test]
    fn what_has_no_meaning_names_its_key() {
        for (line, field) in [
            ("deadline_ms = 5", "deadline_ms"),
            ("header = \"authorization\"", "header"),
            ("header = \"no header\"\nheader_env = \"PATH\"", "header"),
            ("header_env = \"PATH\"", "header"),
            ("header = \"x-key\"\nheader_env = \"PROCURA_TEST_NOT_THERE\"", "header_env"),
        ] {
            let error = raw(&format!("{PLAIN}{line}\n")).err().unwrap().to_string();
            assert!(error.starts_with(&key(field)), "{line}: {error}");
        }
        for wrong in ["form = \"xml\"", "band = \"high\"", "on_failure = \"shrug\"", "timeout = 3"] {
            let name = wrong.split(' ').next().unwrap();
            let without: String = PLAIN
                .lines()
                .filter(|line| !line.starts_with(name))
                .map(|line| format!("{line}\n"))
                .collect();
            assert!(raw(&format!("{without}{wrong}\n")).is_err(), "{wrong}");
        }
        let both = format!("{PLAIN}header = \"x-key\"\nheader_file = \"a\"\nheader_env = \"PATH\"\n");
        assert!(raw(&both).err().unwrap().to_string().ends_with("not both"));
        let metadata = PLAIN.replace("127.0.0.1:9", "169.254.169.254");
        assert!(raw(&metadata).err().unwrap().to_string().starts_with(&key("url")));
        let url = PLAIN.replace("http://127.0.0.1:9/classify", "ftp://x");
        assert!(raw(&url).err().unwrap().to_string().starts_with(&key("url")));
    }
}
