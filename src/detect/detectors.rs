//! The door of the stage: compile the elements once, then ask exchange by exchange.

use super::compile::{self, Compiled};
use super::persona::{Identifier, Personas};
use super::surroundings::Surroundings;
use super::{Finding, Keys, examples, header, position, record, report, scan};
use crate::decode::{Blob, Decoded, Field, Part, ValueKind};
use crate::exchange::Exchange;
use crate::rules::{RuleError, Ruleset, Source};

/// Everything that can be found, compiled.
#[derive(Debug)]
pub struct Detectors {
    pub(super) compiled: Compiled,
    personas: Option<Personas>,
}

/// Findings of one exchange; an address book of ten thousand people fits.
pub const MOST_FINDINGS: usize = 20_000;

/// What an exchange carries.
#[derive(Debug, Default)]
pub struct Detected {
    /// In the order of the fields, at most [`MOST_FINDINGS`].
    pub findings: Vec<Finding>,
    /// Parts in which there is more than was kept.
    pub beyond: Vec<Part>,
}

impl Detectors {
    /// Compile element files. A later file's element replaces an earlier one of the same id.
    ///
    /// # Errors
    /// Every file that can't be parsed, and every element with an unknown word, an invalid pattern or without examples.
    pub fn new(sources: &[Source]) -> Result<Self, Vec<RuleError>> {
        compile::compile(sources).map(|compiled| Self { compiled, personas: None })
    }

    /// The same, and the values that a tester knows, in whatever disguise.
    ///
    /// # Errors
    /// An identifier whose element no rule file defines.
    pub fn with_personas(self, identifiers: &[Identifier]) -> Result<Self, RuleError> {
        let personas = Some(Personas::new(&self.compiled, identifiers)?);
        Ok(Self { personas, ..self })
    }

