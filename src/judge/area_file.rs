//! Lists of areas as files: GeoJSON (RFC 7946, longitude first), or CSV with one corner a line.

use std::collections::BTreeMap;
use std::sync::Arc;

use geo::{Coord, LineString, MultiPolygon, Polygon, Validation, coord};
use geojson::{FeatureCollection, GeometryValue};

use super::areas::Area;
use crate::rules::{RuleError, Source};

/// What the CSV's first line says.
const HEADER: [&str; 3] = ["area_id", "lat", "lon"];
/// Where the United States and their territories lie, roughly: a corner elsewhere is a slip.
const LATITUDES: (f64, f64) = (0.0, 72.0);
const LONGITUDES: [(f64, f64); 2] = [(-180.0, -60.0), (140.0, 150.0)];

/// The areas of one file, each with a shape that holds.
pub(super) fn read(source: &Source) -> Result<Vec<Area>, RuleError> {
    let areas = if source.path.ends_with(".csv") { read_csv(source)? } else { read_geojson(source)? };
    if areas.is_empty() {
        return Err(error(source, "there are no areas in it").help("give one corner a line, or one feature an area"));
    }
    areas.iter().try_for_each(|area| check(area, source))?;
    Ok(areas)
}

fn read_csv(source: &Source) -> Result<Vec<Area>, RuleError> {
    let form = "write `area_id,lat,lon`, one corner a line, decimal degrees";
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source.text.as_bytes());
    let header = reader.headers().map_err(|wrong| error(source, wrong.to_string()).help(form))?;
    let header: Vec<&str> = header.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
    if header != HEADER {
        return Err(at_line(source, 1, "the first line does not name the columns").help(form));
    }
    let mut corners: BTreeMap<u32, Vec<Coord>> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|wrong| {
            let line = wrong.position().map_or(0, csv::Position::line);
            at_line(source, line, "the line has not three columns").help(form)
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let number = |column: usize| -> Result<f64, RuleError> {
            // The regulation is set with minus signs, not hyphens.
            let text = record[column].replace('\u{2212}', "-");
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
            value.ok_or_else(|| at_line(source, line, format!("`{}` is not a number", &record[column])).help(form))
        };
        let id = record[0]
            .parse()
            .map_err(|_| at_line(source, line, format!("`{}` is not an area's number", &record[0])).help(form))?;
        let corner = coord! { x: number(2)?, y: number(1)? };
        plausible(corner).map_err(|wrong| at_line(source, line, wrong).help(form))?;
        corners.entry(id).or_default().push(corner);
    }
    let area = |(id, corners)| Area {
        id,
        source: source.name.as_str().into(),
        as_of: None,
        shape: MultiPolygon(vec![Polygon::new(LineString(corners), Vec::new())]),
    };
    Ok(corners.into_iter().map(area).collect())
}

fn read_geojson(source: &Source) -> Result<Vec<Area>, RuleError> {
    // Parsed as JSON first, for an error with its place.
    let _json: serde::de::IgnoredAny = serde_json::from_str(&source.text).map_err(|wrong| RuleError {
        line: Some(wrong.line() as u64),
        column: Some(wrong.column() as u64),
        ..error(source, "it is not JSON").help("a list of areas is a GeoJSON FeatureCollection")
    })?;
    let collection = FeatureCollection::try_from(geojson_text(source)?).map_err(|wrong| {
        error(source, format!("it is not a list of areas: {wrong}"))
            .help("give a GeoJSON FeatureCollection of polygons")
    })?;
    let mut areas: Vec<Area> = Vec::new();
    for (number, feature) in (1..).zip(&collection.features) {
        let wrong = |what: String| error(source, format!("feature {number}: {what}"));
        let property = |name: &str| feature.properties.as_ref().and_then(|all| all.get(name));
        let id = property("area_id").and_then(serde_json::Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| wrong("it has no `area_id`".to_owned()).help("give every feature a whole number"))?;
        let polygons = match feature.geometry.as_ref().map(|geometry| &geometry.value) {
            Some(GeometryValue::Polygon { coordinates }) => vec![rings(coordinates)],
            Some(GeometryValue::MultiPolygon { coordinates }) => coordinates.iter().map(rings).collect(),
            _ => return Err(wrong("its geometry is not an area".to_owned()).help("use Polygon or MultiPolygon")),
        };
        let text = |name: &str| property(name).and_then(serde_json::Value::as_str).map(Arc::from);
        let shape = MultiPolygon(polygons.into_iter().map(|rings| rings.map_err(&wrong)).collect::<Result<_, _>>()?);
        if areas.iter().any(|area| area.id == id) {
            return Err(wrong(format!("area {id} is defined twice")).help("make it one MultiPolygon"));
        }
        areas.push(Area { id, source: text("source").unwrap_or_default(), as_of: text("as_of"), shape });
    }
    Ok(areas)
}

fn geojson_text(source: &Source) -> Result<geojson::GeoJson, RuleError> {
    source
        .text
        .parse()
        .map_err(|wrong: geojson::Error| error(source, format!("it is not GeoJSON: {wrong}")).help("see RFC 7946"))
}

fn rings(rings: &geojson::PolygonType) -> Result<Polygon, String> {
    let ring = |positions: &Vec<geojson::Position>| -> Result<LineString, String> {
        let corners = positions.iter().map(|position| {
            let &[x, y, ..] = &position[..] else { return Err("a position has not two numbers".to_owned()) };
            let corner = coord! { x: x, y: y };
            plausible(corner).map(|()| corner)
        });
        corners.collect::<Result<Vec<_>, _>>().map(LineString)
    };
    let mut rings = rings.iter().map(ring);
    let exterior = rings.next().ok_or("it has no ring")??;
    Ok(Polygon::new(exterior, rings.collect::<Result<_, _>>()?))
}

fn plausible(corner: Coord) -> Result<(), String> {
    let Coord { x: longitude, y: latitude } = corner;
    if !(latitude.abs() <= 90.0 && longitude.abs() <= 180.0) {
        return Err(format!("latitude {latitude} with longitude {longitude} is not on Earth; are they swapped?"));
    }
    let (south, north) = LATITUDES;
    let at_home = (south..=north).contains(&latitude)
        && LONGITUDES.iter().any(|(west, east)| (*west..=*east).contains(&longitude));
    if at_home {
        return Ok(());
    }
    Err(format!("latitude {latitude} with longitude {longitude} is outside the United States; are they swapped?"))
}

fn check(area: &Area, source: &Source) -> Result<(), RuleError> {
    let wrong = |what: &str| error(source, format!("area {} {what}", area.id));
    // The first corner stands again at the end.
    if area.shape.iter().any(|polygon| polygon.exterior().0.len() < 5) {
        return Err(wrong("has not at least 4 corners").help("give all its corners in the list's order"));
    }
    area.shape.check_validation().map_err(|why| {
        wrong(&format!("does not hold: its edges cross, or lie on each other ({why})"))
            .help("give its corners in the list's order")
    })
}

fn error(source: &Source, message: impl Into<String>) -> RuleError {
    RuleError::in_file(&source.name, message)
}

fn at_line(source: &Source, line: u64, message: impl Into<String>) -> RuleError {
    RuleError { line: Some(line), column: Some(1), ..error(source, message) }
}
