//! The judgement: may this lane reach this host, and may it connect to this address? Everything is
//! closed that is not the public internet, unless the operator named exactly this host, port and
//! purpose for this organization; metadata addresses stay closed even then (`decisions.md` 25).

use crate::{
    ranges::{self, Reach},
    rules::{Lane, Purpose, Rules},
    url::{Scheme, Target},
};
use std::net::{IpAddr, SocketAddr};

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident $code:literal $text:literal;)*) => {
        /// Why something is not reached. Closed, with a stable code and a sentence fit to show.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refused { $($(#[$doc])* $variant,)* }

        impl Refused {
            /// Every refusal there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// One sentence, without any foreign input.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

refusals! {
    /// Not a URL, or one that two readers read differently.
    Url "bad_url" "This is not a plainly written http or https URL.";
    /// Neither http nor https.
    Scheme "bad_scheme" "Only http and https URLs are reached.";
    /// `user:password@` before the host.
    Userinfo "userinfo" "A URL must not carry a user name or password.";
    /// The host is not a name or address.
    Host "bad_host" "The host of the URL is not a valid name or address.";
    /// An address in a spelling other than the plain one.
    OddAddress "odd_address" "An IP address must be written in its plain form.";
    /// The port is not a number from 1 to 65535.
    Port "bad_port" "The port of the URL is not valid.";
    /// A port of a service that does not speak HTTP.
    ServicePort "service_port" "This port belongs to a service that is not reached over HTTP.";
    /// http where what comes back decides who somebody is.
    PlainHttp "plain_http" "Key sets and identity callbacks are reached over https alone; the operator has to allow a host without it in procura.toml, under [[egress.allow]].";
    /// A name of the local network.
    OwnName "own_name" "This name belongs to a local network; the operator has to allow it in procura.toml, under [[egress.allow]].";
    /// A name of a cloud's metadata service.
    MetadataName "metadata_name" "Cloud metadata services are never reached.";
    /// An address of a cloud's metadata service, or link local.
    MetadataAddress "metadata_address" "The address belongs to link-local space or a cloud metadata service, which is never reached.";
    /// This machine.
    LoopbackAddress "loopback_address" "The address is this machine's own; the operator has to allow it in procura.toml, under [[egress.allow]].";
    /// A private network.
    PrivateAddress "private_address" "The address belongs to a private network; the operator has to allow it in procura.toml, under [[egress.allow]].";
    /// Reserved, documentation, multicast, deprecated or not allocated.
    SpecialAddress "special_address" "The address is not part of the public internet.";
    /// The operator closed the block.
    DeniedAddress "denied_address" "The operator has closed this address.";
    /// The socket reports a peer that was not judged.
    OtherPeer "other_peer" "The connection ended at another address than the judged one.";
    /// From https to http.
    Downgrade "downgrade" "A redirect from https to http is not followed.";
    /// A redirect that does not say where to, or not in text.
    Location "bad_location" "The redirect does not name a readable location.";
    /// More redirects than allowed, none included.
    TooManyRedirects "too_many_redirects" "The answer redirects more often than is followed here.";
    /// A body would leave for another origin.
    BodyAcrossOrigins "body_across_origins" "A redirect would carry the request's body to another origin.";
    /// A method that is not a plain request.
    Method "bad_method" "CONNECT and upgrades are not sent.";
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Refused {}

/// An address that was judged, the only thing a connection is opened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Judged(SocketAddr);

impl Judged {
    /// The address with its port.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

/// Ports on which an HTTP request is a command to something else: the WHATWG list of bad ports,
/// shortened to what still answers, and the common databases. A rule that names the port opens it.
const SERVICE_PORTS: &[u16] = &[
    7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 79, 110, 111, 113, 119, 123, 135, 137,
    139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 540, 548, 554, 556, 563, 587, 601,
    636, 989, 990, 993, 995, 1433, 1521, 1723, 2049, 2375, 2376, 3306, 3389, 3659, 4045, 5060, 5061, 5432,
    5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10250, 11211, 27017,
];

/// Whether the lane may ask for this host and port at all, before any name is resolved.
pub(crate) fn admit(target: &Target, lane: Lane, rules: &Rules) -> Result<(), Refused> {
    if target.host().is_metadata_name() {
        return Err(Refused::MetadataName);
    }
    if rules.opens(target, lane) {
        return Ok(());
    }
    if target.host().is_own_name() {
        return Err(Refused::OwnName);
    }
    if target.scheme() == Scheme::Http && lane.purpose.needs_tls() {
        return Err(Refused::PlainHttp);
    }
    if SERVICE_PORTS.contains(&target.port()) {
        return Err(Refused::ServicePort);
    }
    Ok(())
}

/// Whether the lane may connect to this address of the target.
pub fn judge(address: IpAddr, target: &Target, lane: Lane, rules: &Rules) -> Result<Judged, Refused> {
    let reach = ranges::verdict(address).reach;
    let judged = Judged(SocketAddr::new(address, target.port()));
    if rules.denies(address) {
        return Err(Refused::DeniedAddress);
    }
    match reach {
        Reach::Global => Ok(judged),
        Reach::Private if rules.opens(target, lane) => Ok(judged),
        Reach::Loopback if lane.purpose != Purpose::ClientMetadata && rules.opens(target, lane) => Ok(judged),
        Reach::Private => Err(Refused::PrivateAddress),
        Reach::Loopback => Err(Refused::LoopbackAddress),
        Reach::Closed => Err(Refused::SpecialAddress),
        Reach::Metadata => Err(Refused::MetadataAddress),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        rules::{AllowedHost, Whom},
        url::WebUrl,
    };
    use procura_model::TenantId;

    fn target(url: &str) -> Target {
        WebUrl::parse(url).unwrap().target().clone()
    }

    fn tenant(last: char) -> TenantId {
        format!("org_0000000000000000000000000{last}").parse().unwrap()
    }

    fn rules(whom: Whom, host: &str, purpose: Purpose) -> Rules {
        let allowed = AllowedHost { tenant: whom, host: host.to_owned(), port: 9000, purpose };
        Rules::new(&[allowed], vec!["8.8.8.0/24".parse().unwrap()]).unwrap()
    }

    #[test]
    fn an_allowed_host_serves_one_organization_port_and_purpose() {
        let (ours, other) = (tenant('1'), tenant('2'));
        let rules = rules(Whom::Only(ours), "tools.internal", Purpose::ToolServer);
        let private = "10.1.2.3".parse().unwrap();
        let here = target("http://tools.internal:9000/");
        let lane = Lane::of(ours, Purpose::ToolServer);
        assert!(admit(&here, lane, &rules).is_ok());
        assert!(judge(private, &here, lane, &rules).is_ok());
        for (url, lane) in [
            ("http://tools.internal:9001/", lane),
            ("http://tool.internal:9000/", lane),
            ("http://tools.internal:9000/", Lane::of(other, Purpose::ToolServer)),
            ("http://tools.internal:9000/", Lane::own(Purpose::ToolServer)),
            ("http://tools.internal:9000/", Lane::of(ours, Purpose::Webhook)),
        ] {
            let target = target(url);
            assert_eq!(admit(&target, lane, &rules), Err(Refused::OwnName), "{url} {lane:?}");
            assert_eq!(judge(private, &target, lane, &rules), Err(Refused::PrivateAddress), "{url} {lane:?}");
        }
    }

    #[test]
    fn no_rule_opens_metadata_or_closed_space() {
        let rules = rules(Whom::Everyone, "tools.internal", Purpose::ToolServer);
        let here = target("http://tools.internal:9000/");
        let lane = Lane::own(Purpose::ToolServer);
        for (address, reason) in [
            ("169.254.169.254", Refused::MetadataAddress),
            ("::ffff:169.254.169.254", Refused::MetadataAddress),
            ("fd00:ec2::254", Refused::MetadataAddress),
            ("0.0.0.0", Refused::SpecialAddress),
            ("224.0.0.1", Refused::SpecialAddress),
            ("8.8.8.8", Refused::DeniedAddress),
            ("::ffff:8.8.8.8", Refused::DeniedAddress),
            ("64:ff9b::8.8.8.8", Refused::DeniedAddress),
        ] {
            assert_eq!(judge(address.parse().unwrap(), &here, lane, &rules), Err(reason), "{address}");
        }
    }

    #[test]
    fn a_rule_for_client_metadata_never_reaches_loopback() {
        let rules = rules(Whom::Everyone, "clients.internal", Purpose::ClientMetadata);
        let here = target("http://clients.internal:9000/");
        let lane = Lane::own(Purpose::ClientMetadata);
        assert!(judge("10.0.0.1".parse().unwrap(), &here, lane, &rules).is_ok());
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let verdict = judge(address.parse().unwrap(), &here, lane, &rules);
            assert_eq!(verdict, Err(Refused::LoopbackAddress), "{address}");
        }
    }

    #[test]
    fn a_service_port_needs_a_rule() {
        let lane = Lane::own(Purpose::Webhook);
        let mail = target("https://a.com:25/");
        assert_eq!(admit(&mail, lane, &Rules::default()), Err(Refused::ServicePort));
        assert!(admit(&target("https://a.com:8443/"), lane, &Rules::default()).is_ok());
    }

    #[test]
    fn what_decides_who_somebody_is_comes_over_tls_unless_the_operator_opened_the_host() {
        for purpose in [Purpose::Jwks, Purpose::Callback] {
            let lane = Lane::own(purpose);
            let rules = rules(Whom::Everyone, "id.internal", purpose);
            assert_eq!(admit(&target("http://id.example.com/"), lane, &rules), Err(Refused::PlainHttp));
            assert!(admit(&target("https://id.example.com/"), lane, &rules).is_ok());
            assert!(admit(&target("http://id.internal:9000/"), lane, &rules).is_ok());
        }
        let lane = Lane::own(Purpose::ToolServer);
        assert!(admit(&target("http://tools.example.com/"), lane, &Rules::default()).is_ok());
    }

    #[test]
    fn every_refusal_has_its_own_code_and_a_sentence() {
        let codes: std::collections::HashSet<_> = Refused::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Refused::ALL.len());
        assert!(Refused::ALL.iter().all(|r| r.text().ends_with('.')));
    }
}
