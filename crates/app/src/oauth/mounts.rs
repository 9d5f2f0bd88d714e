//! One server's mount of the gateway as a resource. Whether a server of its name is there is looked up only once it is
//! known in which organization somebody acts: servers are an organization's own, and nobody else learns their names. So
//! the metadata of every mount is told alike, and the token endpoint and the consent page refuse those that are not there.

use super::{issue, resources};
use crate::App;
use procura_model::{Result, server::is_server_name};
use procura_store::{Source, servers};

/// The server whose mount this resource is; none for the whole gateway and for every other API.
fn server_of(gateway: &str, resource: &str) -> Option<String> {
    let name = resource.strip_prefix(gateway)?.strip_prefix('/')?;
    is_server_name(name).then(|| name.to_owned())
}

/// Whether some of these resources is one server's mount.
pub(super) fn is_among(app: &App, mut resources: impl Iterator<Item = impl AsRef<str>>) -> bool {
    let gateway = issue::gateway(app);
    resources.any(|resource| server_of(&gateway, resource.as_ref()).is_some())
}

/// Whether the organization that is read has the server of each mount among these resources.
pub(super) async fn are_there(
    app: &App,
    source: &mut impl Source,
    resources: impl Iterator<Item = impl AsRef<str>>,
) -> Result<bool> {
    let gateway = issue::gateway(app);
    for resource in resources {
        if let Some(name) = server_of(&gateway, resource.as_ref())
            && !servers::is_there(source, &name).await?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Demands the same.
///
/// # Errors
/// `OAUTH_TARGET_INVALID`
pub(super) async fn demand_there(
    app: &App,
    source: &mut impl Source,
    resources: impl Iterator<Item = impl AsRef<str>>,
) -> Result<()> {
    if are_there(app, source, resources).await? { Ok(()) } else { Err(resources::unknown()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_told_from_the_gateway_and_from_other_apis() {
        let of = |resource: &str| server_of("https://p.example/v1/mcp", resource);
        assert_eq!(of("https://p.example/v1/mcp/crm").as_deref(), Some("crm"));
        for none in [
            "https://p.example/v1/mcp",
            "https://p.example/v1/mcp/",
            "https://p.example/v1/mcpx",
            "https://api.example/v1/mcp/crm",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
