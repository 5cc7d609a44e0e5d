//! Networks in which a country database's word is worth little or nothing, by AS number.

/// Why an address of a network says little of where the answering host is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spread {
    /// The same address is announced from many places: no database can know which of them answered.
    Anycast,
    /// Points of presence all over the world; databases often give the registrant's country instead.
    Delivery,
}

/// How a network spreads its addresses; `None` for all that are not known to.
///
/// Facts published by the operators. Cloud networks that sell servers in a region (AS16509, AS8075, AS396982) are left out
/// on purpose, though delivery networks live in some of them: there, databases that agree are right 99 times of 100.
pub(super) fn spread(asn: u32) -> Option<Spread> {
    match asn {
        // Cloudflare, Fastly, Imperva: the same prefixes from every point of presence.
        13335 | 209242 | 132892 | 202623 | 54113 | 19551 => Some(Spread::Anycast),
        // Akamai (and its Prolexic scrubbing, AS32787).
        20940 | 16625 | 12222 | 32787 => Some(Spread::Delivery),
        // Google's own services (AS396982 is its cloud); Meta; Apple's edge.
        15169 | 36040 | 32934 | 714 | 6185 => Some(Spread::Delivery),
        // CDN77, bunny.net, Gcore, Edgio, Limelight, Netflix Open Connect, CDNetworks, ArvanCloud, DDoS-Guard.
        60068 | 212238 | 200325 | 199524 | 202422 | 15133 | 22822 | 2906 | 40027 | 36408 | 202468 | 205585 | 57724 => {
            Some(Spread::Delivery)
        }
        _ => None,
    }
}
