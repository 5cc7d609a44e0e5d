//! What stands around a field: the names above it, its neighbours in the same object, the request's path.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;
use smallvec::{SmallVec, smallvec};

use super::compile::Element;
use super::lexicon::{KeyHit, KeyHits, Lexicon, Name, WordId};
use super::words;
use crate::decode::{Direction, Field, Part, PartKind, Path, Step};

/// What the context says of a reading of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Vetoed,
    Neutral,
    /// By this word; without one, by what is no word (a neighbour's value).
    Supported(Option<WordId>),
}

impl Context {
    pub fn supports(self) -> bool {
        matches!(self, Self::Supported(_))
    }
}

pub(super) struct Surroundings<'d, 'x> {
    pub fields: &'d [Field<'x>],
    lexicon: &'d Lexicon,
    by_object: HashMap<Object<'x>, Members, RandomState>,
    names: RefCell<HashMap<&'x str, Rc<Name>, RandomState>>,
    /// What each pair of names said, by their places in memory: `names` keeps them there.
    hits: RefCell<HashMap<(usize, usize), Rc<KeyHits>, RandomState>>,
    nameless: Rc<Name>,
    url: Name,
    host: &'d str,
}

/// Fields of one object.
type Members = SmallVec<[u32; 4]>;

impl<'d, 'x> Surroundings<'d, 'x> {
    pub fn new(lexicon: &'d Lexicon, host: &'d str, url: &str, fields: &'d [Field<'x>]) -> Self {
        let mut by_object: HashMap<Object<'x>, Members, RandomState> = HashMap::default();
        for (i, field) in fields.iter().enumerate() {
            by_object.entry(object(field)).or_default().push(i as u32);
        }
        let (names, hits) = (RefCell::default(), RefCell::default());
        Self { fields, lexicon, by_object, names, hits, nameless: Rc::default(), url: lexicon.read(url), host }
    }

    /// Whether an address belongs to the server that was asked: `press@paper.example` in what `api.paper.example` says.
    pub fn is_of_host(&self, address: &str) -> bool {
        let name = |host: &str| {
            let mut labels = host.rsplit('.').skip_while(|label| label.len() <= 3);
            labels.next().or_else(|| host.rsplit('.').nth(1)).map(str::to_ascii_lowercase)
        };
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let registered = |host: &str| match host.rsplit('.').count() {
            0 | 1 => None,
            _ => name(host.rsplit_once('.').map_or(host, |(rest, _)| rest)),
        };
        let provider = [
            "gmail", "google", "yahoo", "outlook", "hotmail", "icloud", "mail", "yandex", "qq", "proton", "gmx", "web",
        ];
        let (ours, theirs) = (registered(self.host), registered(domain));
        ours.is_some() && ours == theirs && !theirs.is_some_and(|name| provider.contains(&name.as_str()))
    }

    /// What a reading says, looked up once per exchange and pair of names.
    pub fn hits(&self, reading: &Reading) -> Rc<KeyHits> {
        let place = (Rc::as_ptr(&reading.outer).addr(), Rc::as_ptr(&reading.own).addr());
        let mut known = self.hits.borrow_mut();
        Rc::clone(known.entry(place).or_insert_with(|| Rc::new(self.lexicon.hits(&reading.outer, &reading.own))))
    }

    /// The words of a name, split once per exchange.
    pub fn name(&self, key: &'x str) -> Rc<Name> {
        Rc::clone(self.names.borrow_mut().entry(key).or_insert_with(|| Rc::new(self.lexicon.read(key))))
    }

    /// Name of a field and of what it stands in; for a field with a generic name, what its neighbours call it.
    pub fn readings(&self, field: &Field<'x>) -> Readings {
        let Some(key) = field.key else { return Readings::new() };
        let (place, own) = words::place_and_name(key);
        let place = Some(place).filter(|place| !place.is_empty());
        let mut above = place.into_iter().chain(field.path.keys_up().skip(1)).map(|key| self.name(key));
        let mut next = || above.next().unwrap_or_else(|| Rc::clone(&self.nameless));
        let (own, outer) = (self.name(own), next());
        let (generic, inner) = (own.generic, own.inner);
        let mut readings: Readings = smallvec![Reading { outer: Rc::clone(&outer), own }];
        if (inner || generic) && field.path.depth() >= 2 {
            readings.extend(self.resource(field).map(|own| Reading { outer: Rc::clone(&self.nameless), own }));
        }
        if inner {
            readings.push(Reading { outer: next(), own: outer });
        } else if generic {
            let labels = self.labels(field).into_iter();
            readings.extend(labels.map(|own| Reading { outer: Rc::clone(&self.nameless), own }));
            let further = next();
            let passes_on = outer.generic;
            readings.push(Reading { outer: Rc::clone(&further), own: outer });
            if passes_on {
                readings.push(Reading { outer: next(), own: further });
            }
        }
        readings
    }

    /// What stands above a name with nothing above it.
    pub fn no_name(&self) -> Rc<Name> {
        Rc::clone(&self.nameless)
    }

    /// Whether the field's name says that its value is only a form or a sample: `ssn.mask`.
    pub fn stands_in(&self, field: &Field<'x>) -> bool {
        let Some(key) = field.key else { return false };
        let name = self.name(key);
        name.stands_in
    }

    /// Other fields of the same object.
    pub fn neighbours<'s>(&'s self, field: &Field<'x>) -> impl Iterator<Item = &'d Field<'x>> + use<'s, 'd, 'x> {
        self.members(object(field))
    }

    /// Fields of the object above a field's own.
    pub fn uncles<'s>(&'s self, field: &Field<'x>) -> impl Iterator<Item = &'d Field<'x>> + use<'s, 'd, 'x> {
        object_above(field).into_iter().flat_map(move |object| self.members(object))
    }

    /// Weigh the words around a field, the nearest first; at equal distance a veto outweighs support.
    pub fn weigh(&self, element: &Element, field: &Field<'x>, reading: &Reading, hit: Option<&KeyHit>) -> Context {
        let own = reading.words_besides(hit);
        if own.iter().any(|&id| element.veto_key.contains(id)) {
            return Context::Vetoed;
        }
        // What somebody writes over a socket is theirs, whichever way it goes.
        let response = field.part.direction == Direction::Response && field.part.kind != PartKind::Message;
        let mut nearest = verdict(element, &own);
        let place = field.key.map(|key| words::place_and_name(key).0).filter(|place| !place.is_empty());
        let mut above = place.into_iter().chain(field.path.keys_up().skip(1));
        while nearest == Context::Neutral {
            let Some(key) = above.next() else { break };
            nearest = verdict(element, &self.name(key).ids);
        }
        if nearest == Context::Neutral && self.vetoing_sibling(field, element) {
            nearest = Context::Vetoed;
        }
        if nearest == Context::Neutral
            && let Some(word) = self.sibling(field, element)
        {
            nearest = Context::Supported(Some(word));
        }
        if nearest == Context::Neutral {
            nearest = match verdict(element, &self.url.ids) {
                // What a request is about is no statement on what it says of the user.
                Context::Vetoed if !response && !element.path_vetoes => Context::Neutral,
                decided => decided,
            };
        }
        match nearest {
            Context::Neutral if response && element.response_needs_support => Context::Vetoed,
            decided => decided,
        }
    }

    fn vetoing_sibling(&self, field: &Field<'x>, element: &Element) -> bool {
        !element.veto_siblings.is_empty()
            && self
                .neighbours(field)
                .filter_map(|other| other.key)
                .any(|key| self.name(key).ids.iter().any(|&id| element.veto_siblings.contains(id)))
    }

    /// The word of a neighbour's name that speaks for the element.
    fn sibling(&self, field: &Field<'x>, element: &Element) -> Option<WordId> {
        let words = &element.siblings;
        if words.is_empty() {
            return None;
        }
        let others = self.neighbours(field).filter(|other| !other.path.same(field.path));
        // An array's elements all have its name, and say nothing of each other.
        others.filter_map(|other| other.key).filter(|key| Some(*key) != field.key).find_map(|key| {
            let name = self.name(key);
            let vetoed = name.ids.iter().any(|&id| element.veto.contains(id) || element.veto_key.contains(id));
            name.ids.iter().copied().filter(|_| !vetoed).find(|&id| words.contains(id))
        })
    }

    fn members<'s>(&'s self, object: Object<'x>) -> impl Iterator<Item = &'d Field<'x>> + use<'s, 'd, 'x> {
        // A huge object's members are not each other's context.
        self.by_object.get(&object).into_iter().flat_map(|list| list.iter().take(64)).map(|&i| &self.fields[i as usize])
    }

    /// What a resource of HL7 FHIR says of its code or value: the coding system (`rxnorm`, `icd-10-cm`), the words of its
    /// code (`HbA1c`), or at least its type (`condition resource`).
    fn resource(&self, field: &Field<'x>) -> Option<Rc<Name>> {
        const CODES: &[&str] =
            &["code", "medicationCodeableConcept", "substance", "vaccineCode", "valueCodeableConcept"];
        const VALUES: &[&str] = &["valueQuantity", "valueString", "valueInteger", "valueCodeableConcept"];
        let place = field.path.up().skip(1).chain([Path::ROOT]).find_map(|path| {
            let members = self.by_object.get(&(field.part, path.identity(), ""))?;
            let kind = members.iter().map(|&i| &self.fields[i as usize]).find(|f| f.key == Some("resourceType"))?;
            Some((path, kind))
        });
        let (resource, kind) = place?;
        let within = |names: &[&str]| field.path.keys_up().any(|key| names.contains(&key));
        if within(VALUES) {
            let near = self.fields.iter().filter(|other| other.part == field.part);
            let mut described = near.filter(|other| {
                matches!(other.key, Some("display" | "text"))
                    && other.path.keys_up().any(|key| key == "code")
                    && other.path.up().chain([Path::ROOT]).any(|path| path.same(resource))
            });
            let words = described.next().map(|other| self.name(other.value));
            return words.or_else(|| Some(self.name(kind_name(kind.value))));
        }
        within(CODES).then(|| self.name(kind_name(kind.value)))
    }

    /// What the neighbours, or those of the array around, say the value is: each of them that may, the nearest first.
    fn labels(&self, field: &Field<'x>) -> SmallVec<[Rc<Name>; 2]> {
        /// Of one object; more are no labels.
        const MOST: usize = 4;
        let mut place = field.path.parent();
        let mut here = object(field);
        for _ in 0..3 {
            let Some(path) = place else { break };
            let names = self.members(here).filter(|other| {
                let short = !other.value.is_empty() && other.value.len() <= 60;
                short && other.key.is_some_and(|key| self.name(key).labels) && !other.path.same(field.path)
            });
            let labels: SmallVec<[Rc<Name>; 2]> = names.take(MOST).map(|other| self.name(other.value)).collect();
            if !labels.is_empty() {
                return labels;
            }
            place = path.parent();
            let Some(above) = place else { break };
            here = (field.part, above.identity(), "");
        }
        SmallVec::new()
    }
}

