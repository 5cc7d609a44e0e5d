//! Offers of HTTP/3 (RFC 7838 section 3): a client that follows one leaves an explicit proxy, which carries no UDP.

use http::{HeaderMap, header};

/// Whether a response offers HTTP/3, in any draft's version.
pub fn offers_h3(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::ALT_SVC).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|offer| {
        let protocol = offer.split('=').next().unwrap_or_default().trim();
        protocol == "h3" || protocol.starts_with("h3-")
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_http_3_counts() {
        let offers = |values: &[&'static str]| {
            let values = values.iter().map(|value| (header::ALT_SVC, HeaderValue::from_static(value)));
            offers_h3(&values.collect())
        };
        assert!(offers(&["h3=\":443\"; ma=86400"]) && offers(&["h2=\":443\", h3-29=\":443\""]));
        assert!(offers(&["h2=\":443\"", "h3=\":443\""]));
        assert!(!offers(&["h2=\":443\""]) && !offers(&["clear"]) && !offers(&[]));
    }
}
