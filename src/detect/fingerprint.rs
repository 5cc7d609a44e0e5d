//! Keyed fingerprints: equal values are seen to be equal, and nobody without the key can try values out.

use std::fmt;

use aws_lc_rs::hmac;

/// The two keys, kept apart because they live differently: evidence keys rotate, the subject key stays for the counting
/// window and is shared by a fleet.
#[derive(Clone)]
pub struct Keys {
    pub evidence: EvidenceKey,
    pub subject: SubjectKey,
}

/// Key of the fingerprints in findings, with its generation (`ev1`, `ev2`, …).
#[derive(Clone)]
pub struct EvidenceKey {
    generation: u32,
    key: hmac::Key,
}

/// Key of subject ids, with its generation (`su1`, …).
#[derive(Clone)]
pub struct SubjectKey {
    generation: u32,
    key: hmac::Key,
}

/// HMAC-SHA-256 of an element's normal form, cut to 128 bits, under the evidence key. Prints as `ev1:` + 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    generation: u32,
    tag: [u8; 16],
}

/// The same under the subject key. Prints as `su1:` + 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectId {
    generation: u32,
    tag: [u8; 16],
}

impl EvidenceKey {
    pub fn new(generation: u32, secret: &[u8; 32]) -> Self {
        Self { generation, key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// Fingerprint of a value of this element. `normal` is the element's normal form, so that spellings agree.
    pub fn fingerprint(&self, element: &str, normal: &str) -> Fingerprint {
        Fingerprint { generation: self.generation, tag: tag(&self.key, b"landfall evidence v1", element, normal) }
    }
}

impl SubjectKey {
    pub fn new(generation: u32, secret: &[u8; 32]) -> Self {
        Self { generation, key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// Id of whoever this identifier names. `family` keeps unlike identifiers with equal digits apart.
    pub fn subject(&self, family: &str, normal: &str) -> SubjectId {
        SubjectId { generation: self.generation, tag: tag(&self.key, b"landfall subject v1", family, normal) }
    }
}

impl SubjectId {
    /// The 128 bits, for storage.
    pub fn bytes(self) -> [u8; 16] {
        self.tag
    }

    /// The id under the same key that these 128 bits stand for.
    pub fn with_bytes(self, tag: [u8; 16]) -> Self {
        Self { tag, ..self }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(hidden)")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_tag(f, "ev", self.generation, &self.tag)
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_tag(f, "su", self.generation, &self.tag)
    }
}

/// Length-prefixed parts, so that no two triples give the same input.
fn tag(key: &hmac::Key, domain: &[u8], family: &str, normal: &str) -> [u8; 16] {
    let mut context = hmac::Context::with_key(key);
    for part in [domain, family.as_bytes(), normal.as_bytes()] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut cut = [0; 16];
    cut.copy_from_slice(&context.sign().as_ref()[..16]);
    cut
}

fn write_tag(f: &mut fmt::Formatter<'_>, prefix: &str, generation: u32, tag: &[u8; 16]) -> fmt::Result {
    write!(f, "{prefix}{generation}:")?;
    tag.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_elements_and_generations_are_apart() {
        let secret = [7; 32];
        let evidence = EvidenceKey::new(1, &secret);
        let a = evidence.fingerprint("email", "a@example.com");
        assert_eq!(a, evidence.fingerprint("email", "a@example.com"));
        assert_ne!(a, evidence.fingerprint("username", "a@example.com"));
        let subject = SubjectKey::new(1, &secret).subject("email", "a@example.com");
        assert_ne!(a.to_string()[4..], subject.to_string()[4..]);
        assert!(a.to_string().starts_with("ev1:") && a.to_string().len() == 36);
    }
}
