//! The list of areas that makes a position government-related, 28 CFR 202.222(a)(1) and 202.1401: the user loads it.
//!
//! A position is known to a radius. All of that circle inside an area is inside, none of it is outside, and a circle across a
//! border is neither.

use std::sync::Arc;

use geo::{BoundingRect, Contains, Coord, LineString, MultiPolygon, Rect, coord};

use super::area_file;
use crate::detect::Position;
use crate::rules::{RuleError, Source};

/// Areas in the regulation as of the list's compilation; another number may mean a cut list.
const LISTED: usize = 736;
/// Metres in one degree of latitude, on a sphere of the Earth's mean radius.
const DEGREE_M: f64 = 111_195.0;

/// One area of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    pub id: u32,
    /// As the list says, `28 CFR 202.1401`.
    pub source: Arc<str>,
    pub as_of: Option<Arc<str>>,
    pub(super) shape: MultiPolygon,
}

/// Where a circle lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lies {
    /// Wholly in the area of this number.
    Inside(u32),
    /// Across the border of this one, and in none.
    Overlaps(u32),
    Outside,
}

/// The areas loaded. Nothing loaded is not the same as a list on which nothing lies.
#[derive(Debug, Clone, Default)]
pub struct Areas {
    /// By their southern edge.
    areas: Vec<(Rect, Area)>,
    /// Degrees that the tallest area spans.
    tallest: f64,
    /// What the user should look at, one line each.
    pub warnings: Vec<String>,
}

