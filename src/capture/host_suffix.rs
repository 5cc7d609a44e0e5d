//! A host and everything under it, as bypass rules name it.

use std::fmt;
use std::str::FromStr;

use super::host::{HostError, LeafName};

/// `example.com` (or `*.example.com`) covers `example.com` and every name under it; an address covers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSuffix(LeafName);

impl HostSuffix {
    pub fn covers(&self, host: &LeafName) -> bool {
        match (self.0.dns(), host.dns()) {
            (Some(suffix), Some(name)) => {
                name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            _ => self.0 == *host,
        }
    }
}

impl FromStr for HostSuffix {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        LeafName::parse(text.strip_prefix("*.").unwrap_or(text)).map(Self)
    }
}

impl fmt::Display for HostSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_covers_what_is_under_it_and_nothing_beside() {
        #[track_caller]
        fn check(suffix: &str, host: &str, expect: bool) {
            let suffix: HostSuffix = suffix.parse().expect("a suffix");
            assert_eq!(suffix.covers(&LeafName::parse(host).expect("a host")), expect, "{suffix} {host}");
        }
        check("Example.com", "example.com", true);
        check("example.com.", "a.b.example.com", true);
        check("*.example.com", "example.com", true);
        check("example.com", "badexample.com", false);
        check("example.com", "example.com.evil", false);
        check("[::1]", "::1", true);
        check("127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "127.0.0.11", false);
        for wrong in ["", "*", "a..b", "https://example.com", "*.*.example.com"] {
            assert!(wrong.parse::<HostSuffix>().is_err(), "{wrong}");
        }
    }
}
