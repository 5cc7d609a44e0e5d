//! The shapes of countries, and how far the nearest point of each is.

use super::Country;

/// Borders and coasts, as rings of points in units of 1/180 degree.
pub(super) struct Atlas {
    countries: Vec<(Country, Vec<Ring>)>,
}

type Ring = Box<[Point]>;

/// Latitude and longitude.
#[derive(Debug, Clone, Copy)]
struct Point(i16, i16);

/// Mean radius of the Earth (IUGG).
const EARTH_KM: f64 = 6371.0;
const UNITS_PER_DEGREE: f64 = 180.0;
/// Longer edges are measured in steps: a straight line on the map is none on the globe.
const STEP_DEGREES: f64 = 1.0;

impl Atlas {
    /// Read what `data/refresh-places` writes: per country two letters and the number of rings, per ring the number of points
    /// and each point's latitude and longitude, all little-endian 16-bit. `None` when it ends early.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut countries = Vec::new();
        while !rest.is_empty() {
            let (code, after) = rest.split_at_checked(2)?;
            rest = after;
            let country = Country::assigned(std::str::from_utf8(code).ok()?)?;
            let rings = (0..take(&mut rest)?).map(|_| ring(&mut rest)).collect::<Option<_>>()?;
            countries.push((country, rings));
        }
        Some(Self { countries })
    }

    /// The distance in km from a place to the nearest point of each country; 0 inside of it.
    pub fn distances(&self, latitude: f64, longitude: f64) -> Vec<(Country, f32)> {
        let from = unit(latitude, longitude);
        let distance = |rings: &Vec<Ring>| {
            if inside(rings, latitude, longitude) { 0.0 } else { nearest(rings, from) as f32 }
        };
        self.countries.iter().map(|(country, rings)| (*country, distance(rings))).collect()
    }
}

fn take(rest: &mut &[u8]) -> Option<u16> {
    let (number, after) = rest.split_first_chunk::<2>()?;
    *rest = after;
    Some(u16::from_le_bytes(*number))
}

fn ring(rest: &mut &[u8]) -> Option<Ring> {
    let points = take(rest)?;
    let coordinate = |rest: &mut &[u8]| take(rest).map(u16::cast_signed);
    (0..points).map(|_| Some(Point(coordinate(rest)?, coordinate(rest)?))).collect()
}

impl Point {
    /// Degrees.
    fn latitude_longitude(self) -> (f64, f64) {
        (f64::from(self.0) / UNITS_PER_DEGREE, f64::from(self.1) / UNITS_PER_DEGREE)
    }
}

/// Whether a place is inside an odd number of rings. The shapes are cut where the map ends, so that no edge crosses it.
fn inside(rings: &[Ring], latitude: f64, longitude: f64) -> bool {
    let mut inside = false;
    for ring in rings {
        for (a, b) in edges(ring) {
            let ((y1, x1), (y2, x2)) = (a.latitude_longitude(), b.latitude_longitude());
            if (y1 > latitude) != (y2 > latitude) && longitude < (x2 - x1) * (latitude - y1) / (y2 - y1) + x1 {
                inside = !inside;
            }
        }
    }
    inside
}

/// Edges of a ring; of a single point the point itself.
fn edges(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    let alone = (ring.len() == 1).then(|| ring.first().map(|point| (*point, *point))).flatten();
    ring.windows(2).filter_map(|edge| if let [a, b] = edge { Some((*a, *b)) } else { None }).chain(alone)
}

fn nearest(rings: &[Ring], from: Vector) -> f64 {
    let mut least = f64::INFINITY;
    for ring in rings {
        for (a, b) in edges(ring) {
            let ((y1, x1), (y2, x2)) = (a.latitude_longitude(), b.latitude_longitude());
            let steps = ((y2 - y1).abs().max((x2 - x1).abs()) / STEP_DEGREES).ceil().max(1.0);
            let mut start = unit(y1, x1);
            for step in 1..=steps as u32 {
                let part = f64::from(step) / steps;
                let end = unit(y1 + (y2 - y1) * part, x1 + (x2 - x1) * part);
                least = least.min(chord_to_segment(from, start, end));
                start = end;
            }
        }
    }
    // The chord grows with the angle, so that the least chord is the least distance.
    2.0 * (least / 2.0).min(1.0).asin() * EARTH_KM
}

type Vector = [f64; 3];

fn unit(latitude: f64, longitude: f64) -> Vector {
    let ((sin_lat, cos_lat), (sin_lon, cos_lon)) = (latitude.to_radians().sin_cos(), longitude.to_radians().sin_cos());
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

fn dot(a: Vector, b: Vector) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Length of the straight line from a point of the unit sphere to the nearest of a short edge on it.
fn chord_to_segment(from: Vector, a: Vector, b: Vector) -> f64 {
    let minus = |a: Vector, b: Vector| [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    let (edge, to) = (minus(b, a), minus(from, a));
    let length = dot(edge, edge);
    let part = if length > 0.0 { (dot(to, edge) / length).clamp(0.0, 1.0) } else { 0.0 };
    let rest = minus(to, edge.map(|side| side * part));
    dot(rest, rest).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::Embedded;
    use super::*;

    #[test]
    fn the_nearest_point_counts_and_not_the_centre() {
        let atlas = Embedded::default().atlas().expect("the embedded shapes are whole");
        let check = |from: (f64, f64), to: &str, expect: std::ops::RangeInclusive<f32>| {
            let to = Country::new(to).expect("a code");
            let distances = atlas.distances(from.0, from.1);
            let km = distances.iter().find(|(country, _)| *country == to).map(|(_, km)| *km).expect("it has a shape");
            assert!(expect.contains(&km), "{from:?} to {to}: {km} km");
        };
        let (ashburn, narita, singapore, frankfurt) = ((39.04, -77.49), (35.76, 140.39), (1.36, 103.99), (50.03, 8.56));
        check(ashburn, "US", 0.0..=0.0);
        check(ashburn, "CN", 9_450.0..=9_600.0);
        check(ashburn, "CA", 350.0..=480.0);
        // Overseas parts have codes of their own.
        check(ashburn, "FR", 5_500.0..=6_200.0);
        check(ashburn, "GP", 2_800.0..=3_000.0);
        check(ashburn, "NL", 5_900.0..=6_300.0);
        check(ashburn, "BQ", 2_700.0..=3_200.0);
        // By way of the Aleutians.
        check(narita, "US", 3_100.0..=3_250.0);
        check(singapore, "MY", 0.1..=20.0);
        check(singapore, "ID", 0.1..=25.0);
        check(frankfurt, "DE", 0.0..=0.0);
        check(frankfurt, "FR", 100.0..=140.0);
        // Too small for the map: by its airport.
        check((36.15, -5.35), "GI", 0.0..=5.0);
        // Claimed by two states.
        check((44.95, 34.1), "UA", 0.0..=0.0);
        check((44.95, 34.1), "RU", 0.0..=0.0);
    }

    #[test]
    fn what_ends_early_is_no_atlas() {
        assert!(Atlas::new(b"DE\x01\x00\x02\x00\x01\x00").is_none());
        assert!(Atlas::new(b"D").is_none());
        assert!(Atlas::new(b"zz\x00\x00").is_none());
        assert!(Atlas::new(b"").is_some());
    }
}
