//! Positions as text: pairs, `geo:` URIs, WKT, ISO 6709, geohashes and plus codes.

use super::finding::Position;

/// A point, and how far it may be off as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub position: Position,
    /// Metres, from the number of decimals, the cell's size, or a stated uncertainty.
    pub precision_m: f64,
    /// Decimals as written; cells count as having many.
    pub decimals: usize,
}

/// Positions worse than this are coarse (28 CFR 202.242: within 1,000 metres).
pub(super) const PRECISE_M: f64 = 1000.0;

impl Point {
    pub fn is_precise(&self) -> bool {
        self.precision_m <= PRECISE_M
    }
}

/// Rounding to `d` decimals is off by at most half a unit in both directions.
pub(super) fn precision_of_decimals(decimals: usize) -> f64 {
    const METRES_PER_DEGREE: f64 = 111_320.0;
    0.5 * std::f64::consts::SQRT_2 * METRES_PER_DEGREE / 10f64.powi(decimals.min(12) as i32)
}

/// A number of degrees within ±`limit`, with its decimals.
pub(super) fn degrees(text: &str, limit: f64) -> Option<(f64, usize)> {
    let text = text.trim();
    let plain =
        !text.is_empty() && text.len() <= 24 && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let value: f64 = plain.then(|| text.parse().ok())??;
    let decimals = text.split_once('.').map_or(0, |(_, d)| d.bytes().take_while(u8::is_ascii_digit).count());
    (value.abs() <= limit).then_some((value, decimals))
}

/// Latitude and longitude as two texts. Null island is no position.
pub(super) fn point(latitude: &str, longitude: &str) -> Option<Point> {
    let ((latitude, a), (longitude, b)) = (degrees(latitude, 90.0)?, degrees(longitude, 180.0)?);
    if latitude == 0.0 && longitude == 0.0 {
        return None;
    }
    let decimals = a.max(b);
    Some(Point { position: Position { latitude, longitude }, precision_m: precision_of_decimals(decimals), decimals })
}

/// Latitude and longitude as whole numbers of 10⁻⁵ to 10⁻⁷ degrees (`latitudeE7`).
pub(super) fn scaled_point(latitude: &str, longitude: &str, power: i32) -> Option<Point> {
    let whole = |text: &str| text.trim().parse::<i32>().ok().map(|n| f64::from(n) / 10f64.powi(power));
    let (latitude, longitude) = (whole(latitude)?, whole(longitude)?);
    let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude, longitude) != (0.0, 0.0);
    let precision_m = precision_of_decimals(power as usize);
    on_earth.then_some(Point { position: Position { latitude, longitude }, precision_m, decimals: power as usize })
}

/// A position as people write it into a text: any of the notations below, or two numbers.
pub(super) fn in_text(text: &str) -> Option<Point> {
    self_evident(text).or_else(|| pair(text, false))
}

/// `45.52,-122.67` and its like; `reversed` is longitude first.
pub(super) fn pair(text: &str, reversed: bool) -> Option<Point> {
    let text = text.trim().trim_start_matches(['[', '(', '@']).trim_end_matches([']', ')']);
    let mut numbers = text.split([',', ';', ' ', '|']).filter(|n| !n.is_empty());
    let (a, b) = (numbers.next()?, numbers.next()?);
    if numbers.next().is_some() {
        return None;
    }
    if reversed { point(b, a) } else { point(a, b) }
}

const LONGEST: usize = 120;

/// Forms that say by themselves that they are positions.
pub(super) fn self_evident(text: &str) -> Option<Point> {
    let text = text.trim();
    if text.len() > LONGEST && !text.starts_with(['L', 'M', 'l', 'm']) {
        return None;
    }
    geo_uri(text)
        .or_else(|| wkt(text))
        .or_else(|| iso_6709(text))
        .or_else(|| plus_code(text))
        .or_else(|| hemispheres(text))
        .or_else(|| nmea(text))
}

/// `45°31'23.1"N 122°40'35.2"W`, `45.5231 N, 122.6765 W`: degrees with a hemisphere, minutes and seconds if any.
fn hemispheres(text: &str) -> Option<Point> {
    let text = text.trim();
    let split = text.find(['N', 'S', 'n', 's'])? + 1;
    let ((latitude, a), (longitude, b)) = (sexagesimal(&text[..split])?, sexagesimal(&text[split..])?);
    let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude, longitude) != (0.0, 0.0);
    let decimals = a.max(b);
    let position = Position { latitude, longitude };
    on_earth.then_some(Point { position, precision_m: precision_of_decimals(decimals), decimals })
}

