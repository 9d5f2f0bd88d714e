use super::*;

fn judged(text: &str, source: Source) -> Result<Said> {
    judge(&Json::parse(text).unwrap(), source)
}

fn said(text: &str) -> Said {
    judged(text, Source::Registration).unwrap()
}

fn refused(text: &str, source: Source) -> Reason {
    judged(text, source).unwrap_err().reason()
}

const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

#[test]
fn what_was_left_out_is_filled_in_as_rfc_7591_has_it() {
    let one =
        said(r#"{"redirect_uris":["https://a.example/cb"],"unknown":{"x":1},"logo_uri":"","contacts":null}"#);
    assert_eq!(one.name, "A client without a name");
    let ClientMetadata { token_endpoint_auth_method, grant_types, logo_uri, contacts, .. } = one.metadata;
    assert_eq!(token_endpoint_auth_method, ClientAuth::Basic);
    assert_eq!(grant_types, [GrantType::AuthorizationCode]);
    assert_eq!((logo_uri, contacts), (None, Vec::new()));
    let document = r#"{"client_name":"A","redirect_uris":["https://a.example/cb"]}"#;
    let document = judged(document, Source::Document).unwrap();
    assert_eq!(document.metadata.token_endpoint_auth_method, ClientAuth::None);
}

#[test]
fn a_client_that_comes_by_itself_gets_no_grant_that_acts_alone() {
    let all = r#""grant_types":["authorization_code","refresh_token","client_credentials","implicit","password",
        "urn:ietf:params:oauth:grant-type:token-exchange","urn:ietf:params:oauth:grant-type:jwt-bearer"]"#;
    let uris = r#""redirect_uris":["https://a.example/cb"]"#;
    let public = said(&format!(r#"{{{uris},{all},"token_endpoint_auth_method":"none"}}"#));
    assert_eq!(public.metadata.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    let secret = said(&format!("{{{uris},{all}}}")).metadata.grant_types;
    assert!(secret.contains(&GrantType::JwtBearer) && !secret.contains(&GrantType::ClientCredentials));
    for alone in [r#"["client_credentials"]"#, r#"["implicit"]"#, r#"["refresh_token"]"#, "[]"] {
        let text = format!(r#"{{{uris},"grant_types":{alone}}}"#);
        assert_eq!(refused(&text, Source::Registration), Reason::OauthMetadataInvalid, "{alone}");
    }
    let person = r#"{"client_name":"A","grant_types":["client_credentials"]}"#;
    assert!(judged(person, Source::Person).is_ok());
    let person =
        r#"{"client_name":"A","grant_types":["client_credentials"],"token_endpoint_auth_method":"none"}"#;
    assert_eq!(refused(person, Source::Person), Reason::OauthMetadataInvalid);
}

#[test]
fn a_member_that_cannot_be_used_is_refused() {
    for member in [
        r#""client_name":5"#,
        r#""client_name":"a\u0000b""#,
        r#""client_name":"Bank\u202egnp.exe""#,
        r#""client_name":"zero\u200bwidth""#,
        r#""client_uri":"javascript:alert(1)""#,
        r#""logo_uri":"data:image/png,x""#,
        r#""tos_uri":"https://user@a.example/""#,
        r#""policy_uri":7"#,
        r#""scope":"a  b""#,
        r#""contacts":"a@b.example""#,
        r#""contacts":["\u202e"]"#,
        r#""token_endpoint_auth_method":"client_secret_jwt""#,
        r#""token_endpoint_auth_method":"private_key_jwt""#,
        r#""response_types":["token"]"#,
        r#""grant_types":"authorization_code""#,
        r#""application_type":"toaster""#,
        r#""dpop_bound_access_tokens":"yes""#,
        r#""jwks":[]"#,
        r#""jwks":{"keys":[]}"#,
        r#""jwks":{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#,
        r#""jwks_uri":"http://a.example/keys""#,
    ] {
        let text = format!(r#"{{"redirect_uris":["https://a.example/cb"],{member}}}"#);
        assert_eq!(refused(&text, Source::Registration), Reason::OauthMetadataInvalid, "{member}");
    }
    let both = format!(
        r#"{{"redirect_uris":["https://a.example/cb"],"jwks":{{"keys":[{KEY}]}},"jwks_uri":"https://a.example/k"}}"#
    );
    assert_eq!(refused(&both, Source::Registration), Reason::OauthMetadataInvalid);
    let private = KEY.replace("}", r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#);
    let private = format!(r#"{{"redirect_uris":["https://a.example/cb"],"jwks":{{"keys":[{private}]}}}}"#);
    assert_eq!(refused(&private, Source::Registration), Reason::OauthMetadataInvalid);
    assert_eq!(refused("[]", Source::Registration), Reason::OauthMetadataInvalid);
}

#[test]
fn redirect_uris_are_demanded_judged_and_kept_once() {
    for uris in [
        r#""redirect_uris":[]"#,
        r#""redirect_uris":"https://a.example/cb""#,
        r#""redirect_uris":[5]"#,
        r#""redirect_uris":["https://a.example/cb","http://a.example/cb"]"#,
        r#""x":1"#,
    ] {
        assert_eq!(
            refused(&format!("{{{uris}}}"), Source::Registration),
            Reason::OauthRedirectInvalid,
            "{uris}"
        );
    }
    let many: Vec<String> = (0..21).map(|n| format!("\"https://a.example/{n}\"")).collect();
    let many = format!(r#"{{"redirect_uris":[{}]}}"#, many.join(","));
    assert_eq!(refused(&many, Source::Registration), Reason::OauthRedirectInvalid);
    let twice = said(r#"{"redirect_uris":["https://a.example/cb","https://a.example/cb"]}"#);
    assert_eq!(twice.metadata.redirect_uris, ["https://a.example/cb"]);
}

#[test]
fn a_document_names_no_secret_and_has_a_name() {
    for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt"] {
        let text = format!(
            r#"{{"client_name":"A","redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"{method}"}}"#
        );
        assert_eq!(refused(&text, Source::Document), Reason::OauthMetadataInvalid, "{method}");
    }
    let nameless = r#"{"redirect_uris":["https://a.example/cb"]}"#;
    assert_eq!(refused(nameless, Source::Document), Reason::OauthMetadataInvalid);
    let signs = format!(
        r#"{{"client_name":"A","redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"private_key_jwt","jwks":{{"keys":[{KEY}]}}}}"#
    );
    let signs = judged(&signs, Source::Document).unwrap();
    assert!(signs.metadata.jwks.unwrap().contains("11qYAY"));
}

#[test]
fn scopes_of_other_servers_narrow_nothing() {
    let scope = |text: &str, source| {
        let text =
            format!(r#"{{"client_name":"A","redirect_uris":["https://a.example/cb"],"scope":"{text}"}}"#);
        judged(&text, source).unwrap().metadata.scope.map(|scope| scope.to_string())
    };
    assert_eq!(scope("tools offline_access", Source::Registration).as_deref(), Some("tools offline_access"));
    assert_eq!(scope("openid profile", Source::Registration), None);
    assert_eq!(scope("tools orders:read", Source::Document), None);
    assert_eq!(scope("orders:read", Source::Person).as_deref(), Some("orders:read"));
}
