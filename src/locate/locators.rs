//! The stage's door: all sources together.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::asn_db::AsnDb;
use super::connect_time::ConnectTime;
use super::country_db::CountryDb;
use super::entities::Entities;
use super::geofeed::Geofeed;
use super::overrides::Overrides;
use super::{
    Claim, DatasetInfo, DatasetKind, Effect, Evidence, EvidenceKind, LocateError, Locator, LocatorConfig, Observed,
    Placement, Provenance, Subject, Testimony, Unplaced, address, embedded, owner, reserved, weigh,
};
use crate::exchange::{Destination, TlsFacts, UpstreamCertificate};

/// Every source in force. Made once; reading it needs no lock.
pub struct Locators {
    sources: Vec<Box<dyn Locator>>,
    datasets: Vec<(DatasetKind, DatasetInfo)>,
}

impl Locators {
    /// Load everything. A named source that can't be used is an error, never a fallback.
    pub fn new(config: LocatorConfig) -> Result<Self, LocateError> {
        let entities = Entities::new(&config.entities).map_err(LocateError::Entities)?;
        let mut sources: Vec<Box<dyn Locator>> = vec![Box::new(Overrides::new(&config.overrides)?)];
        let mut datasets = Vec::new();
        for dataset in &config.geofeeds {
            let geofeed = Geofeed::new(dataset)?;
            datasets.push((DatasetKind::Geofeed, geofeed.info.clone()));
            sources.push(Box::new(geofeed));
        }
        for database in countries(config.country_dbs)? {
            datasets.push((DatasetKind::Country, database.0.info.clone()));
            sources.push(Box::new(database));
        }
        let registry = embedded::as_registry()?;
        datasets.push((DatasetKind::AsRegistry, registry.info.clone()));
        let asn = match config.asn_db {
            Some(dataset) => AsnDb::named(dataset, registry)?,
            None => AsnDb { db: embedded::asn()?, registry },
        };
        datasets.push((DatasetKind::Asn, asn.db.info.clone()));
        sources.push(Box::new(asn));
        datasets.extend(entities.info.clone().map(|info| (DatasetKind::Entities, info)));
        // After the network: the operator is named by its number.
        sources.push(Box::new(entities));
        sources.push(Box::new(ConnectTime));
        Ok(Self { sources, datasets })
    }

    /// What is in force, for metrics and provenance.
    pub fn datasets(&self) -> &[(DatasetKind, DatasetInfo)] {
        &self.datasets
    }

    /// Place a destination. Pure, and never fails: what isn't known comes back with its reason.
    ///
    /// `at`: when the exchange began, since who owns what changes.
    pub fn place(&self, destination: &Destination, tls: &TlsFacts, observed: &Observed, at: Timestamp) -> Placement {
        let host = canonical(&destination.host);
        let certificate = tls.certificate.as_ref();
        let day = TimeZone::UTC.to_datetime(at).date();
        if let Some(exit) = destination.peer.as_ref().ok().filter(|peer| peer.exit) {
            return self.behind_exit(&host, exit.address.ip(), certificate, day);
        }
        let address = peer_address(destination, &host);
        let subject = Subject {
            host: &host,
            address,
            reserved: address.and_then(reserved::reserved),
            aliases: destination.peer.as_ref().map_or(&[], |peer| &peer.cname),
            certificate,
            day,
            connect_time: observed.connect_time.or(destination.peer.as_ref().ok().and_then(|peer| peer.connect_time)),
            samples: observed.samples,
        };
        let mut testimony = Testimony::default();
        for source in &self.sources {
            source.testify(&subject, &mut testimony);
        }
        let location = weigh::location(&subject, &mut testimony);
        Placement {
            location,
            network: testimony.network.ok_or_else(|| no_network(&subject)),
            owner: testimony.owner.ok_or(Unplaced::NoEvidence),
            processors: testimony.processors,
            registrable_domain: owner::registrable_domain(&host).map(str::to_owned),
            evidence: testimony
                .opinions
                .into_iter()
                .map(|opinion| opinion.evidence)
                .chain(subject.reserved.map(reserved_range))
                .chain(testimony.notes)
                .collect(),
            refuted: Vec::new(),
        }
    }

    /// Behind an upstream proxy, only the name tells of the server. What is known of the exit's address stands beside it as
    /// evidence that decides nothing: an exit's country must never pass for the server's.
    fn behind_exit(&self, host: &str, exit: IpAddr, certificate: Option<&UpstreamCertificate>, day: Date) -> Placement {
        let subject = |address| Subject {
            host,
            address,
            reserved: None,
            aliases: &[],
            certificate,
            day,
            connect_time: None,
            samples: 0,
        };
        let (mut of_server, mut of_exit) = (Testimony::default(), Testimony::default());
        let exit = address::unwrap(exit);
        let exit = Subject { reserved: reserved::reserved(exit), ..subject(Some(exit)) };
        for source in &self.sources {
            source.testify(&subject(None), &mut of_server);
            source.testify(&exit, &mut of_exit);
        }
        let says = "address and location are those of the upstream proxy; the server's own were not seen";
        let through = Evidence {
            kind: EvidenceKind::UpstreamProxy,
            claim: Claim::Says(says.to_owned()),
            effect: Effect::Neutral,
            source: Provenance { dataset: "proxy".into(), digest: None },
            raw: None,
            ms: None,
        };
        let of_exit = of_exit.opinions.into_iter().map(|opinion| opinion.evidence);
        Placement {
            location: Err(Unplaced::UpstreamProxy),
            network: Err(Unplaced::UpstreamProxy),
            owner: of_server.owner.ok_or(Unplaced::NoEvidence),
            processors: of_server.processors,
            registrable_domain: owner::registrable_domain(host).map(str::to_owned),
            evidence: std::iter::once(through).chain(of_server.notes).chain(of_exit).collect(),
            refuted: Vec::new(),
        }
    }
}

fn countries(named: Vec<super::Dataset>) -> Result<Vec<CountryDb>, LocateError> {
    if named.is_empty() {
        return embedded::countries().map(Vec::from);
    }
    named.into_iter().map(CountryDb::named).collect()
}

/// Hosts come in canonical form; this only makes sure of it.
fn canonical(host: &str) -> Cow<'_, str> {
    let bare = host.strip_suffix('.').unwrap_or(host);
    if !bare.is_ascii() {
        // What is no name at all matches nothing.
        idna::domain_to_ascii(bare).map_or(Cow::Borrowed(bare), Cow::Owned)
    } else if bare.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(bare.to_ascii_lowercase())
    } else {
        Cow::Borrowed(bare)
    }
}

/// The address that carried the bytes; where none is known, the address that the host itself is.
fn peer_address(destination: &Destination, host: &str) -> Option<IpAddr> {
    let address = match &destination.peer {
        Ok(peer) => Some(peer.address.ip()),
        Err(_) => host.parse().ok(),
    };
    address.map(address::unwrap)
}

fn no_network(subject: &Subject<'_>) -> Unplaced {
    match (subject.address, subject.reserved) {
        (None, _) => Unplaced::NoPeer,
        (Some(_), Some(_)) => Unplaced::NotApplicable,
        (Some(_), None) => Unplaced::NoEvidence,
    }
}

fn reserved_range(range: &'static str) -> Evidence {
    Evidence {
        kind: EvidenceKind::Reserved,
        claim: Claim::Says(range.to_owned()),
        effect: Effect::Neutral,
        source: Provenance { dataset: "IANA special-purpose registries".into(), digest: None },
        raw: None,
        ms: None,
    }
}
