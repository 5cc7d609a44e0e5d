//! `multipart/form-data` (RFC 7578) and its relatives (RFC 2046 section 5.1): each part by its name, read by its own type.

use std::collections::HashMap;

use memchr::memmem;

use super::{Format, Sniff, start};
use crate::decode::media::param;
use crate::decode::nested::base64;
use crate::decode::{Flaw, Media, Place, Source, Step, UnreadReason, Walk, charset, open};

pub const FORMAT: Format = Format { name: "multipart", types: &["multipart/"], sniff, walk };

/// RFC 2046 allows 70 characters; some senders use a few more.
const LONGEST_BOUNDARY: usize = 200;

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let boundary = boundary(source).ok_or(Flaw::Malformed)?;
    let finder = memmem::Finder::new(&boundary);
    let mut rest = &source.bytes[finder.find(source.bytes).ok_or(Flaw::Malformed)? + boundary.len()..];
    let mut names = Names::of(&finder, rest);
    for index in 0.. {
        if rest.starts_with(b"--") {
            return Ok(());
        }
        let (part, after) = match next_boundary(&finder, rest) {
            Some(end) => (&rest[..end], Some(&rest[end + boundary.len()..])),
            None => (rest, None),
        };
        let cut = after.is_none();
        walk_part(walk, place, index, Source { bytes: part, cut, ..source }, &mut names)?;
        rest = after.ok_or(Flaw::Ended)?;
    }
    Ok(())
}

/// Take one part: its bytes begin behind the boundary and end before the next.
fn walk_part<'x>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    index: u32,
    part: Source<'x>,
    names: &mut Names,
) -> Result<(), Flaw> {
    let Some((head, body)) = split_head(part.bytes) else {
        if !part.cut && !part.bytes.trim_ascii().is_empty() {
            walk.note(place, UnreadReason::Malformed);
        }
        return Ok(());
    };
    let head = charset::lossy(walk, head);
    let disposition = header(head, "content-disposition").unwrap_or_default();
    let media = Media::new(header(head, "content-type").unwrap_or_default());
    let name = param(disposition, "name").filter(|name| !name.is_empty());
    let mut place = walk.child(place, name.map_or(Step::Index(index), Step::Key))?;
    if let Some(next) = name.and_then(|name| names.next(name)) {
        place = walk.child(place, Step::Index(next))?;
    }
    if let Some(file) = param(disposition, "filename") {
        let place = walk.child(place, Step::Key("filename"))?;
        walk.value(place, file)?;
    }
    let body = if part.cut { body } else { without_line_end(body) };
    let body = undone(walk, body, header(head, "content-transfer-encoding").unwrap_or_default());
    if name == Some("_charset_") || body.is_empty() {
        return Ok(());
    }
    if media.essence().is_empty() && charset::is_text(body) && !is_container(body) {
        let text = charset::text(walk, Source { bytes: body, media, ..part });
        return walk.value(place, text);
    }
    open(walk, place, Source { bytes: body, media, ..part })
}

/// The body without the transfer encoding of mail (RFC 2045 section 6.8), which some senders still use.
fn undone<'x>(walk: &mut Walk<'x>, body: &'x [u8], encoding: &str) -> &'x [u8] {
    if !encoding.eq_ignore_ascii_case("base64") {
        return body;
    }
    let text = std::str::from_utf8(body).ok().map(|text| text.split_ascii_whitespace().collect::<String>());
    let Some(bytes) = text.and_then(|text| base64::decoded(&text)) else { return body };
    if walk.spend_bytes(bytes.len()) < bytes.len() { body } else { walk.arena.bytes(&bytes) }
}

/// Header block and body; the block may be empty.
fn split_head(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'\n', part)?;
    let part = &part[at + 1..];
    if let Some(body) = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n")) {
        return Some((b"", body));
    }
    for gap in [&b"\r\n\r\n"[..], b"\n\n"] {
        if let Some(at) = memmem::find(part, gap) {
            return Some((&part[..at], &part[at + gap.len()..]));
        }
    }
    None
}

/// Forms with more fields have no repeated ones.
const MOST_NAMES: usize = 10_000;

/// Names that several parts have (`contact`, `contact`), with the index that comes next: each such part is a record.
struct Names(HashMap<Vec<u8>, u32>);

impl Names {
    fn of(finder: &memmem::Finder<'_>, bytes: &[u8]) -> Self {
        let mut seen: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut rest = bytes;
        while let Some(end) = next_boundary(finder, rest).filter(|_| seen.len() < MOST_NAMES) {
            let head = split_head(&rest[..end]).map(|(head, _)| String::from_utf8_lossy(head));
            let name = head.as_deref().and_then(|head| param(header(head, "content-disposition")?, "name"));
            if let Some(name) = name {
                *seen.entry(name.as_bytes().to_vec()).or_default() += 1;
            }
            rest = &rest[end + finder.needle().len()..];
        }
        seen.retain(|_, count| *count > 1);
        seen.values_mut().for_each(|count| *count = 0);
        Self(seen)
    }

    fn next(&mut self, name: &str) -> Option<u32> {
        let next = self.0.get_mut(name.as_bytes())?;
        *next += 1;
        Some(*next - 1)
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// Where the next boundary stands that begins a line.
fn next_boundary(finder: &memmem::Finder<'_>, bytes: &[u8]) -> Option<usize> {
    finder.find_iter(bytes).find(|&at| at == 0 || bytes[at - 1] == b'\n')
}

/// `--` and the boundary: from the content type, else from the first line.
fn boundary(source: Source<'_>) -> Option<Vec<u8>> {
    let named = source.media.param("boundary").map(|boundary| format!("--{boundary}").into_bytes());
    let found = |boundary: &Vec<u8>| boundary.len() > 2 && memmem::find(source.bytes, boundary).is_some();
    named.filter(found).or_else(|| {
        let line = start(source.bytes).split(|&byte| byte == b'\n').next()?.trim_ascii_end();
        (line.starts_with(b"--") && line.len() > 2 && line.len() <= LONGEST_BOUNDARY).then(|| line.to_vec())
    })
}

fn without_line_end(body: &[u8]) -> &[u8] {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    body.strip_suffix(b"\r").unwrap_or(body)
}

fn is_container(body: &[u8]) -> bool {
    matches!(start(body).first(), Some(b'{' | b'[' | b'<'))
}

/// A boundary line with a `Content-` header under it.
fn sniff(bytes: &[u8]) -> Sniff {
    let bytes = start(bytes);
    if !bytes.starts_with(b"--") {
        return if memmem::find(&bytes[..bytes.len().min(1024)], b"\n--").is_some() { Sniff::Maybe } else { Sniff::No };
    }
    let second = bytes.split(|&byte| byte == b'\n').nth(1).unwrap_or_default();
    let headed = second.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
    if headed { Sniff::Yes } else { Sniff::Maybe }
}
