//! The stage's door: all sources together.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::asn_db::AsnDb;
use super::cloud_ranges::CloudRanges;
use super::connect_time::ConnectTime;
use super::country_db::CountryDb;
use super::entities::Entities;
use super::geofeed::Geofeed;
use super::overrides::Overrides;
use super::placed::{Facts, Placed};
use super::pop::Pop;
use super::pop_header::PopHeaders;
use super::region_name::RegionNames;
use super::reverse_name::ReverseName;
use super::{
    Claim, DatasetInfo, DatasetKind, Effect, Embedded, Evidence, EvidenceKind, LocateError, Locator, LocatorConfig,
    Observed, Path, Placement, Provenance, Reach, Subject, Testimony, Unplaced, Unseen, Vantage, address, owner,
    reserved, weigh,
};
use crate::exchange::{Destination, Headers, TlsFacts};

/// Every source in force. Made once; it never changes.
pub struct Locators {
    sources: Vec<Box<dyn Locator>>,
    datasets: Vec<(DatasetKind, DatasetInfo)>,
    entities: Arc<Entities>,
    embedded: Arc<Embedded>,
    /// Distances from the stated vantage.
    reach: Option<Arc<Reach>>,
    path: Path,
    placed: Placed,
}

impl Locators {
    /// Load everything. A named source that can't be used is an error, never a fallback.
    pub fn new(config: LocatorConfig) -> Result<Self, LocateError> {
        let entities = Entities::new(&config.entities).map_err(LocateError::Entities)?;
        Self::with(config, Arc::new(entities))
    }

    /// Load the named files anew; entities and what is compiled in stay the same and are shared.
    pub fn renewed(&self, config: LocatorConfig) -> Result<Self, LocateError> {
        let config = LocatorConfig { embedded: Arc::clone(&self.embedded), ..config };
        Self::with(config, Arc::clone(&self.entities))
    }

    fn with(config: LocatorConfig, entities: Arc<Entities>) -> Result<Self, LocateError> {
        let embedded = Arc::clone(&config.embedded);
        let mut sources: Vec<Box<dyn Locator>> = vec![Box::new(Overrides::new(&config.overrides)?)];
        let mut datasets = Vec::new();
        for dataset in &config.geofeeds {
            let geofeed = Geofeed::new(dataset)?;
            datasets.push((DatasetKind::Geofeed, geofeed.info.clone()));
            sources.push(Box::new(geofeed));
        }
        for database in countries(config.country_dbs, &embedded)? {
            datasets.push((DatasetKind::Country, database.db.info.clone()));
            sources.push(Box::new(database));
        }
        let registry = embedded.registry()?;
        datasets.push((DatasetKind::AsRegistry, registry.info.clone()));
        let asn = match config.asn_db {
            Some(dataset) => AsnDb::named(dataset, registry)?,
            None => AsnDb { db: embedded.asn()?, registry },
        };
        datasets.push((DatasetKind::Asn, asn.db.info.clone()));
        sources.push(Box::new(asn));
        // After the network, by whose number they know the address; before those who believe only some networks.
        sources.push(Box::new(embedded.carriers()?));
        for dataset in &config.cloud_ranges {
            let ranges = CloudRanges::new(dataset, &embedded.regions())?;
            datasets.push((DatasetKind::CloudRanges, ranges.info.clone()));
            sources.push(Box::new(ranges));
        }
        let (airports, regions) = (embedded.airports()?, embedded.regions());
        sources.push(Box::new(PopHeaders(Arc::clone(&airports))));
        sources.push(Box::new(RegionNames(Arc::clone(&regions))));
        sources.push(Box::new(ReverseName { airports, regions }));
        datasets.extend(entities.info.clone().map(|info| (DatasetKind::Entities, info)));
        sources.push(Box::new(Arc::clone(&entities)));
        sources.push(Box::new(ConnectTime));
        let (path, placed) = (config.path, Placed::default());
        let reach = config.vantage.map(|vantage| reach_from(&embedded, vantage, path)).transpose()?;
        Ok(Self { sources, datasets, entities, embedded, reach, path, placed })
    }

    /// What is in force, for metrics and provenance.
    pub fn datasets(&self) -> &[(DatasetKind, DatasetInfo)] {
        &self.datasets
    }

    /// What connect times bound that were measured somewhere else than the configuration says.
    pub fn reach(&self, vantage: Vantage) -> Result<Arc<Reach>, LocateError> {
        reach_from(&self.embedded, vantage, self.path)
    }

