//! The HTTP request of a declared tool.

use crate::upstream::UpstreamError;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::Full;
use procura_app::api_tools::{CompiledTool, Filled};
use procura_model::{
    Reason, Secret,
    api_server::{ApiMethod, CredentialForm},
};

/// The request but for credential and user.
pub(super) fn of(
    tool: &CompiledTool,
    filled: Filled,
    request_id: &str,
) -> Result<Request<Full<Bytes>>, UpstreamError> {
    let uri = filled.url.to_uri().map_err(|_| unsendable("bad_url"))?;
    let has_body = filled.body.is_some();
    let mut request =
        Request::new(filled.body.map_or_else(Full::default, |body| Full::new(Bytes::from(body))));
    *request.method_mut() = match tool.method {
        ApiMethod::Get => Method::GET,
        ApiMethod::Post => Method::POST,
        ApiMethod::Put => Method::PUT,
        ApiMethod::Patch => Method::PATCH,
        ApiMethod::Delete => Method::DELETE,
    };
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    for (name, value) in &filled.headers {
        insert(headers, name, HeaderValue::from_str(value).ok())?;
    }
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/*;q=0.5"));
    headers
        .insert(header::USER_AGENT, HeaderValue::from_static(concat!("procura/", env!("CARGO_PKG_VERSION"))));
    insert(headers, "x-procura-request-id", HeaderValue::from_str(request_id).ok())?;
    if has_body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(request)
}

/// Puts the stored credential where the declaration says.
pub(super) fn carry_credential(
    request: &mut Request<Full<Bytes>>,
    form: &CredentialForm,
    credential: &Secret<String>,
) -> Result<(), UpstreamError> {
    let value = procura_egress::secret_value(&form.prefix, credential);
    if value.is_none() {
        return Err(UpstreamError::before(Reason::UpstreamUnreachable, "bad_credential")
            .saying("The API's credential cannot be sent as a header."));
    }
    insert(request.headers_mut(), &form.header, value)
}

/// Sets a header that nothing else has set.
pub(crate) fn insert(
    headers: &mut HeaderMap,
    name: &str,
    value: Option<HeaderValue>,
) -> Result<(), UpstreamError> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable("bad_header"))?;
    let value = value.ok_or_else(|| unsendable("bad_header"))?;
    match headers.insert(name, value) {
        None => Ok(()),
        Some(_) => Err(unsendable("header_twice")),
    }
}

fn unsendable(code: &'static str) -> UpstreamError {
    UpstreamError::before(Reason::ArgumentsInvalid, code).saying("The call cannot be written as a request.")
}
