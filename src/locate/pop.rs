//! What delivery networks say of themselves in a response: which point of presence answered.
//!
//! Only the network's own addresses are believed: anyone can send these fields, and a network that is asked through another
//! one passes them on.

use smallvec::SmallVec;

use super::Country;
use super::airports::Airports;
use super::carrier::Carrier;
use crate::exchange::Headers;

/// Fields that name a point of presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PopField {
    CfRay,
    AmzCfPop,
    ServedBy,
    MsEdgeRef,
    Pop77,
    EdgeLocation,
    AlibabaVia,
    VercelId,
    FlyRequestId,
}

/// A point of presence as a field of the response names it; the same for every response that it gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Pop {
    pub field: PopField,
    /// Airport code, or what else the network writes: `FRA`, `pragueCZ`, `de4`.
    pub token: Token,
    /// The one before it, nearer to the origin: Fastly's shield.
    pub shield: Option<Token>,
}

pub(super) type Pops = SmallVec<[Pop; 2]>;

/// At most so long, of ASCII letters and digits: nothing else of a peer's gets through.
type Token = SmallVec<[u8; 24]>;

impl PopField {
    pub fn name(self) -> &'static str {
        match self {
            Self::CfRay => "cf-ray",
            Self::AmzCfPop => "x-amz-cf-pop",
            Self::ServedBy => "x-served-by",
            Self::MsEdgeRef => "x-msedge-ref",
            Self::Pop77 => "x-77-pop",
            Self::EdgeLocation => "x-edge-location",
            Self::AlibabaVia => "via",
            Self::VercelId => "x-vercel-id",
            Self::FlyRequestId => "fly-request-id",
        }
    }

    /// Whether the field is the word of whoever runs this address.
    pub fn is_of(self, carrier: Carrier) -> bool {
        match self {
            Self::CfRay => carrier == Carrier::Cloudflare,
            Self::AmzCfPop => matches!(carrier, Carrier::CloudFront | Carrier::Amazon),
            Self::ServedBy => carrier == Carrier::Fastly,
            Self::MsEdgeRef => carrier == Carrier::Microsoft,
            Self::Pop77 | Self::EdgeLocation => carrier == Carrier::Cdn77,
            Self::AlibabaVia => carrier == Carrier::Alibaba,
            Self::VercelId => matches!(carrier, Carrier::Vercel | Carrier::Amazon),
            Self::FlyRequestId => carrier == Carrier::Fly,
        }
    }

    /// Whether the network writes the field itself, documents it, and lets no customer change it.
    pub fn is_strong(self) -> bool {
        matches!(self, Self::CfRay | Self::AmzCfPop | Self::ServedBy)
    }

    fn of(name: &str) -> Option<Self> {
        // Few fields begin like these: the rest is passed over at the first letter.
        let known: &[Self] = match name.as_bytes().first()?.to_ascii_lowercase() {
            b'c' => &[Self::CfRay],
            b'x' => &[Self::AmzCfPop, Self::ServedBy, Self::MsEdgeRef, Self::Pop77, Self::EdgeLocation, Self::VercelId],
            b'v' => &[Self::AlibabaVia],
            b'f' => &[Self::FlyRequestId],
            _ => return None,
        };
        known.iter().copied().find(|field| name.eq_ignore_ascii_case(field.name()))
    }

    fn read(self, value: &str) -> Option<(Token, Option<Token>)> {
        let alone = |text: Option<&str>| Some((token(text?)?, None));
        match self {
            Self::CfRay | Self::FlyRequestId => alone(value.trim().rsplit_once('-').map(|(_, code)| code)),
            Self::AmzCfPop => {
                let code = value.trim().get(..3)?;
                let digit = value.trim().as_bytes().get(3).is_none_or(u8::is_ascii_digit);
                alone(digit.then_some(code))
            }
            Self::ServedBy => served_by(value),
            Self::MsEdgeRef => alone(value.split_once("Ref B:")?.1.trim_start().get(..3)),
            Self::Pop77 | Self::EdgeLocation => alone(Some(value.trim())),
            Self::AlibabaVia => alone(alibaba_edge(value)),
            Self::VercelId => alone(value.trim().split("::").next()),
        }
    }
}

