//! `data:` URLs (RFC 2397): what they hold, by the type they name.

use percent_encoding::percent_decode_str;

use super::{Found, Nested, afford, base64};
use crate::decode::{Flaw, Media, Place, Source, Walk, open};

pub const NESTED: Nested = Nested { name: "data_url", looks, undo };

fn looks(value: &str) -> bool {
    value.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) && value.contains(',')
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    let Some((head, data)) = value.split_once(',') else { return Ok(Found::Nothing) };
    let media = head.get(5..).unwrap_or_default();
    let bytes = match media.strip_suffix(";base64") {
        Some(_) => base64::decoded(data.trim()),
        None => Some(percent_decode_str(data).collect()),
    };
    let Some(bytes) = bytes.filter(|bytes| afford(walk, place, bytes.len())) else { return Ok(Found::Nothing) };
    let inside = walk.layer(place, "data_url")?;
    let media = Media::new(media.strip_suffix(";base64").unwrap_or(media));
    open(walk, inside, Source { bytes: walk.arena.bytes(&bytes), media, cut: false })?;
    Ok(Found::Whole)
}
