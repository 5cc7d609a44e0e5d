//! Positions: the fields that make one point are one finding, and so are all points of one track.

use std::collections::{HashMap, HashSet};

use super::compile::{Compiled, Element};
use super::coordinates::{self, Point};
use super::finding::{Confidence, DetectorKind, Position};
use super::lexicon::{KeyHit, Name, Role};
use super::scan::{self, Candidate, Part};
use super::surroundings::{Context, Reading, Surroundings};
use crate::decode::{self, Field, Path, Step};

/// Positions worse than this are coarse (28 CFR 202.242: within 1,000 metres).
const PRECISE_M: f64 = 1000.0;

pub(super) fn find(compiled: &Compiled, around: &Surroundings<'_, '_>, parts: &[Part], out: &mut Vec<Candidate>) {
    let Some((element, coarse)) = compiled.elements.iter().enumerate().find_map(|(i, e)| Some((i as u16, e.coarse?)))
    else {
        return;
    };
    let finder = Finder { rule: &compiled.elements[usize::from(element)], element, coarse, compiled, around };
    let mine: Vec<&Part> = parts.iter().filter(|part| part.hit.meaning.element == element).collect();
    finder.two_fields(&mine, out);
    finder.arrays(&mine, out);
    finder.texts(&mine, out);
    finder.self_evident(out);
}

struct Finder<'a, 'd, 'x> {
    rule: &'a Element,
    element: u16,
    coarse: u16,
    compiled: &'a Compiled,
    around: &'a Surroundings<'d, 'x>,
}

/// Fields that may be one point: same object, same words besides `lat` and `lon` (`startLat`, `startLng`).
type PointKey = (decode::Part, usize, String);

impl<'d, 'x> Finder<'_, 'd, 'x> {
    fn two_fields(&self, parts: &[&Part], out: &mut Vec<Candidate>) {
        let mut longitudes: HashMap<PointKey, usize> = HashMap::new();
        for part in parts.iter().filter(|part| part.hit.meaning.role == Role::Longitude) {
            longitudes.entry(self.point_key(part)).or_insert(part.field);
        }
        for part in parts.iter().filter(|part| part.hit.meaning.role == Role::Latitude) {
            let Some(&other) = longitudes.get(&self.point_key(part)) else { continue };
            let point = coordinates::point(self.field(part.field).value, self.field(other).value);
            let value = format!("{},{}", self.field(part.field).value, self.field(other).value);
            self.push(point, part.field, &value, Some(part), out);
        }
    }

    /// `[45.52, -122.67]` under a name that says position, GeoJSON's `coordinates` longitude first.
    fn arrays(&self, parts: &[&Part], out: &mut Vec<Candidate>) {
        for part in parts {
            let reversed = match part.hit.meaning.role {
                Role::Pair => false,
                Role::ReversedPair => true,
                _ => continue,
            };
            let first = self.field(part.field);
            if first.path.step() != Some(Step::Index(0)) {
                continue;
            }
            let numbers: Vec<&Field<'x>> = self.around.neighbours(first).collect();
            let second = numbers.iter().find(|f| f.path.step() == Some(Step::Index(1)));
            let (Some(second), true) = (second, numbers.len() <= if reversed { 3 } else { 2 }) else { continue };
            let (latitude, longitude) =
                if reversed { (second.value, first.value) } else { (first.value, second.value) };
            let point = coordinates::point(latitude, longitude).or_else(|| coordinates::point(longitude, latitude));
            let point = point.filter(|p| reversed || is_a_place(p));
            self.push(point, part.field, &format!("{latitude},{longitude}"), Some(part), out);
        }
    }

    fn texts(&self, parts: &[&Part], out: &mut Vec<Candidate>) {
        for part in parts {
            let text = self.field(part.field).value;
            let point = match part.hit.meaning.role {
                Role::Pair => coordinates::pair(text, false).filter(is_a_place),
                Role::ReversedPair => coordinates::pair(text, true).filter(is_a_place),
                Role::Geohash => coordinates::geohash(text),
                Role::PlusCode => coordinates::plus_code(text),
                _ => None,
            };
            self.push(point, part.field, text, Some(part), out);
        }
    }

    fn self_evident(&self, out: &mut Vec<Candidate>) {
        let taken: HashSet<u32> = out.iter().map(|candidate| candidate.field).collect();
        for (i, field) in self.around.fields.iter().enumerate() {
            let start = field.value.as_bytes().first().copied().unwrap_or_default();
            let gated = field.value.len() >= 11
                && (b"gGpPsS+-".contains(&start) || field.value.as_bytes().get(8) == Some(&b'+'));
            if gated && !taken.contains(&(i as u32)) {
                self.push(coordinates::self_evident(field.value), i, field.value, None, out);
            }
        }
    }

    fn push(&self, point: Option<Point>, field: usize, value: &str, part: Option<&Part>, out: &mut Vec<Candidate>) {
        let Some(point) = point else { return };
        let place = self.field(field);
        let own;
        let (reading, hit): (&Reading, Option<&KeyHit>) = match part {
            Some(part) => (&part.reading, Some(&part.hit)),
            None => {
                own = self.around.readings(place).into_iter().next().unwrap_or_default();
                (&own, None)
            }
        };
        if !scan::on_side(self.rule, place) || self.around.weigh(self.rule, place, reading, hit) == Context::Vetoed {
            return;
        }
        let stated = self.stated_accuracy(field);
        let precision_m = stated.unwrap_or(point.precision_m);
        let element = if precision_m <= PRECISE_M { self.element } else { self.coarse };
        let detector = if part.is_some() { DetectorKind::Key } else { DetectorKind::Pattern };
        let mut candidate = Candidate::new(element, field, value, detector, Confidence::High);
        candidate.precision_m = Some(precision_m);
        candidate.position = Some(point.position);
        candidate.series = track_of(place);
        out.push(candidate);
    }

    /// An accuracy in metres beside the point or beside the object that holds it.
    fn stated_accuracy(&self, point: usize) -> Option<f64> {
        let place = &self.around.fields[point];
        self.around.neighbours(place).chain(self.around.uncles(place)).find_map(|field| {
            let name = self.around.name(field.key?);
            let hits = self.compiled.lexicon.hits(&Name::default(), &name);
            let hit = hits.iter().find(|hit| hit.meaning.role == Role::Accuracy)?;
            let number: f64 = field.value.trim().parse().ok()?;
            (number > 0.0).then(|| number * unit(&name.rest(hit, 0)))
        })
    }

    fn point_key(&self, part: &Part) -> PointKey {
        let field = self.field(part.field);
        let object = field.path.parent().unwrap_or(Path::ROOT).identity();
        (field.part, object, part.reading.own.rest(&part.hit, part.reading.outer.len()))
    }

    fn field(&self, index: usize) -> &'d Field<'x> {
        &self.around.fields[index]
    }
}

/// Two bare numbers are a position only with decimals, and not within one degree of null island: screens are measured there.
fn is_a_place(point: &Point) -> bool {
    let Position { latitude, longitude } = point.position;
    point.decimals > 0 && latitude.abs().max(longitude.abs()) > 1.0
}

fn unit(rest: &str) -> f64 {
    match rest {
        "km" | "kilometers" => 1000.0,
        "ft" | "feet" => 0.3048,
        "mi" | "miles" => 1609.344,
        _ => 1.0,
    }
}

/// The array whose elements are points themselves.
fn track_of(field: &Field<'_>) -> Option<usize> {
    let point = field.path.parent()?;
    matches!(point.step(), Some(Step::Index(_))).then(|| point.parent().map(Path::identity))?
}
