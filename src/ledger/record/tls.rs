//! `tls`: what the two handshakes showed.

use serde::Serialize;

use super::millis_text;
use crate::exchange::TlsFacts;

/// Longest text taken over from a certificate or hello, in characters.
const MAX_TEXT: usize = 200;

#[derive(Debug, Serialize)]
pub(super) struct TlsRecord<'a> {
    client: Option<ClientSide<'a>>,
    upstream: Option<UpstreamSide<'a>>,
    /// What exactly a handshake failed of, or would have but for an exception.
    fault: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct ClientSide<'a> {
    version: Option<&'a str>,
    alpn: Option<String>,
    ja4: Option<String>,
}

#[derive(Debug, Serialize)]
struct UpstreamSide<'a> {
    version: Option<&'a str>,
    cipher: Option<&'a str>,
    subject_country: Option<String>,
    issuer: Option<String>,
    sha256: Option<&'a str>,
    not_after: Option<String>,
}

/// `None` where neither side showed anything of TLS.
pub(super) fn tls(facts: &TlsFacts) -> Option<TlsRecord<'_>> {
    let client = (facts.client.is_some() || facts.ja4.is_some()).then(|| ClientSide {
        version: facts.client.as_ref().map(|side| side.version),
        alpn: facts.client.as_ref().and_then(|side| side.alpn.as_deref()).map(plain),
        ja4: facts.ja4.as_deref().map(plain),
    });
    let certificate = facts.certificate.as_ref();
    let upstream = (facts.upstream.is_some() || certificate.is_some()).then(|| UpstreamSide {
        version: facts.upstream.as_ref().map(|side| side.version),
        cipher: facts.upstream.as_ref().and_then(|side| side.cipher.as_deref()),
        subject_country: certificate.and_then(|c| c.subject_country.as_deref()).map(plain),
        issuer: certificate.map(|c| plain(&c.issuer)),
        sha256: certificate.map(|c| c.sha256.as_str()),
        not_after: certificate.map(|c| millis_text(c.not_after)),
    });
    let fault = facts.fault.map(|fault| fault.as_str());
    (client.is_some() || upstream.is_some() || fault.is_some()).then_some(TlsRecord { client, upstream, fault })
}

/// A peer's text with its control characters taken out and its length bounded.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}
