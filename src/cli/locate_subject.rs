//! A certificate's subject as people write it down: a distinguished name, or only a common name.

use jiff::Timestamp;

use crate::exchange::UpstreamCertificate;

/// The facts of a certificate of which only the subject was noted; `None` where that names no organisation.
pub(super) fn certificate(subject: &str) -> Option<UpstreamCertificate> {
    let value = |name: &str| {
        attributes(subject)
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .filter(|v| !v.is_empty())
    };
    let subject_organization = Some(value("O").or_else(|| value("organizationName"))?);
    Some(UpstreamCertificate {
        subject_country: value("C").or_else(|| value("countryName")),
        subject_organization,
        issuer: "not recorded".to_owned(),
        sha256: String::new(),
        not_after: Timestamp::UNIX_EPOCH,
    })
}

/// `CN=a, O="B, Inc.", C=US`; `/C=US/O=B` and a backslash before a comma are read too.
fn attributes(subject: &str) -> impl Iterator<Item = (String, String)> {
    let separator = if subject.starts_with('/') { ['/', '/'] } else { [',', '+'] };
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in subject.chars() {
        let ends = separator.contains(&c) && !quoted && !escaped;
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => quoted = !quoted,
            _ if ends => parts.push(String::new()),
            c => {
                escaped = false;
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
    }
    parts.into_iter().filter_map(|part| {
        let (key, value) = part.split_once('=')?;
        Some((key.trim().to_owned(), value.trim().to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organisation_and_country_are_found_in_every_spelling() {
        let check = |subject: &str, expect: Option<(&str, Option<&str>)>| {
            let found = certificate(subject);
            let found = found
                .as_ref()
                .and_then(|it| Some((it.subject_organization.as_deref()?, it.subject_country.as_deref())));
            assert_eq!(found, expect, "{subject}");
        };
        check("CN=a.example, O=Acme GmbH, C=DE", Some(("Acme GmbH", Some("DE"))));
        check("C = US, ST = California, O = \"Cloudflare, Inc.\", CN = x", Some(("Cloudflare, Inc.", Some("US"))));
        check(
            "O=Alibaba (China) Technology Co.\\, Ltd.,C=CN",
            Some(("Alibaba (China) Technology Co., Ltd.", Some("CN"))),
        );
        check("/C=US/O=Google LLC/CN=*.google.com", Some(("Google LLC", Some("US"))));
        check("CN=a.example", None);
        check("a.example", None);
        check("O=", None);
        check("", None);
    }
}