/// Degrees, minutes and seconds with a hemisphere; minutes count as two decimals, seconds as four.
fn sexagesimal(text: &str) -> Option<(f64, usize)> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == ',');
    let sign = match text.chars().last()?.to_ascii_uppercase() {
        'N' | 'E' | 'O' => 1.0,
        'S' | 'W' => -1.0,
        _ => return None,
    };
    let body = &text[..text.len() - 1];
    if !body.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || ".,°º'′’\"″”".contains(c)) {
        return None;
    }
    let mut numbers = body.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|n| !n.is_empty());
    let (mut value, mut decimals) = (0.0, 0);
    for (unit, least) in [(1.0, 0), (60.0, 2), (3600.0, 4)] {
        let Some(number) = numbers.next() else { break };
        value += number.parse::<f64>().ok()? / unit;
        decimals = least + number.split_once('.').map_or(0, |(_, d)| d.len());
    }
    (numbers.next().is_none() && value > 0.0).then_some((sign * value, decimals))
}

/// GGA and RMC sentences of NMEA 0183: `$GPGGA,123519,4807.038,N,01131.000,E,…`, degrees and minutes in one number.
fn nmea(text: &str) -> Option<Point> {
    let mut fields = text.strip_prefix('$')?.split(',');
    let kind = fields.next()?;
    let skip = match kind.get(2..)? {
        "GGA" => 1,
        "RMC" => 2,
        _ => return None,
    };
    let mut fields = fields.skip(skip);
    let (latitude, n, longitude, e) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let degrees = |text: &str, digits: usize, negative: bool| {
        let value = text.get(..digits)?.parse::<f64>().ok()? + text.get(digits..)?.parse::<f64>().ok()? / 60.0;
        Some(if negative { -value } else { value })
    };
    let (latitude, longitude) = (degrees(latitude, 2, n == "S")?, degrees(longitude, 3, e == "W")?);
    let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    on_earth.then_some(Point { position: Position { latitude, longitude }, precision_m: 10.0, decimals: 5 })
}

/// RFC 5870: `geo:45.52,-122.67;u=35`.
fn geo_uri(text: &str) -> Option<Point> {
    let rest = text.strip_prefix("geo:")?;
    let (coordinates, parameters) = rest.split_once([';', '?']).unwrap_or((rest, ""));
    let mut numbers = coordinates.split(',');
    let mut point = point(numbers.next()?, numbers.next()?)?;
    let stated = parameters.split([';', '&']).find_map(|p| p.strip_prefix("u="));
    if let Some(metres) = stated.and_then(|u| u.parse::<f64>().ok()) {
        point.precision_m = metres;
    }
    Some(point)
}

/// `POINT(-122.67 45.52)`, longitude first, an SRID allowed before it; of a line, its first point.
fn wkt(text: &str) -> Option<Point> {
    let upper = text.to_ascii_uppercase();
    let upper = upper.split_once(';').map_or(upper.as_str(), |(_, wkt)| wkt);
    let upper = upper.trim_start();
    let rest = ["POINT", "LINESTRING", "MULTIPOINT"].iter().find_map(|kind| upper.strip_prefix(kind))?;
    let inner = rest.trim_start_matches([' ', 'Z', 'M']).strip_prefix('(')?.split([')', ',']).next()?;
    let mut numbers = inner.split_ascii_whitespace();
    let (longitude, latitude) = (numbers.next()?, numbers.next()?);
    point(latitude, longitude)
}

/// `+45.5231-122.6765/`, degrees with decimals.
fn iso_6709(text: &str) -> Option<Point> {
    let body = text.strip_suffix('/')?;
    if !body.starts_with(['+', '-']) {
        return None;
    }
    let second = body[1..].find(['+', '-'])? + 1;
    let end = body[second + 1..].find(['+', '-']).map_or(body.len(), |i| i + second + 1);
    let (latitude, longitude) = (&body[..second], &body[second..end]);
    latitude.contains('.').then(|| point(latitude, longitude))?
}

const PLUS_ALPHABET: &[u8] = b"23456789CFGHJMPQRVWX";