/// A field of a response that names this point of presence, from what was recorded of it: the field's name and the token.
pub fn recorded_field(name: &str, token: &str) -> Option<(String, String)> {
    let field = PopField::of(name)?;
    let value = match field {
        PopField::CfRay | PopField::FlyRequestId => format!("0-{token}"),
        PopField::ServedBy => format!("cache-0-{token}"),
        PopField::MsEdgeRef => format!("Ref B: {token}"),
        PopField::AlibabaVia => format!("cache0.{token}[0]"),
        PopField::AmzCfPop | PopField::Pop77 | PopField::EdgeLocation | PopField::VercelId => token.to_owned(),
    };
    Some((name.to_owned(), value))
}

impl Pop {
    /// What the fields of a response name. A field that names two different places names none.
    pub fn read(headers: &Headers) -> Pops {
        let mut pops = Pops::new();
        for (name, value) in headers.iter() {
            let Some(field) = PopField::of(name) else { continue };
            let Some((token, shield)) = std::str::from_utf8(value).ok().and_then(|value| field.read(value)) else {
                continue;
            };
            if pops.len() < 8 {
                pops.push(Pop { field, token, shield });
            }
        }
        let twice =
            |pops: &Pops, pop: &Pop| pops.iter().any(|other| other.field == pop.field && other.token != pop.token);
        let all = pops.clone();
        pops.retain(|pop| pop.field == PopField::ServedBy || !twice(&all, pop));
        if let Some(last) = all.iter().rposition(|pop| pop.field == PopField::ServedBy) {
            // Each Fastly server adds its name behind the others': the last is the edge.
            pops.retain(|pop| pop.field != PopField::ServedBy || Some(&*pop) == all.get(last));
        }
        pops
    }

    pub fn token(&self) -> &str {
        std::str::from_utf8(&self.token).unwrap_or_default()
    }

    pub fn shield(&self) -> Option<&str> {
        self.shield.as_ref().and_then(|token| std::str::from_utf8(token).ok())
    }

    /// The country that the token stands for.
    pub fn country(&self, airports: &Airports) -> Option<Country> {
        place(self.field, self.token(), airports)
    }

    /// The airport code in the token, where it is one.
    pub fn airport(&self) -> Option<&str> {
        match self.field {
            PopField::Pop77 | PopField::EdgeLocation | PopField::AlibabaVia => None,
            _ => self.token().get(..3),
        }
    }
}

/// The country that a network's own word for a place stands for.
pub(super) fn place(field: PopField, token: &str, airports: &Airports) -> Option<Country> {
    match field {
        PopField::Pop77 | PopField::EdgeLocation => {
            // City in lower case, then the country, then a state where there are many: `losangelesUSCA`.
            let at = token.find(|c: char| c.is_ascii_uppercase())?;
            Country::assigned(token.get(at..at + 2)?)
        }
        PopField::AlibabaVia => {
            let letters = token.strip_prefix("l2").unwrap_or(token);
            let end = letters.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(letters.len());
            let code = letters.get(..end).filter(|code| code.len() == 2)?;
            Country::assigned(if code.eq_ignore_ascii_case("uk") { "GB" } else { code })
        }
        PopField::VercelId => airports.country(token.get(..3).filter(|_| token.len() == 4)?),
        _ => airports.country(token),
    }
}

fn token(text: &str) -> Option<Token> {
    let text = text.trim();
    let plain = !text.is_empty() && text.len() <= 24 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| Token::from_slice(text.as_bytes()))
}

/// `cache-lga21984-LGA, cache-fra-eddf8230059-FRA`: the shield first, the edge last.
fn served_by(value: &str) -> Option<(Token, Option<Token>)> {
    let code = |server: &str| token(server.trim().rsplit_once('-').filter(|(name, _)| name.starts_with("cache-"))?.1);
    let mut servers = value.rsplit(',');
    let edge = code(servers.next()?)?;
    Some((edge, servers.next().and_then(code)))
}

