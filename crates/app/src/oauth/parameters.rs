//! The parameters of a request, as RFC 6749 sections 3.1 and 3.2 read them: without a value a parameter counts as left
//! out, none may come twice, and unknown ones are not looked at. `resource` may repeat (RFC 8707
//! section 2), and `audience` (RFC 8693 section 2.1).

use procura_model::{Reason, Result};
use std::collections::BTreeSet;

/// What may come several times.
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// Parameters in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query or a form.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text).filter(|(_, value)| !value.is_empty());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The one value of this name.
    ///
    /// # Errors
    /// `OAUTH_REQUEST_INVALID` where it came twice.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() { Err(twice(name)) } else { Ok(first) }
    }

    /// Every value of this name.
    pub fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Demands that nothing but those comes twice.
    ///
    /// # Errors
    /// `OAUTH_REQUEST_INVALID`.
    pub fn demand_single(&self) -> Result<()> {
        let mut seen = BTreeSet::new();
        for (name, _) in &self.0 {
            if !REPEATABLE.contains(&name.as_str()) && !seen.insert(name) {
                return Err(Reason::OauthRequestInvalid.because("A parameter came twice."));
            }
        }
        Ok(())
    }

    /// Demands that no `audience` stands where `resource` is meant. It is a word of token exchange (RFC 8693 section 2.1);
    /// everywhere else it would be passed over, and the token be for the gateway. Beside `resource` it does no harm.
    ///
    /// # Errors
    /// `OAUTH_REQUEST_INVALID`.
    pub fn demand_resource_for_audience(&self) -> Result<()> {
        if self.all("audience").next().is_none() || self.all("resource").next().is_some() {
            return Ok(());
        }
        let sentence = "audience is for token exchange alone: name the API in `resource` (RFC 8707).";
        Err(Reason::OauthRequestInvalid.because(sentence))
    }

    /// The same with one more.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut all = self.clone();
        all.0.push((name.to_owned(), value.to_owned()));
        all
    }

    /// The same without those of these names, as a query.
    #[must_use]
    pub fn query_without(&self, names: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }
}

fn twice(name: &'static str) -> procura_model::Error {
    Reason::OauthRequestInvalid.because(format!("The parameter {name} came twice."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_resource_comes_twice_and_what_is_empty_did_not_come() {
        let parameters = Parameters::parse(b"a=1&resource=x&resource=y&b=&c=2&c=&a%20b=+");
        assert_eq!(parameters.one("a").unwrap(), Some("1"));
        assert_eq!(parameters.one("b").unwrap(), None);
        assert_eq!(parameters.one("c").unwrap(), Some("2"), "an empty one did not come");
        assert_eq!(parameters.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert!(parameters.demand_single().is_ok());
        for twice in ["a=1&a=1", "unknown=1&unknown=2", "state=x&a=1&state=y"] {
            assert!(Parameters::parse(twice.as_bytes()).demand_single().is_err(), "{twice}");
        }
        assert!(Parameters::parse(b"a=1&a=2").one("a").is_err());
        assert_eq!(parameters.query_without(&["a", "resource"]), "c=2&a+b=+");
    }

    #[test]
    fn whoever_sends_an_audience_is_told_to_name_a_resource() {
        let of = |query: &str| Parameters::parse(query.as_bytes()).demand_resource_for_audience();
        assert_eq!(of("audience=x").unwrap_err().reason(), Reason::OauthRequestInvalid);
        assert!(of("").is_ok() && of("audience=").is_ok() && of("audience=x&resource=y").is_ok());
    }
}