    /// The elements compiled into this binary.
    ///
    /// # Panics
    /// Never in a build whose tests passed: the built-in files are the same ones.
    pub fn builtin() -> Self {
        match Self::new(&Ruleset::builtin().elements) {
            Ok(detectors) => detectors,
            Err(errors) => {
                panic!("built-in elements: {}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
        }
    }

    /// What the exchange carries: one finding per value and place, in the order of the fields.
    ///
    /// `reveal` keeps the value in [`Finding::revealed`]; only for a local file that the auditor asked for by name.
    pub fn detect(&self, exchange: &Exchange, decoded: &Decoded<'_>, keys: &Keys, reveal: bool) -> Detected {
        self.detect_decoded(&exchange.destination.host, &exchange.request.path, decoded, keys, reveal)
    }

    fn detect_decoded(&self, host: &str, url: &str, decoded: &Decoded<'_>, keys: &Keys, reveal: bool) -> Detected {
        let mut findings = self.detect_at(host, url, &decoded.fields, keys, reveal);
        if let Some(personas) = self.personas.as_ref().filter(|_| !decoded.blobs.is_empty()) {
            findings.extend(self.detect_blobs(personas, &decoded.blobs, keys, reveal));
        }
        let mut beyond: Vec<Part> = findings.iter().skip(MOST_FINDINGS).map(|finding| finding.part).collect();
        beyond.sort_unstable();
        beyond.dedup();
        findings.truncate(MOST_FINDINGS);
        Detected { findings, beyond }
    }

    /// Run each element's examples. Empty if all hold.
    pub fn check_examples(&self) -> Vec<RuleError> {
        examples::check(self)
    }

    /// Id, family and title of every element.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.compiled.elements.iter().map(|element| (&*element.id, &*element.class, &*element.title))
    }

    pub(super) fn detect_fields(&self, url: &str, fields: &[Field<'_>], keys: &Keys, reveal: bool) -> Vec<Finding> {
        self.detect_at("", url, fields, keys, reveal)
    }

    fn detect_at(&self, host: &str, url: &str, fields: &[Field<'_>], keys: &Keys, reveal: bool) -> Vec<Finding> {
        let around = Surroundings::new(&self.compiled.lexicon, host, url, fields);
        let mut scanned = scan::scan(&self.compiled, &around);
        header::credentials(&self.compiled, fields, &mut scanned.candidates);
        header::drop_lone_names(&self.compiled, fields, &mut scanned.candidates);
        position::find(&self.compiled, &around, &scanned.parts, &mut scanned.candidates);
        record::find(&self.compiled, &around, &scanned.parts, &mut scanned.candidates);
        if let Some(personas) = &self.personas {
            personas.find(&self.compiled, fields, &mut scanned.candidates);
        }
        report::report(&self.compiled, fields, scanned.candidates, keys, reveal)
    }

    /// Known values in bytes that no format explains.
    fn detect_blobs(&self, personas: &Personas, blobs: &[Blob<'_>], keys: &Keys, reveal: bool) -> Vec<Finding> {
        let fields: Vec<Field<'_>> = blobs
            .iter()
            .map(|&Blob { part, path, key, layers, .. }| Field {
                part,
                path,
                key,
                value: "",
                kind: ValueKind::Text,
                layers,
            })
            .collect();
        let candidates = personas.find_in_blobs(&self.compiled, blobs);
        report::report(&self.compiled, &fields, candidates, keys, reveal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Arena, Layers, PartKind, Path, Step};
    use crate::detect::{EvidenceKey, SubjectKey};

    /// Findings in a flat list of objects, as `element value` lines; a key is `index.name`.
    fn found(list: &[(&str, &str)]) -> Vec<String> {
        let arena = Arena::default();
        let rows = Path::ROOT.child(&arena, Step::Key("fixes"));
        let objects: Vec<Path<'_>> = (0..4).map(|i| rows.child(&arena, Step::Index(i))).collect();
        let fields: Vec<Field<'_>> = list
            .iter()
            .map(|&(key, value)| {
                let (index, name) = key.split_once('.').unwrap();
                let path = objects[index.parse::<usize>().unwrap()].child(&arena, Step::Key(name));
                let part = Part::request(PartKind::Body);
                Field { part, path, key: Some(name), value, kind: ValueKind::Text, layers: Layers::NONE }
            })
            .collect();
        let keys = Keys { evidence: EvidenceKey::new(1, &[1; 32]), subject: SubjectKey::new(1, &[2; 32]) };
        let findings = Detectors::builtin().detect_fields("/", &fields, &keys, true);
        findings.iter().map(|f| format!("{} {}", f.element, f.revealed.as_ref().unwrap().expose())).collect()
    }

    #[test]
    fn a_track_is_one_finding_and_two_devices_are_two() {
        let track = [("0.lat", "45.52306"), ("0.lon", "-122.6764"), ("1.lat", "45.52307"), ("1.lon", "-122.6765")];
        assert_eq!(found(&track), ["precise_geolocation 45.52306,-122.6764"]);
        let mut devices = track.to_vec();
        devices.extend([
            ("0.ifa", "332296e5-fff7-41ea-b20b-631020ac09b5"),
            ("1.ifa", "179d095b-3cf4-4a4d-b25b-380d3a46b2fb"),
        ]);
        let found = found(&devices);
        assert_eq!(found.iter().filter(|line| line.starts_with("precise")).count(), 2, "{found:?}");
        assert_eq!(found.iter().filter(|line| line.starts_with("gaid")).count(), 2, "{found:?}");
    }

    #[test]
    fn a_million_people_are_counted_up_to_a_limit_and_the_rest_is_told() {
        let arena = Arena::default();
        let text = |i: usize| arena.text(&format!("kim{i}@posteo.net"));
        let field = |i: usize| {
            let path = Path::ROOT.child(&arena, Step::Index(i as u32)).child(&arena, Step::Key("email"));
            let part = Part::request(PartKind::Body);
            Field { part, path, key: Some("email"), value: text(i), kind: ValueKind::Text, layers: Layers::NONE }
        };
        let decoded = Decoded { fields: (0..MOST_FINDINGS + 500).map(field).collect(), ..Decoded::default() };
        let keys = Keys { evidence: EvidenceKey::new(1, &[1; 32]), subject: SubjectKey::new(1, &[2; 32]) };
        let Detected { findings, beyond } = Detectors::builtin().detect_decoded("", "/", &decoded, &keys, false);
        assert_eq!((findings.len(), beyond), (MOST_FINDINGS, vec![Part::request(PartKind::Body)]));
        assert_eq!(findings[7].record, "$[7]");
    }

    #[test]
    fn names_that_are_values_are_masked_in_paths() {
        let arena = Arena::default();
        let field = |owner: &'static str, key: &'static str, value: &'static str| {
            let path = Path::ROOT.child(&arena, Step::Key(owner)).child(&arena, Step::Key(key));
            let part = Part::request(PartKind::Body);
            Field { part, path, key: Some(key), value, kind: ValueKind::Text, layers: Layers::NONE }
        };
        let fields = [
            field("Noor Castellan", "email", "noor.c@posteo.net"),
            field("kimberley", "username", "kimberley"),
            field("Home Address", "email", "other@posteo.net"),
        ];
        let keys = Keys { evidence: EvidenceKey::new(1, &[1; 32]), subject: SubjectKey::new(1, &[2; 32]) };
        let found = Detectors::builtin().detect_fields("/", &fields, &keys, false);
        let paths: Vec<_> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["$[\"No**\"].email", "$[\"ki**\"].username", "$[\"Home Address\"].email"]);
    }

    #[test]
    fn the_same_value_twice_is_one_finding() {
        assert_eq!(
            found(&[("0.email", "noor.c@posteo.net"), ("0.backup_email", "Noor.C@posteo.net")]),
            ["email noor.c@posteo.net"]
        );
    }
}