/// `cache5.l2de2[0,200-0,H], cache8.de4[1,0]`: the last one talked to the client.
fn alibaba_edge(value: &str) -> Option<&str> {
    let last = value.rsplit(", ").find(|server| server.trim().starts_with("cache"))?;
    let node = last.trim().split_once('.')?.1;
    Some(node.split_once('[').map_or(node, |(node, _)| node))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::Embedded;
    use super::*;

    fn read(fields: &[(&str, &str)]) -> Vec<String> {
        let airports = Embedded::default().airports().expect("the embedded table is whole");
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), Bytes::from((*value).to_owned()));
        let headers = Headers(fields.iter().map(field).collect());
        let show = |pop: &Pop| {
            let country = pop.country(&airports).map_or("?".to_owned(), |country| country.to_string());
            format!("{} {} {country} {}", pop.field.name(), pop.token(), pop.shield().unwrap_or("-"))
        };
        Pop::read(&headers).iter().map(show).collect()
    }

    #[test]
    fn every_networks_own_spelling_is_read() {
        let check =
            |name: &str, value: &str, expect: &str| assert_eq!(read(&[(name, value)]), [expect], "{name}: {value}");
        check("CF-RAY", "8f1b2c3d4e5f6789-FRA", "cf-ray FRA DE -");
        check("x-amz-cf-pop", "FRA56-P8", "x-amz-cf-pop FRA DE -");
        check("X-Amz-Cf-Pop", "HIO50-C1", "x-amz-cf-pop HIO US -");
        check("x-served-by", "cache-lga21984-LGA, cache-fra-eddf8230059-FRA", "x-served-by FRA DE LGA");
        check("x-served-by", "cache-tyo11941-TYO", "x-served-by TYO JP -");
        check("x-msedge-ref", "Ref A: 0A Ref B: FRA31EDGE0412 Ref C: 2026-11-24T09:01:22Z", "x-msedge-ref FRA DE -");
        check("x-77-pop", "pragueCZ", "x-77-pop pragueCZ CZ -");
        check("x-edge-location", "losangelesUSCA", "x-edge-location losangelesUSCA US -");
        check("via", "cache5.l2de2[12,0], cache8.de4[1,0]", "via de4 DE -");
        check("via", "cache1.l2cn1807[0,0,200-0,H], cache17.cn4711[2,0]", "via cn4711 CN -");
        check("x-vercel-id", "fra1::iad1::abcde-1700000000000-0123456789ab", "x-vercel-id fra1 DE -");
        check("fly-request-id", "01HXYZ-ams", "fly-request-id ams NL -");
        check("cf-ray", "8f1b2c3d4e5f6789-ZZZ", "cf-ray ZZZ ? -");
        // What is kept of a field is enough to read it again.
        for (name, token, country) in [
            ("cf-ray", "FRA", "DE"),
            ("x-amz-cf-pop", "NRT", "JP"),
            ("x-served-by", "LHR", "GB"),
            ("x-msedge-ref", "AMS", "NL"),
            ("x-77-pop", "pragueCZ", "CZ"),
            ("via", "de4", "DE"),
            ("x-vercel-id", "fra1", "DE"),
            ("fly-request-id", "ams", "NL"),
        ] {
            let (name, value) = recorded_field(name, token).expect("a known field");
            check(&name, &value, &format!("{name} {token} {country} -"));
        }
    }

    #[test]
    fn what_names_no_place_is_passed_over() {
        for (name, value) in [
            ("cf-ray", "8f1b2c3d4e5f6789"),
            ("cf-ray", "x-<b>"),
            ("x-served-by", "web-7"),
            ("x-served-by", "my-server-FRA"),
            ("x-amz-cf-pop", "FR"),
            ("x-amz-cf-pop", "FRANKFURT"),
            ("x-msedge-ref", "opaque"),
            ("via", "1.1 google"),
            ("x-edge-location", "a-b"),
            ("server", "cloudflare"),
        ] {
            assert_eq!(read(&[(name, value)]), Vec::<String>::new(), "{name}: {value}");
        }
        let twice = read(&[("cf-ray", "1-FRA"), ("cf-ray", "2-AMS"), ("x-cache", "HIT")]);
        assert_eq!(twice, Vec::<String>::new());
        let chained = read(&[("x-served-by", "cache-a-LHR"), ("x-served-by", "cache-b-NRT")]);
        assert_eq!(chained, ["x-served-by NRT JP -"]);
    }
}
