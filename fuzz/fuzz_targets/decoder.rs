#![no_main]
//! One decoder alone: the one that the environment variable `DECODER` names (`format-json`, `coding-gzip`, `nested-base64`).
//!
//! It may fail, but neither panic nor leave its budget.

use std::sync::OnceLock;

use landfall::decode::{
    Arena, Budget, Media, Part, PartKind, Place, Source, Walk, coding, format, nested,
};
use libfuzzer_sys::fuzz_target;

const BUDGET: Budget = Budget { depth: 32, bytes: 1 << 20, ratio: 100, fields: 5_000 };

enum Decoder {
    Format(&'static format::Format),
    Coding(&'static coding::Coding),
    Nested(&'static nested::Nested),
}

fn decoder() -> &'static Decoder {
    static DECODER: OnceLock<Decoder> = OnceLock::new();
    DECODER.get_or_init(|| {
        let name = std::env::var("DECODER").expect("`DECODER` names a line of `fuzz/run list`");
        let (family, name) = name.split_once('-').expect("family-name");
        match family {
            "format" => Decoder::Format(format::FORMATS.iter().find(|f| f.name == name).expect("a format")),
            "coding" => Decoder::Coding(coding::CODINGS.iter().find(|c| c.name == name).expect("a coding")),
            _ => Decoder::Nested(nested::NESTED.iter().find(|n| n.name == name).expect("a nested encoding")),
        }
    })
}

fuzz_target!(|data: &[u8]| {
    let arena = Arena::default();
    let mut walk = Walk::new(&arena, &BUDGET);
    let place = Place::root(Part::request(PartKind::Body));
    match decoder() {
        Decoder::Format(format) => {
            // The first byte chooses whether the bytes are whole and which of the format's types names them.
            let (&first, bytes) = data.split_first().unwrap_or((&0, data));
            let types = format.types;
            let media = types.get(usize::from(first >> 1) % types.len().max(1)).copied().unwrap_or_default();
            let source = Source { bytes: arena.bytes(bytes), media: Media::new(media), cut: first & 1 != 0 };
            let _ended = (format.walk)(&mut walk, place, source);
        }
        Decoder::Coding(coding) => {
            let undone = coding::undo(&mut walk, coding, data);
            assert!(undone.bytes.len() <= BUDGET.bytes);
        }
        Decoder::Nested(nested) => {
            let value = arena.text(&String::from_utf8_lossy(data));
            if (nested.looks)(value) {
                let _ended = (nested.undo)(&mut walk, place, value);
            }
        }
    }
    assert!(walk.finish().fields.len() <= BUDGET.fields);
    assert!(arena.bump().allocated_bytes() < 64 * BUDGET.bytes);
});
