//! How far an answer can have come: what a connect time excludes, seen from a place that somebody stated.

use std::time::Duration;

use super::Country;
use super::atlas::Atlas;

/// Where the measuring side stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vantage {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// How far off the statement may be, in km.
    pub radius_km: f64,
}

/// Coordinates are never NaN: `parse` and `is_a_place` see to it.
impl Eq for Vantage {}

/// What a signal may have travelled through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Path {
    /// Light in glass.
    #[default]
    Fibre,
    /// Some of the way was a satellite or microwave link.
    Radio,
}

impl Path {
    /// Bound on the distance that a round trip of one millisecond allows.
    fn km_per_ms(self) -> f64 {
        match self {
            Self::Fibre => 100.0,
            Self::Radio => 150.0,
        }
    }
}

/// Spare time before a country is ruled out: clocks, queues, the coarseness of the shapes.
const MARGIN_MS: f64 = 1.0;

impl Vantage {
    /// `LAT,LON[,RADIUS_KM]`; `None` for anything that is no place on Earth.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(',').map(|number| number.trim().parse::<f64>().ok().filter(|n| n.is_finite()));
        let (latitude, longitude) = (numbers.next()??, numbers.next()??);
        let radius_km = numbers.next().map_or(Some(0.0), |radius| radius)?;
        let vantage = Self { latitude, longitude, radius_km };
        (numbers.next().is_none() && vantage.is_a_place()).then_some(vantage)
    }

    pub fn is_a_place(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude)
            && (-180.0..=180.0).contains(&self.longitude)
            && (0.0..=20_000.0).contains(&self.radius_km)
    }
}

/// The distances from one vantage to the nearest point of every country.
#[derive(Debug)]
pub struct Reach {
    pub vantage: Vantage,
    pub path: Path,
    /// Sorted by country; km, the vantage's own radius taken off.
    distances: Vec<(Country, f32)>,
}

impl Reach {
    pub(super) fn new(atlas: &Atlas, vantage: Vantage, path: Path) -> Self {
        let radius = vantage.radius_km as f32;
        let mut distances = atlas.distances(vantage.latitude, vantage.longitude);
        distances.iter_mut().for_each(|(_, km)| *km = (*km - radius).max(0.0));
        distances.sort_unstable_by_key(|(country, _)| *country);
        Self { vantage, path, distances }
    }

    /// Countries that an answer after this time can have come from. A country without a shape is never excluded, nor listed.
    pub(super) fn feasible(&self, time: Duration, path: Path) -> Feasible<'_> {
        Feasible { reach: self, km: (time.as_secs_f64() * 1000.0 + MARGIN_MS) * path.km_per_ms() }
    }

    fn distance(&self, country: Country) -> Option<f32> {
        let at = self.distances.binary_search_by_key(&country, |(country, _)| *country).ok()?;
        self.distances.get(at).map(|(_, km)| *km)
    }
}

/// What a connect time leaves possible.
#[derive(Clone, Copy)]
pub(super) struct Feasible<'a> {
    reach: &'a Reach,
    /// Bound on the distance, margin included.
    pub km: f64,
}

impl Feasible<'_> {
    pub fn excludes(&self, country: Country) -> bool {
        self.reach.distance(country).is_some_and(|km| f64::from(km) > self.km)
    }

    /// The countries within the bound, as long as they are no more than `most`.
    pub fn countries(&self, most: usize) -> Option<Vec<Country>> {
        let within = |(_, km): &&(Country, f32)| f64::from(*km) <= self.km;
        let found: Vec<_> =
            self.reach.distances.iter().filter(within).take(most + 1).map(|(country, _)| *country).collect();
        (found.len() <= most).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Embedded;
    use super::*;

    fn country(code: &str) -> Country {
        Country::new(code).expect("a code")
    }

    fn feasible(vantage: &str, ms: f64, most: usize) -> Option<String> {
        let atlas = Embedded::default().atlas().expect("the embedded shapes are whole");
        let reach = Reach::new(&atlas, Vantage::parse(vantage).expect("a vantage"), Path::Fibre);
        let found = reach.feasible(Duration::from_secs_f64(ms / 1000.0), Path::Fibre).countries(most)?;
        Some(found.iter().map(Country::as_str).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_short_time_leaves_few_countries() {
        assert_eq!(feasible("39.04,-77.49", 1.4, 9).as_deref(), Some("US"));
        assert_eq!(feasible("39.04,-77.49", 4.0, 9).as_deref(), Some("CA US"));
        assert_eq!(feasible("1.36,103.99", 0.0, 9).as_deref(), Some("ID MY SG"));
        assert_eq!(feasible("50.03,8.56", 5.0, 9), None);
        // The vantage's own doubt widens the circle.
        assert_eq!(feasible("39.04,-77.49,300", 1.4, 9).as_deref(), Some("CA US"));
    }

    #[test]
    fn a_country_is_excluded_only_beyond_the_margin() {
        let atlas = Embedded::default().atlas().expect("the embedded shapes are whole");
        let reach = Reach::new(&atlas, Vantage::parse("39.04,-77.49").expect("a vantage"), Path::Fibre);
        let excludes =
            |ms: u64, code: &str| reach.feasible(Duration::from_millis(ms), Path::Fibre).excludes(country(code));
        assert!(excludes(2, "CN") && excludes(93, "CN") && !excludes(95, "CN"));
        assert!(!excludes(0, "US"));
        let radio = reach.feasible(Duration::from_millis(70), Path::Radio);
        assert!(!radio.excludes(country("CN")) && excludes(70, "CN"));
    }

    #[test]
    fn only_places_on_earth_are_vantages() {
        for wrong in ["", "1", "91,0", "0,181", "1,2,-3", "1,2,3,4", "a,b", "NaN,0", "1,2,x"] {
            assert_eq!(Vantage::parse(wrong), None, "{wrong}");
        }
        let whole = Vantage { latitude: -33.9, longitude: 151.2, radius_km: 25.0 };
        assert_eq!(Vantage::parse(" -33.9, 151.2 ,25"), Some(whole));
    }
}