    /// Place a destination. Pure, and never fails: what isn't known comes back with its reason. `answer`: the fields of a
    /// response that it gave. `at`: when the exchange began, since who owns what changes.
    pub fn place(
        &self,
        destination: &Destination,
        tls: &TlsFacts,
        answer: Option<&Headers>,
        observed: &Observed,
        at: Timestamp,
    ) -> Arc<Placement> {
        let day = TimeZone::UTC.to_datetime(at).date();
        let pops = answer.map(Pop::read).unwrap_or_default();
        let facts = Facts::new(destination, tls.certificate.as_ref(), &pops, observed, day);
        if let Some(known) = facts.as_ref().and_then(|facts| self.placed.get(facts)) {
            return known;
        }
        let placement = Arc::new(self.place_anew(destination, tls, &pops, observed, day));
        if let Some(facts) = facts {
            self.placed.keep(facts, &placement);
        }
        placement
    }

    fn place_anew(
        &self,
        destination: &Destination,
        tls: &TlsFacts,
        pops: &[Pop],
        observed: &Observed,
        day: Date,
    ) -> Placement {
        let host = canonical(&destination.host);
        let peer = destination.peer.as_ref().ok();
        let subject = Subject {
            aliases: peer.map_or(&[], |peer| &peer.cname),
            certificate: tls.certificate.as_ref(),
            pops,
            reverse_name: observed.reverse_name.as_deref(),
            connect_time: observed.connect_time.or(peer.and_then(|peer| peer.connect_time)),
            samples: observed.samples,
            interception: observed.interception,
            reach: observed.reach.as_deref().or(self.reach.as_deref()),
            ..Subject::of_name(&host, day)
        };
        if let Some(exit) = peer.filter(|peer| peer.exit) {
            return self.behind_exit(&subject, exit.address.ip());
        }
        let address = peer_address(destination, &host);
        let subject = Subject { address, reserved: address.and_then(reserved::reserved), ..subject };
        let mut testimony = self.testimony(&subject);
        let weighed = weigh::location(&subject, &mut testimony);
        Placement {
            location: weighed.location,
            refuted: weighed.refuted,
            anycast: weighed.anycast,
            unseen: unseen(testimony.spread.is_some()),
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
        }
    }

    fn testimony(&self, subject: &Subject<'_>) -> Testimony {
        let mut testimony = Testimony::default();
        for source in &self.sources {
            source.testify(subject, &mut testimony);
        }
        testimony
    }

    /// Behind an upstream proxy, only the name tells of the server. What is known of the exit's address stands beside it as
    /// evidence that decides nothing: an exit's country must never pass for the server's.
    fn behind_exit(&self, subject: &Subject<'_>, exit: IpAddr) -> Placement {
        let of_server = self.testimony(&Subject { pops: &[], connect_time: None, ..*subject });
        let exit = address::unwrap(exit);
        let exit = Subject {
            address: Some(exit),
            reserved: reserved::reserved(exit),
            ..Subject::of_name(subject.host, subject.day)
        };
        let of_exit = self.testimony(&exit);
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
            registrable_domain: owner::registrable_domain(subject.host).map(str::to_owned),
            anycast: false,
            unseen: unseen(true),
            evidence: std::iter::once(through).chain(of_server.notes).chain(of_exit).collect(),
            refuted: Vec::new(),
        }
    }
}

/// Files that place addresses replace the embedded ones; files that only say what addresses are stand beside them.
fn countries(named: Vec<super::Dataset>, embedded: &Embedded) -> Result<Vec<CountryDb>, LocateError> {
    let named = named.into_iter().map(CountryDb::named).collect::<Result<Vec<_>, _>>()?;
    let places = named.iter().any(|named| named.places);
    let own = match places {
        true => Vec::new(),
        false => embedded.countries()?.map(|db| CountryDb { db, places: true }).into(),
    };
    Ok(named.into_iter().chain(own).collect())
}

fn reach_from(embedded: &Embedded, vantage: Vantage, path: Path) -> Result<Arc<Reach>, LocateError> {
    Ok(Arc::new(Reach::new(&*embedded.atlas()?, vantage, path)))
}

/// What no answer can show: `delivered` says that the host which answered asks another one in its turn, or may.
fn unseen(delivered: bool) -> Vec<Unseen> {
    let origin = delivered.then_some(Unseen::Origin);
    origin.into_iter().chain([Unseen::Replicas, Unseen::RemoteAccess]).collect()
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
