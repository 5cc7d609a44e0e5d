//! Placements made before: the same facts give the same placement, and most exchanges go where others went.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::Date;

use super::pop::Pops;
use super::{Observed, Placement};
use crate::exchange::{Destination, UpstreamCertificate};

/// A fixed number of places, each holding the last placement whose facts fell on it.
pub(super) struct Placed {
    places: Box<[Mutex<Option<Kept>>]>,
}

const PLACES: usize = 1024;

struct Kept {
    facts: Facts<'static>,
    placement: Arc<Placement>,
}

/// All that a placement is made from, beside the sources.
pub(super) struct Facts<'a> {
    pub destination: Cow<'a, Destination>,
    pub certificate: Option<Cow<'a, UpstreamCertificate>>,
    pub pops: Pops,
    pub connect_time: Option<Duration>,
    /// Three stand for all that are more: nothing asks for their number.
    pub samples: u32,
    pub interception: Option<&'static str>,
    pub day: Date,
}

impl<'a> Facts<'a> {
    /// `None` where there is something that only a single destination has, which is not worth keeping.
    pub fn new(
        destination: &'a Destination,
        certificate: Option<&'a UpstreamCertificate>,
        pops: &Pops,
        observed: &Observed,
        day: Date,
    ) -> Option<Self> {
        (observed.reach.is_none() && observed.reverse_name.is_none()).then(|| Self {
            destination: Cow::Borrowed(destination),
            certificate: certificate.map(Cow::Borrowed),
            pops: pops.clone(),
            connect_time: observed.connect_time.or(destination.peer.as_ref().ok().and_then(|peer| peer.connect_time)),
            samples: observed.samples.min(3),
            interception: observed.interception,
            day,
        })
    }

    fn into_owned(self) -> Facts<'static> {
        Facts {
            destination: Cow::Owned(self.destination.into_owned()),
            certificate: self.certificate.map(|certificate| Cow::Owned(certificate.into_owned())),
            ..self
        }
    }

    fn address(&self) -> Option<(SocketAddr, bool)> {
        self.destination.peer.as_ref().ok().map(|peer| (peer.address, peer.exit))
    }

    fn cname(&self) -> &[String] {
        self.destination.peer.as_ref().map_or(&[], |peer| &peer.cname)
    }

    fn place(&self) -> usize {
        let mut hasher = DefaultHasher::new();
        self.destination.host.hash(&mut hasher);
        self.address().hash(&mut hasher);
        self.pops.hash(&mut hasher);
        (hasher.finish() as usize) % PLACES
    }

    fn same(&self, other: &Facts<'_>) -> bool {
        self.destination.host == other.destination.host
            && self.address() == other.address()
            && self.cname() == other.cname()
            && self.pops == other.pops
            && (self.connect_time, self.samples, self.interception, self.day)
                == (other.connect_time, other.samples, other.interception, other.day)
            && self.certificate.as_deref() == other.certificate.as_deref()
    }
}

impl Default for Placed {
    fn default() -> Self {
        Self { places: (0..PLACES).map(|_| Mutex::new(None)).collect() }
    }
}

impl Placed {
    pub fn get(&self, facts: &Facts<'_>) -> Option<Arc<Placement>> {
        let place = self.places.get(facts.place())?.lock().unwrap_or_else(PoisonError::into_inner);
        place.as_ref().filter(|kept| kept.facts.same(facts)).map(|kept| Arc::clone(&kept.placement))
    }

    pub fn keep(&self, facts: Facts<'_>, placement: &Arc<Placement>) {
        if let Some(place) = self.places.get(facts.place()) {
            let kept = Kept { facts: facts.into_owned(), placement: Arc::clone(placement) };
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        }
    }
}
