//! Positions: the fields that make one point are one finding, and so are all points of one track.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::compile::{Compiled, Element};
use super::coordinates::{self, Point};
use super::finding::{Confidence, DetectorKind, Ground, Position};
use super::lexicon::{KeyHit, Role};
use super::scan::{self, Candidate, Part};
use super::surroundings::{Context, Reading, Surroundings};
use crate::decode::{self, Field, Path, Step};

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
            let (latitude, longitude) = (self.field(part.field).value, self.field(other).value);
            let scale = scale(&part.reading.own.rest(&part.hit, part.reading.outer.len()), latitude, longitude);
            let point = match scale {
                Some(power) => coordinates::scaled_point(latitude, longitude, power),
                None => coordinates::point(latitude, longitude),
            };
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
            let gated = field.value.len() >= 9
                && (b"gGpPsSlLmM+-$".contains(&start) || field.value.as_bytes().get(8) == Some(&b'+'));
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
        let context = self.around.weigh(self.rule, place, reading, hit);
        if !scan::on_side(self.rule, place) || context == Context::Vetoed {
            return;
        }
        let stated = self.stated_accuracy(field);
        let precision_m = stated.unwrap_or(point.precision_m);
        let element = if precision_m <= coordinates::PRECISE_M { self.element } else { self.coarse };
        let detector = if part.is_some() { DetectorKind::Key } else { DetectorKind::Pattern };
        let ground = hit.map_or(Ground::Form, |hit| Ground::Name(self.compiled.lexicon.key(&hit.meaning)));
        let candidate = Candidate::new(element, field, value, detector, Confidence::High);
        let mut candidate = candidate.because(ground, self.compiled.support(context));
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
            let hits = self.around.hits(&Reading { outer: self.around.no_name(), own: Rc::clone(&name) });
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

/// The power of ten by which whole numbers are degrees: said by the name (`latitudeE7`), or by their size.
fn scale(rest: &str, latitude: &str, longitude: &str) -> Option<i32> {
    let whole = |text: &str| text.trim().trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
    if !whole(latitude) || !whole(longitude) {
        return None;
    }
    let said = [("e 7", 7), ("e 6", 6), ("e 5", 5), ("micro", 6)].iter().find(|(word, _)| rest.ends_with(word));
    // Six digits and more are no degrees.
    said.map(|(_, power)| *power).or_else(|| {
        let size = |text: &str| text.trim().parse::<i64>().ok().map(i64::abs);
        let (latitude, longitude) = (size(latitude).filter(|&n| n > 100_000)?, size(longitude)?);
        let fits = |power: u32| latitude <= 90 * 10i64.pow(power) && longitude <= 180 * 10i64.pow(power);
        if fits(6) { Some(6) } else { fits(7).then_some(7) }
    })
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
