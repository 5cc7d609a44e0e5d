//! What an upstream's certificate says about who runs it.

use jiff::Timestamp;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

use super::crypto::sha256_hex;
use crate::exchange::UpstreamCertificate;

/// Longest text kept of a name: it is the server's, and could be anything.
const MAX_TEXT: usize = 256;

/// Reads an end-entity certificate; `None` when it is none.
pub(super) fn read(der: &[u8]) -> Option<UpstreamCertificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let subject = certificate.subject();
    Some(UpstreamCertificate {
        subject_country: first(subject.iter_country()),
        subject_organization: first(subject.iter_organization()),
        issuer: first(certificate.issuer().iter_common_name()).unwrap_or_else(|| whole(certificate.issuer())),
        sha256: sha256_hex(der),
        not_after: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?,
    })
}

fn first<'a>(mut attributes: impl Iterator<Item = &'a x509_parser::x509::AttributeTypeAndValue<'a>>) -> Option<String> {
    attributes.find_map(|attribute| attribute.as_str().ok().map(printable)).filter(|text| !text.is_empty())
}

fn whole(name: &X509Name<'_>) -> String {
    printable(&name.to_string())
}

/// Text that can stand in a record or an error page's reason: no control characters, and not too long.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

    fn certificate(attributes: &[(DnType, &str)]) -> Vec<u8> {
        let mut params = CertificateParams::new(["a.example".to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in attributes {
            params.distinguished_name.push(kind.clone(), *value);
        }
        params.not_after = rcgen::date_time_ymd(2031, 2, 3);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_subject_and_issuer_are_read() {
        let der = certificate(&[
            (DnType::CountryName, "SG"),
            (DnType::OrganizationName, "Example\u{7} Pte"),
            (DnType::CommonName, "Example CA 1"),
        ]);
        let got = read(&der).unwrap();
        assert_eq!(got.subject_country.as_deref(), Some("SG"));
        assert_eq!(got.subject_organization.as_deref(), Some("Example Pte"));
        assert_eq!(got.issuer, "Example CA 1");
        assert_eq!(got.not_after.to_string(), "2031-02-03T00:00:00Z");
        assert_eq!(got.sha256, sha256_hex(&der));
    }

    #[test]
    fn what_is_absent_is_absent() {
        let got = read(&certificate(&[(DnType::OrganizationName, &"x".repeat(1000))])).unwrap();
        assert_eq!(got.subject_country, None);
        assert!(got.issuer.starts_with("O=xxx"), "{}", got.issuer);
        assert_eq!(got.issuer.len(), MAX_TEXT);
        assert_eq!(read(&certificate(&[])).unwrap().issuer, "");
        assert_eq!(read(b"nonsense"), None);
    }
}
