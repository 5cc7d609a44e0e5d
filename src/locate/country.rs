//! A country code, and nothing that only looks like one.

use std::fmt;

use super::iso3166::ASSIGNED;

/// ISO 3166-1 alpha-2, upper case. Says nothing of whether the code is assigned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// `None` unless the text is two ASCII letters. `ZZ`, `XX`, `EU`, `AP` and their like are no countries.
    pub fn new(code: &str) -> Option<Self> {
        let &[a, b] = code.as_bytes() else { return None };
        if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic()) {
            return None;
        }
        let code = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
        let placeholder = matches!(&code, b"ZZ" | b"XX" | b"EU" | b"AP" | b"AA" | b"QQ");
        (!placeholder).then_some(Self(code))
    }

    /// The same, and only a code that is assigned (or `XK`). Retired and invented codes are no countries.
    pub fn assigned(code: &str) -> Option<Self> {
        Self::new(code).filter(|country| ASSIGNED.binary_search(&country.as_str()).is_ok())
    }

    pub fn as_str(&self) -> &str {
        // Only ASCII letters get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