/// Open Location Code with all eight digits before the plus: `84QVG8FF+3H`.
pub(super) fn plus_code(text: &str) -> Option<Point> {
    let upper = text.trim().to_ascii_uppercase();
    let (area, fine) = upper.split_once('+')?;
    if area.len() != 8 || !(fine.is_empty() || (2..=7).contains(&fine.len())) {
        return None;
    }
    let digits: Option<Vec<f64>> = area
        .bytes()
        .chain(fine.bytes().take(2))
        .map(|b| PLUS_ALPHABET.iter().position(|&a| a == b).map(|i| i as f64))
        .collect();
    let digits = digits?;
    let (mut latitude, mut longitude, mut size) = (-90.0, -180.0, 20.0);
    for pair in digits.chunks(2) {
        latitude += pair[0] * size;
        longitude += pair[1] * size;
        size /= 20.0;
    }
    let half = size * 10.0;
    let position = Position { latitude: latitude + half, longitude: longitude + half };
    // Eight digits are a cell of 275 m, ten one of 14 m.
    let precision_m = if fine.is_empty() { 275.0 } else { 14.0 };
    let on_earth = position.latitude <= 90.0 && position.longitude <= 180.0;
    on_earth.then_some(Point { position, precision_m, decimals: 6 })
}

const GEOHASH_ALPHABET: &[u8] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// Base-32 cell of Gustavo Niemeyer's geohash, 3 to 12 characters.
pub(super) fn geohash(text: &str) -> Option<Point> {
    let text = text.trim();
    if !(3..=12).contains(&text.len()) {
        return None;
    }
    let (mut lat, mut lon) = ((-90.0, 90.0), (-180.0, 180.0));
    let mut even = true;
    for b in text.bytes() {
        let value = GEOHASH_ALPHABET.iter().position(|&a| a == b.to_ascii_lowercase())?;
        for bit in (0..5).rev() {
            let range: &mut (f64, f64) = if even { &mut lon } else { &mut lat };
            let middle = (range.0 + range.1) / 2.0;
            if value >> bit & 1 == 1 {
                range.0 = middle
            } else {
                range.1 = middle
            }
            even = !even;
        }
    }
    let position = Position { latitude: (lat.0 + lat.1) / 2.0, longitude: (lon.0 + lon.1) / 2.0 };
    // Six characters are precise and five are coarse, whatever the latitude: the cell's half height is the measure.
    let precision_m = (lat.1 - lat.0) / 2.0 * 111_320.0;
    Some(Point { position, precision_m, decimals: text.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(point: Option<Point>, expect: Option<(f64, f64)>) {
        match (point, expect) {
            (Some(p), Some((lat, lon))) => {
                assert!((p.position.latitude - lat).abs() < 0.01 && (p.position.longitude - lon).abs() < 0.01, "{p:?}");
            }
            (point, expect) => assert_eq!(point.is_some(), expect.is_some(), "{point:?} {expect:?}"),
        }
    }

    #[test]
    fn reads_every_notation() {
        let portland = Some((45.523, -122.676));
        check(pair("45.523064, -122.676483", false), portland);
        check(pair("-122.676483;45.523064", true), portland);
        check(self_evident("geo:45.523064,-122.676483;u=35"), portland);
        check(self_evident("SRID=4326;POINT(-122.676483 45.523064)"), portland);
        check(self_evident("+45.523064-122.676483/"), portland);
        check(self_evident("LINESTRING(-122.676483 45.523064, -122.68 45.53)"), portland);
        check(in_text("45°31'23.1\"N 122°40'35.2\"W"), portland);
        check(in_text("45.5231° N, 122.6765° W"), portland);
        check(in_text("$GPGGA,123519,4531.383,N,12240.589,W,1,08,0.9,545.4,M"), portland);
        check(scaled_point("455230640", "-1226764830", 7), portland);
        check(in_text("Nashville"), None);
        check(geohash("c20fbr"), Some((45.52, -122.67)));
        check(plus_code("849VCWC8+R9"), Some((37.42, -122.08)));
        check(pair("0,0", false), None);
        check(pair("95.1,10.2", false), None);
        check(pair("1,2,3", false), None);
        check(geohash("hello!"), None);
    }

    #[test]
    fn two_decimals_are_precise_and_one_is_not() {
        assert!(precision_of_decimals(2) < 1000.0 && precision_of_decimals(1) > 1000.0);
        assert!(geohash("c20fb2").unwrap().precision_m < 1000.0 && geohash("c20fb").unwrap().precision_m > 1000.0);
    }
}
