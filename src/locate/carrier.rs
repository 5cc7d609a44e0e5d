//! Networks that answer for others from many places: by AS number, by the ranges they publish, by a list of anycast ranges.
//! There, a country database's word is worth little or nothing.

use super::prefix::{self, PrefixMap};
use super::{Claim, Effect, Evidence, EvidenceKind, LocateError, Locator, Provenance, Subject, Testimony, damaged};

/// Why an address of a network says little of where the answering host is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub(super) enum Spread {
    /// Points of presence all over the world; databases often give the registrant's country instead.
    Delivery,
    /// The same address is announced from many places: no database can know which of them answered.
    Anycast,
}

/// Whose address it is, where the operator's own headers name a point of presence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carrier {
    Cloudflare,
    Fastly,
    /// CloudFront's published ranges.
    CloudFront,
    /// Some address of Amazon's, not known to be CloudFront's.
    Amazon,
    Microsoft,
    Cdn77,
    Alibaba,
    Vercel,
    Fly,
}

/// The lists compiled in.
pub(super) struct Carriers {
    ranges: PrefixMap<(Option<Spread>, Option<Carrier>, Box<str>)>,
    provenance: Provenance,
}

impl Carriers {
    /// `delivery`: lines `range,network` as `data/refresh-places` writes them. `anycast`: lines `range,what`.
    pub fn new(delivery: &str, anycast: &str) -> Result<Self, LocateError> {
        let mut ranges = PrefixMap::default();
        for (text, of_networks) in [(delivery, true), (anycast, false)] {
            for (range, what) in lines(text) {
                let range =
                    prefix::parse(range).map_err(|reason| damaged("delivery", format!("`{range}`: {reason}")))?;
                let (spread, carrier) = if of_networks { published(what) } else { (Spread::Anycast, listed(what)) };
                ranges.insert(range, (Some(spread), carrier, what.into()));
            }
        }
        Ok(Self { ranges, provenance: Provenance { dataset: "delivery and anycast ranges".into(), digest: None } })
    }
}

fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(','))
}

fn published(network: &str) -> (Spread, Option<Carrier>) {
    match network {
        "cloudflare" => (Spread::Anycast, Some(Carrier::Cloudflare)),
        "fastly" => (Spread::Anycast, Some(Carrier::Fastly)),
        "cloudfront" => (Spread::Delivery, Some(Carrier::CloudFront)),
        "azure_front_door" => (Spread::Anycast, Some(Carrier::Microsoft)),
        _ => (Spread::Anycast, None),
    }
}

fn listed(what: &str) -> Option<Carrier> {
    match what {
        "Vercel" => Some(Carrier::Vercel),
        "Fly.io" => Some(Carrier::Fly),
        "GitHub Pages" => Some(Carrier::Fastly),
        _ => None,
    }
}

/// What is known of a network by its number. Facts published by the operators. Cloud networks that sell servers in a region
/// (AS16509, AS8075, AS396982) are not spread on purpose, though delivery networks live in some of them: there, databases
/// that agree are right 99 times of 100, and the ranges of those delivery networks are listed.
pub(super) fn by_number(asn: u32) -> (Option<Spread>, Option<Carrier>) {
    use Spread::{Anycast, Delivery};
    match asn {
        13335 | 209242 | 132892 | 202623 | 395747 => (Some(Anycast), Some(Carrier::Cloudflare)),
        54113 | 394192 => (Some(Anycast), Some(Carrier::Fastly)),
        16509 | 14618 | 55960 | 135629 => (None, Some(Carrier::Amazon)),
        8068 => (Some(Anycast), Some(Carrier::Microsoft)),
        8075 | 8069 => (None, Some(Carrier::Microsoft)),
        60068 | 212238 => (Some(Delivery), Some(Carrier::Cdn77)),
        37963 | 45102 | 24429 | 134963 => (None, Some(Carrier::Alibaba)),
        40509 => (Some(Anycast), Some(Carrier::Fly)),
        // Imperva, Edgio, StackPath, Sucuri, Automattic, Quad9, OpenDNS, Packet Clearing House, NextDNS.
        19551 | 15133 | 20446 | 12989 | 33438 | 30148 | 2635 | 19281 | 36692 | 42 | 34939 => (Some(Anycast), None),
        // UltraDNS, NS1, Dyn, DNS Made Easy, Verisign.
        12008 | 62597 | 33517 | 16552 | 26415 | 7342 | 36617 | 397_196..=397_243 => (Some(Anycast), None),
        // Akamai, and its Prolexic scrubbing.
        20940 | 16625 | 12222 | 21342 | 21357 | 34164 | 35994 | 18680 | 18717 | 31108..=31110 | 35204 | 32787 => {
            (Some(Delivery), None)
        }
        // Google's own services (AS396982 is its cloud); Meta; Apple's edge.
        15169 | 36040 | 43515 | 32934 | 63293 | 714 | 6185 => (Some(Delivery), None),
        // bunny.net, Gcore, Limelight, Netflix Open Connect, CDNetworks, Wangsu, ArvanCloud, DDoS-Guard.
        200325 | 199524 | 202422 | 22822 | 2906 | 40027 | 36408 | 38670 | 54994 | 202468 | 205585 | 57724 => {
            (Some(Delivery), None)
        }
        _ => (None, None),
    }
}

/// Clouds that announce one range after the other in countries all over the world. On IPv6, databases that agree about them
/// are wrong often enough that their agreement is only a claim.
pub(super) fn is_worldwide_cloud(asn: u32) -> bool {
    matches!(
        asn,
        16509
            | 14618
            | 8075
            | 15169
            | 396982
            | 31898
            | 14061
            | 63949
            | 20473
            | 45102
            | 132203
            | 136907
            | 36351
            | 16276
            | 24940
            | 60781
            | 9009
            | 212238
            | 21859
    )
}

impl Locator for Carriers {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        let (mut spread, mut carrier) =
            testimony.network.as_ref().map_or((None, None), |network| by_number(network.asn));
        let asn = testimony.network.as_ref().map(|network| network.asn);
        let mut note = |text: String| {
            testimony.notes.push(Evidence {
                kind: EvidenceKind::Carrier,
                claim: Claim::Says(text),
                effect: Effect::Neutral,
                source: self.provenance.clone(),
                raw: None,
                ms: None,
            });
        };
        match (spread, asn) {
            (Some(Spread::Anycast), Some(asn)) => note(format!("AS{asn} announces its addresses from many places")),
            (Some(Spread::Delivery), Some(asn)) => {
                note(format!("AS{asn} is a delivery network, in which databases are often wrong together"));
            }
            _ => {}
        }
        let public = subject.address.filter(|_| subject.reserved.is_none());
        if let Some((range, (listed, whose, what))) = public.and_then(|address| self.ranges.get(address)) {
            note(match listed {
                Some(Spread::Anycast) => format!("{range} ({what}) is announced from many places"),
                _ => format!("{range} ({what}) is spread over many places"),
            });
            spread = spread.max(*listed);
            carrier = whose.or(carrier);
        }
        testimony.spread = spread;
        testimony.carrier = carrier;
    }
}
