//! Where a body that is recorded in segments may be cut, so that no value stands half in one segment and half in the next.

use memchr::{memmem, memrchr};

/// What the body is a sequence of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// Server-sent events: an empty line ends one.
    Events,
    /// gRPC messages: a flag, a length of four bytes, and so many bytes.
    Grpc,
    Text,
}

/// How far back a break is looked for in text without lines.
const NEAR: usize = 4 << 10;
/// What may wait for its end; a gRPC message may be longer than a line.
const WAITING: usize = 1 << 20;
const WAITING_GRPC: usize = 16 << 20;

impl Boundary {
    pub fn of(content_type: Option<&str>) -> Self {
        let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "text/event-stream" => Self::Events,
            grpc if grpc.starts_with("application/grpc") && !grpc.starts_with("application/grpc-web-text") => {
                Self::Grpc
            }
            _ => Self::Text,
        }
    }

    /// Whether bodies of this kind run on and on, so that parts of them are worth recording soon.
    pub fn is_stream(self) -> bool {
        self != Self::Text
    }

    /// How many of these bytes make whole pieces.
    pub fn whole(self, bytes: &[u8]) -> usize {
        let (end, waiting) = match self {
            Self::Events => {
                let ends = [&b"\n\n"[..], b"\r\n\r\n", b"\r\r"];
                let last = ends.iter().filter_map(|end| memmem::rfind(bytes, end).map(|at| at + end.len())).max();
                (last.unwrap_or(0), WAITING)
            }
            Self::Grpc => (grpc_messages(bytes), WAITING_GRPC),
            Self::Text => (last_break(bytes), WAITING),
        };
        if bytes.len() - end > waiting { bytes.len() } else { end }
    }
}

fn grpc_messages(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some([_, a, b, c, d]) = bytes.get(end..end + 5) {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        match end.checked_add(5 + length) {
            Some(next) if next <= bytes.len() => end = next,
            _ => break,
        }
    }
    end
}

fn last_break(bytes: &[u8]) -> usize {
    if let Some(line) = memrchr(b'\n', bytes) {
        return line + 1;
    }
    let near = &bytes[bytes.len().saturating_sub(NEAR)..];
    let near_break = near.iter().rposition(|byte| b",;&}]> \t".contains(byte));
    near_break.map_or(bytes.len(), |at| bytes.len() - near.len() + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_pieces_are_cut_off() {
        assert_eq!(Boundary::Events.whole(b"data: a\n\ndata: b"), 9);
        assert_eq!(Boundary::Events.whole(b"data: a"), 0);
        assert_eq!(Boundary::Grpc.whole(b"\0\0\0\0\x02ab\0\0\0\0\x02a"), 7);
        assert_eq!(Boundary::Text.whole(b"{\"a\":1}\n{\"b\""), 8);
        assert_eq!(Boundary::Text.whole(b"a=1&b=2"), 4);
        assert_eq!(Boundary::Text.whole(&[b'x'; 10_000]), 10_000);
        assert_eq!(Boundary::Events.whole(&vec![b'x'; 2 << 20]), 2 << 20);
    }

    #[test]
    fn the_type_says_what_it_is_a_sequence_of() {
        assert_eq!(Boundary::of(Some("Text/Event-Stream; charset=utf-8")), Boundary::Events);
        assert_eq!(Boundary::of(Some("application/grpc+proto")), Boundary::Grpc);
        assert_eq!(Boundary::of(Some("application/json")), Boundary::Text);
        assert_eq!(Boundary::of(None), Boundary::Text);
    }
}