/// The ways to read a field's name, the surest first.
pub(super) type Readings = SmallVec<[Reading; 2]>;

/// A way to read a field's name.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub outer: Rc<Name>,
    pub own: Rc<Name>,
}

impl Reading {
    /// The words of the own name that a hit doesn't rest on.
    fn words_besides(&self, hit: Option<&KeyHit>) -> SmallVec<[WordId; 8]> {
        let border = self.outer.len();
        let inside = |i: usize| hit.is_some_and(|h| (usize::from(h.start)..usize::from(h.end)).contains(&(border + i)));
        self.own.ids.iter().enumerate().filter(|(i, _)| !inside(*i)).map(|(_, &id)| id).collect()
    }
}

/// Names for the types of FHIR resources that carry health data, in the words of the rules.
fn kind_name(kind: &str) -> &'static str {
    match kind {
        "Condition" => "condition resource",
        "AllergyIntolerance" => "allergy resource",
        "MedicationRequest"
        | "MedicationStatement"
        | "MedicationAdministration"
        | "Medication"
        | "MedicationDispense" => "medication resource",
        "Immunization" => "medication resource",
        "Observation" | "DiagnosticReport" => "observation resource",
        _ => "resource",
    }
}

fn verdict(element: &Element, words: &[WordId]) -> Context {
    if words.iter().any(|&id| element.veto.contains(id)) {
        return Context::Vetoed;
    }
    match words.iter().copied().find(|&id| element.support.contains(id)) {
        Some(word) => Context::Supported(Some(word)),
        None => Context::Neutral,
    }
}

/// The object a field is a member of. A flat key (`shipping[name]`) names it; otherwise the path does.
pub(super) type Object<'x> = (Part, usize, &'x str);

pub(super) fn object<'x>(field: &Field<'x>) -> Object<'x> {
    let prefix = match field.path.step() {
        Some(Step::Key(key)) => words::prefix(key),
        _ => "",
    };
    (field.part, field.path.parent().unwrap_or(Path::ROOT).identity(), prefix)
}

/// The object around a field's own.
pub(super) fn object_above<'x>(field: &Field<'x>) -> Option<Object<'x>> {
    let (part, parent, prefix) = object(field);
    if !prefix.is_empty() {
        return Some((part, parent, words::prefix(prefix)));
    }
    field.path.parent().and_then(Path::parent).map(|path| (part, path.identity(), ""))
}
