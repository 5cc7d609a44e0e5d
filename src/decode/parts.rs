//! The regions of an exchange: path, query, headers, cookies, bodies, WebSocket messages.

use percent_encoding::percent_decode_str;

use super::format::{walk_pairs, walk_query};
use super::{Direction, Flaw, Media, Part, PartKind, Place, Source, Step, UnreadReason, Walk, body, charset, open};
use crate::exchange::{Exchange, Headers, Message};

/// Take everything an exchange carries, the request first.
pub fn walk<'x>(walk: &mut Walk<'x>, exchange: &'x Exchange) {
    let request = &exchange.request;
    within_budget(walk_path(walk, &request.path));
    if let Some(query) = &request.query {
        within_budget(walk_query_part(walk, query));
    }
    walk_message(walk, Direction::Request, &request.message);
    if let Ok(response) = &exchange.response {
        walk_message(walk, Direction::Response, &response.message);
    }
    within_budget(walk_socket(walk, exchange));
}

/// A part whose walk ended early has said so itself; the next part may still be affordable.
fn within_budget(result: Result<(), Flaw>) {
    debug_assert!(matches!(result, Ok(()) | Err(Flaw::Budget)));
}

fn walk_path<'x>(walk: &mut Walk<'x>, path: &'x str) -> Result<(), Flaw> {
    let place = walk.layer(Place::root(Part::request(PartKind::Path)), "path")?;
    walk.count("path", path.len());
    for (index, segment) in (0..).zip(path.split('/').filter(|segment| !segment.is_empty())) {
        let place = walk.child(place, Step::Index(index))?;
        let text = if segment.contains('%') {
            walk.arena.text(&percent_decode_str(segment).decode_utf8_lossy())
        } else {
            segment
        };
        walk.value(place, text)?;
    }
    Ok(())
}

fn walk_query_part<'x>(walk: &mut Walk<'x>, query: &'x str) -> Result<(), Flaw> {
    let place = walk.layer(Place::root(Part::request(PartKind::Query)), "query")?;
    walk.count("query", query.len());
    walk_query(walk, place, query)
}

fn walk_message<'x>(walk: &mut Walk<'x>, direction: Direction, message: &'x Message) {
    within_budget(walk_headers(walk, direction, &message.headers));
    within_budget(walk_headers(walk, direction, &message.trailers));
    within_budget(body::walk(walk, Part { direction, kind: PartKind::Body }, message));
}

fn walk_headers<'x>(walk: &mut Walk<'x>, direction: Direction, headers: &'x Headers) -> Result<(), Flaw> {
    if headers.0.is_empty() {
        return Ok(());
    }
    let header = walk.layer(Place::root(Part { direction, kind: PartKind::Header }), "header")?;
    let cookie = walk.layer(Place::root(Part { direction, kind: PartKind::Cookie }), "cookie")?;
    for (name, value) in headers.iter() {
        let text = charset::header(walk, value);
        if name.eq_ignore_ascii_case("cookie") {
            walk.count("cookie", text.len());
            walk_pairs(walk, cookie, text, ';', cookie_text)?;
        } else if name.eq_ignore_ascii_case("set-cookie") {
            walk.count("cookie", text.len());
            let pair = text.split(';').next().unwrap_or_default();
            walk_pairs(walk, cookie, pair, ';', cookie_text)?;
        } else {
            walk.count("header", text.len());
            let place = walk.child(header, Step::Key(lower_case(walk, name)))?;
            walk.value(place, text.trim())?;
        }
    }
    Ok(())
}

/// A cookie's name or value as it stands, without the quotes that some servers put around values (RFC 6265 section 5.2).
fn cookie_text<'x>(_: &Walk<'x>, text: &'x str) -> &'x str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn lower_case<'x>(walk: &Walk<'x>, name: &'x str) -> &'x str {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { walk.arena.text(&name.to_ascii_lowercase()) } else { name }
}

fn walk_socket<'x>(walk: &mut Walk<'x>, exchange: &'x Exchange) -> Result<(), Flaw> {
    for (index, message) in (0..).zip(&exchange.messages) {
        let part = Part { direction: message.direction.into(), kind: PartKind::Message };
        let place = walk.layer(Place::root(part), "websocket")?;
        let place = walk.child(place, Step::Index(index))?;
        let payload: &'x [u8] = &message.payload;
        let bytes = &payload[..walk.spend_bytes(payload.len())];
        let cut = bytes.len() < payload.len();
        if cut {
            walk.note(place, UnreadReason::Budget);
        }
        open(walk, place, Source { bytes, media: Media::NONE, cut })?;
    }
    Ok(())
}
