//! Server-sent events (WHATWG HTML section 9.2): `$[0]`, `$[1]`, …, each read by the format of its data.

use super::{Format, Sniff, start};
use crate::decode::{Flaw, Media, Place, Source, Step, Walk, charset, open};

pub const FORMAT: Format = Format { name: "sse", types: &["text/event-stream"], sniff, walk };

/// The event being put together.
#[derive(Default)]
struct Event<'x> {
    data: Vec<&'x str>,
    id: Option<&'x str>,
}

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let text = charset::text(walk, source);
    let mut index = 0;
    let mut event = Event::default();
    for line in text.lines().chain([""]) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => event.data.push(value),
            "id" => event.id = Some(value),
            "" if line.is_empty() && !event.data.is_empty() => {
                take(walk, place, index, &event, source)?;
                (index, event) = (index + 1, Event::default());
            }
            _ => {}
        }
    }
    Ok(())
}

fn take<'x>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    index: u32,
    event: &Event<'x>,
    source: Source<'x>,
) -> Result<(), Flaw> {
    let place = walk.child(place, Step::Index(index))?;
    if let Some(id) = event.id {
        let place = walk.child(place, Step::Key("id"))?;
        walk.value(place, id)?;
    }
    let data = match event.data[..] {
        [line] => line,
        ref lines => walk.arena.text(&lines.join("\n")),
    };
    open(walk, place, Source { bytes: data.as_bytes(), media: Media::NONE, cut: source.cut })
}

fn sniff(bytes: &[u8]) -> Sniff {
    let bytes = start(bytes);
    let begins = [&b"data:"[..], b"event:"].iter().any(|field| bytes.starts_with(field));
    let sure = begins && memchr::memmem::find(bytes, b"\n\n").is_some();
    if sure { Sniff::Yes } else { Sniff::Maybe }
}
