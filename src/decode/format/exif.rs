//! What a camera writes into a picture (EXIF 2.32, CIPA DC-008): where it was taken, by whom, with what. JPEG, PNG, WebP, HEIF, TIFF.
//!
//! The picture itself is not looked at, which is told.

use std::io::Cursor;

use exif::{Exif, Field, In, Tag, Value};

use super::{Format, Sniff};
use crate::decode::{Flaw, Place, Source, Step, UnreadReason, ValueKind, Walk};

pub const FORMAT: Format = Format { name: "exif", types: &["image/"], sniff, walk };

/// Texts that name people, devices or places, and the key they get.
const TEXTS: [(Tag, &str); 11] = [
    (Tag::Artist, "artist"),
    (Tag::Copyright, "copyright"),
    (Tag::CameraOwnerName, "camera_owner_name"),
    (Tag::BodySerialNumber, "body_serial_number"),
    (Tag::LensSerialNumber, "lens_serial_number"),
    (Tag::ImageDescription, "image_description"),
    (Tag::ImageUniqueID, "image_unique_id"),
    (Tag::Make, "make"),
    (Tag::Model, "model"),
    (Tag::Software, "software"),
    (Tag::DateTimeOriginal, "date_time_original"),
];

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let mut reader = exif::Reader::new();
    reader.continue_on_error(true);
    let read = reader.read_from_container(&mut Cursor::new(source.bytes));
    let read = read.or_else(|error| error.distill_partial_result(|_| {}));
    if let Ok(exif) = read {
        let inside = walk.child(place, Step::Key("exif"))?;
        walk_gps(walk, inside, &exif)?;
        for (tag, key) in TEXTS {
            let Some(text) = exif.get_field(tag, In::PRIMARY).and_then(ascii) else { continue };
            let place = walk.child(inside, Step::Key(key))?;
            walk.value(place, walk.arena.text(&text))?;
        }
    }
    walk.note(place, UnreadReason::Unsupported);
    Ok(())
}

/// The position in decimal degrees.
fn walk_gps<'x>(walk: &mut Walk<'x>, place: Place<'x>, exif: &Exif) -> Result<(), Flaw> {
    let field = |tag| exif.get_field(tag, In::PRIMARY);
    let latitude = degrees(field(Tag::GPSLatitude), field(Tag::GPSLatitudeRef), 'S');
    let longitude = degrees(field(Tag::GPSLongitude), field(Tag::GPSLongitudeRef), 'W');
    let (Some(latitude), Some(longitude)) = (latitude, longitude) else { return Ok(()) };
    let gps = walk.child(place, Step::Key("gps"))?;
    for (key, degrees) in [("latitude", latitude), ("longitude", longitude)] {
        let place = walk.child(gps, Step::Key(key))?;
        walk.field(place, walk.arena.text(&format!("{degrees:.6}")), ValueKind::Number)?;
    }
    Ok(())
}

/// Degrees, minutes and seconds as one number, negative in the `negative` half of the globe.
fn degrees(value: Option<&Field>, half: Option<&Field>, negative: char) -> Option<f64> {
    let Value::Rational(parts) = &value?.value else { return None };
    let part = |index: usize| parts.get(index).map_or(0.0, |part| if part.denom == 0 { 0.0 } else { part.to_f64() });
    let degrees = part(0) + part(1) / 60.0 + part(2) / 3600.0;
    let sign = if half.and_then(ascii)?.starts_with(negative) { -1.0 } else { 1.0 };
    (degrees <= 180.0 && !parts.is_empty()).then_some(sign * degrees)
}

fn ascii(field: &Field) -> Option<String> {
    let Value::Ascii(lines) = &field.value else { return None };
    let text = String::from_utf8_lossy(lines.first()?).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn sniff(bytes: &[u8]) -> Sniff {
    let riff = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    let heif = bytes.get(4..8) == Some(b"ftyp")
        && [&b"heic"[..], b"heix", b"mif1", b"msf1", b"avif"].iter().any(|brand| bytes.get(8..12) == Some(brand));
    let magic = [&b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*"];
    if riff || heif || magic.iter().any(|magic| bytes.starts_with(magic)) { Sniff::Yes } else { Sniff::No }
}