impl Areas {
    /// Read the lists. Of areas with the same number the last counts.
    pub fn new(sources: &[Source]) -> Result<Self, Vec<RuleError>> {
        let mut all: Vec<Area> = Vec::new();
        let mut warnings = Vec::new();
        let mut errors = Vec::new();
        for source in sources {
            match area_file::read(source) {
                Ok(areas) => {
                    if areas.len() != LISTED {
                        let number = areas.len();
                        warnings.push(format!("`{}` has {number} areas; 28 CFR 202.1401 lists {LISTED}", source.name));
                    }
                    all.retain(|known| areas.iter().all(|area| area.id != known.id));
                    all.extend(areas);
                }
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut areas: Vec<(Rect, Area)> =
            all.into_iter().filter_map(|area| Some((area.shape.bounding_rect()?, area))).collect();
        areas.sort_by(|(a, _), (b, _)| a.min().y.total_cmp(&b.min().y));
        let tallest = areas.iter().map(|(bounds, _)| bounds.height()).fold(0.0, f64::max);
        Ok(Self { areas, tallest, warnings })
    }

    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// Where a position known to this many metres lies.
    pub(super) fn locate(&self, at: Position, radius_m: f64) -> Lies {
        let centre = coord! { x: at.longitude, y: at.latitude };
        let margin = radius_m / DEGREE_M;
        let narrowing = at.latitude.to_radians().cos().max(0.01);
        let from = self.areas.partition_point(|(bounds, _)| bounds.min().y < at.latitude - margin - self.tallest);
        let mut crossed = None;
        for (bounds, area) in &self.areas[from..] {
            if bounds.min().y > at.latitude + margin {
                break;
            }
            let apart = bounds.max().y < at.latitude - margin
                || bounds.min().x > at.longitude + margin / narrowing
                || bounds.max().x < at.longitude - margin / narrowing;
            if apart {
                continue;
            }
            match lies(centre, radius_m, area) {
                Lies::Outside => {}
                Lies::Inside(id) => return Lies::Inside(id),
                Lies::Overlaps(id) => crossed = crossed.or(Some(id)),
            }
        }
        crossed.map_or(Lies::Outside, Lies::Overlaps)
    }
}

fn lies(centre: Coord, radius_m: f64, area: &Area) -> Lies {
    let to_border =
        area.shape.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
    let to_border = to_border.map(|ring| distance_m(centre, ring)).fold(f64::INFINITY, f64::min);
    if to_border <= radius_m {
        Lies::Overlaps(area.id)
    } else if area.shape.contains(&centre) {
        Lies::Inside(area.id)
    } else {
        Lies::Outside
    }
}

/// From a point to the nearest of a ring's edges, on a plane that touches the Earth at the point: exact enough for the few
/// kilometres that matter.
fn distance_m(centre: Coord, ring: &LineString) -> f64 {
    let scale = centre.y.to_radians().cos();
    let plane = |c: Coord| ((c.x - centre.x) * DEGREE_M * scale, (c.y - centre.y) * DEGREE_M);
    ring.lines()
        .map(|edge| {
            let ((ax, ay), (bx, by)) = (plane(edge.start), plane(edge.end));
            let (dx, dy) = (bx - ax, by - ay);
            let length = dx * dx + dy * dy;
            let along = if length == 0.0 { 0.0 } else { (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0) };
            (ax + along * dx).hypot(ay + along * dy)
        })
        .fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn areas(text: &str, path: &str) -> Result<Areas, String> {
        let source = Source { name: path.to_owned(), path: path.to_owned(), text: text.to_owned() };
        Areas::new(&[source]).map_err(|errors| errors[0].to_string())
    }

    /// An L, so that its hull holds what it does not.
    const L: &str = "area_id,lat,lon\n7,46.0,\u{2212}110.0\n7,46.0,-109.0\n7,46.1,-109.0\n7,46.1,-109.9\n7,46.2,-109.9\n7,46.2,-110.0\n";

    #[test]
    fn circles_are_inside_outside_or_across_the_border() {
        let areas = areas(L, "gov_locations.csv").unwrap();
        assert_eq!(areas.len(), 1);
        let at = |latitude, longitude, metres| areas.locate(Position { latitude, longitude }, metres);
        assert_eq!(at(46.05, -109.5, 10.0), Lies::Inside(7));
        assert_eq!(at(46.15, -109.95, 1000.0), Lies::Inside(7));
        assert_eq!(at(46.15, -109.5, 1000.0), Lies::Outside, "within the hull only");
        assert_eq!(at(46.0999, -109.5, 20.0), Lies::Overlaps(7));
        assert_eq!(at(46.1001, -109.5, 20.0), Lies::Overlaps(7));
        assert_eq!(at(46.1001, -109.5, 5.0), Lies::Outside);
        assert_eq!(at(46.0999, -109.5, 5.0), Lies::Inside(7));
        assert_eq!(at(46.1, -109.5, 0.0), Lies::Overlaps(7), "on the border");
        assert_eq!(at(-33.0, 151.0, 10.0), Lies::Outside);
    }

    #[test]
    fn a_short_list_is_told() {
        assert!(areas(L, "gov_locations.csv").unwrap().warnings[0].contains("has 1 areas; 28 CFR 202.1401 lists 736"));
    }

    #[test]
    fn both_forms_say_the_same() {
        let geojson = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"area_id":7,"source":"28 CFR 202.1401","as_of":"2026-01-01"},
            "geometry":{"type":"Polygon","coordinates":[[[-110.0,46.0],[-109.0,46.0],[-109.0,46.1],[-109.9,46.1],[-109.9,46.2],[-110.0,46.2],[-110.0,46.0]]]}}]}"#;
        let (a, b) = (areas(L, "gov_locations.csv").unwrap(), areas(geojson, "gov_locations.geojson").unwrap());
        assert_eq!(a.areas[0].1.shape, b.areas[0].1.shape);
        assert_eq!(b.areas[0].1.as_of.as_deref(), Some("2026-01-01"));
    }

    #[test]
    fn what_cannot_be_an_area_is_refused_with_its_place() {
        let csv = |text: &str| areas(text, "gov_locations.csv").unwrap_err();
        let check = |text: &str, expect: &[&str]| {
            let error = csv(text);
            assert!(expect.iter().all(|part| error.contains(part)), "{error}");
        };
        check("area_id,lat,lon\n1,46,-110\n1,46,-109\n1,47,-110\n", &["area 1", "at least 4 corners"]);
        check("area_id,lat,lon\n1,46,-110\n1,47,-109\n1,46,-109\n1,47,-110\n", &["area 1", "cross"]);
        check("area_id,lat,lon\n1,-110,46\n", &["line 2", "latitude", "`area_id,lat,lon`"]);
        check("area_id,lat,lon\n1,46,10\n", &["line 2", "outside the United States"]);
        check("area_id,lat,lon\n1,46\n", &["line 2"]);
        check("id,lat,lon\n1,46,-110\n", &["`area_id,lat,lon`"]);
        check("area_id,lat,lon\none,46,-110\n", &["line 2", "`one`"]);
        check("area_id,lat,lon\n", &["no areas"]);
        let error = areas(r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"area_id":1},"geometry":{"type":"Point","coordinates":[1,2]}}]}"#, "gov_locations.geojson").unwrap_err();
        assert!(error.contains("feature 1") && error.contains("Polygon"), "{error}");
        assert!(areas("{", "gov_locations.geojson").unwrap_err().contains("line 1"));
    }
}
