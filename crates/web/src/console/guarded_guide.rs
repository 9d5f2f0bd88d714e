//! How an API is protected by this server: what its own people put into it, with real values. Nothing here holds a
//! secret.

use super::view::guarded::Guide;
use procura_model::{Guarded, TokenForm};
use serde_json::json;

/// Where an API's metadata is: its path stands behind the well-known one (RFC 9728 section 3.1).
fn metadata_url(identifier: &str) -> String {
    let (scheme, rest) = identifier.split_once("://").unwrap_or(("https", identifier));
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    format!("{scheme}://{host}/.well-known/oauth-protected-resource{path}")
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Everything that the API's people need, in the order in which they need it.
pub(super) fn guides(issuer: &str, api: &Guarded) -> Vec<Guide> {
    let mut guides = vec![document(issuer, api), challenge(api)];
    if api.settings.tokens == TokenForm::Jwt {
        guides.push(keys(issuer));
        guides.push(checks(issuer, api));
    }
    guides.push(introspection(issuer));
    guides.push(request(issuer, api));
    guides
}

fn scopes(api: &Guarded) -> Vec<&str> {
    api.settings.scopes.iter().map(|scope| scope.name.as_str()).collect()
}

fn document(issuer: &str, api: &Guarded) -> Guide {
    let mut document = json!({
        "resource": api.identifier,
        "resource_name": api.name,
        "authorization_servers": [issuer],
        "scopes_supported": scopes(api),
        "bearer_methods_supported": ["header"],
    });
    if api.settings.dpop_required
        && let Some(members) = document.as_object_mut()
    {
        members.insert("dpop_bound_access_tokens_required".to_owned(), true.into());
    }
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    Guide {
        title: "Say who guards it",
        says: "Clients look for this document first (RFC 9728). Serve it as application/json at this address:",
        text: format!("GET {}\n\n{text}", metadata_url(&api.identifier)),
    }
}

fn challenge(api: &Guarded) -> Guide {
    let scheme = if api.settings.dpop_required { "DPoP algs=\"ES256 EdDSA\"," } else { "Bearer" };
    Guide {
        title: "Answer who has no token",
        says: "With status 401 and this header, which leads a client to the document above. Add error=\"invalid_token\" where it showed a token that does not hold.",
        text: format!(
            "WWW-Authenticate: {scheme} resource_metadata=\"{}\", scope=\"{}\"",
            metadata_url(&api.identifier),
            scopes(api).join(" ")
        ),
    }
}

fn keys(issuer: &str) -> Guide {
    Guide {
        title: "Fetch the keys",
        says: "Tokens are signed (RFC 9068). Keep the set for some minutes, and read it again when a kid is not in it.",
        text: format!("{issuer}/oauth/jwks"),
    }
}

fn checks(issuer: &str, api: &Guarded) -> Guide {
    let bound = if api.settings.dpop_required {
        "\ncnf.jkt    the thumbprint of the key in the DPoP proof of this request"
    } else {
        ""
    };
    Guide {
        title: "Check every token",
        says: "The signature by one of these keys, and all of this. act.sub is the agent that acts, sub the person or the client for whom.",
        text: format!(
            "typ        at+jwt\niss        {issuer}\naud        {}\nexp        in the future\nscope      has the scope that the request needs: {}{bound}",
            api.identifier,
            scopes(api).join(" ")
        ),
    }
}

fn introspection(issuer: &str) -> Guide {
    Guide {
        title: "Or ask about a token",
        says: "The answer knows of revocation at once (RFC 7662). The platform key needs the scope introspect:tokens; a client of this organization with a secret may ask as well.",
        text: format!(
            "curl -sS {issuer}/oauth/introspect \\\n  -H \"Authorization: Bearer $PROCURA_KEY\" \\\n  --data-urlencode \"token=$TOKEN\""
        ),
    }
}

fn request(issuer: &str, api: &Guarded) -> Guide {
    let (resource, scope) =
        (format!("resource={}", api.identifier), format!("scope={}", scopes(api).join(" ")));
    Guide {
        title: "Try it",
        says: "A client of this organization that comes alone gets a token for the API like this.",
        text: format!(
            "curl -sS {issuer}/oauth/token \\\n  -u \"$CLIENT_ID:$CLIENT_SECRET\" \\\n  -d grant_type=client_credentials \\\n  --data-urlencode {} \\\n  --data-urlencode {}",
            quoted(&resource),
            quoted(&scope)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{Entropy, GuardedScope, ResourceId, Time, oauth::GuardedSettings};

    fn api(tokens: TokenForm, dpop_required: bool) -> Guarded {
        let now = Time::from_ms(1);
        let scope = GuardedScope { name: "orders:read".to_owned(), text: "Read your orders.".to_owned() };
        Guarded {
            id: ResourceId::new(now, &Entropy::seeded(1)),
            identifier: "https://api.example/orders".to_owned(),
            name: "Orders".to_owned(),
            settings: GuardedSettings {
                scopes: vec![scope],
                tokens,
                token_seconds: 600,
                dpop_required,
                signing_alg: None,
            },
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn the_document_s_address_has_the_path_behind_the_well_known_one() {
        for (identifier, url) in [
            ("https://api.example/orders", "https://api.example/.well-known/oauth-protected-resource/orders"),
            ("https://api.example", "https://api.example/.well-known/oauth-protected-resource"),
            ("http://127.0.0.1:81/a/b", "http://127.0.0.1:81/.well-known/oauth-protected-resource/a/b"),
        ] {
            assert_eq!(metadata_url(identifier), url);
        }
    }

    #[test]
    fn signed_tokens_are_checked_and_opaque_ones_asked_about() {
        let titles =
            |api: &Guarded| guides("https://p.example", api).iter().map(|one| one.title).collect::<Vec<_>>();
        assert!(titles(&api(TokenForm::Jwt, false)).contains(&"Fetch the keys"));
        let opaque = titles(&api(TokenForm::Opaque, false));
        assert!(
            !opaque.contains(&"Fetch the keys") && opaque.contains(&"Or ask about a token"),
            "{opaque:?}"
        );
    }

    #[test]
    fn a_bound_api_says_so_everywhere() {
        let all = guides("https://p.example", &api(TokenForm::Jwt, true));
        let text: String = all.iter().map(|one| one.text.as_str()).collect();
        for part in ["dpop_bound_access_tokens_required\": true", "WWW-Authenticate: DPoP", "cnf.jkt"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn an_identifier_cannot_leave_its_word_of_the_shell() {
        assert_eq!(quoted("a'b $(c)"), "'a'\\''b $(c)'");
    }
}
