//! One direction of a WebSocket, read on a copy: messages put together from frames, unmasked and inflated (RFC 6455 section
//! 5.2, RFC 7692 section 7). What cannot be followed is said to be so; the bytes relayed are never touched.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};

/// Most bytes that are kept of one message, inflated or not.
pub const MESSAGE: usize = 16 << 20;

/// What both sides agreed on for one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deflate {
    pub on: bool,
    /// Each message is compressed for itself.
    pub no_context: bool,
}

impl Deflate {
    /// From the server's `Sec-WebSocket-Extensions`: towards the server, and towards the client. `None`: an extension that
    /// is not known here changes what frames mean.
    pub fn agreed(extensions: &str) -> Option<[Self; 2]> {
        let mut both = [Self::default(); 2];
        for extension in extensions.split(',').map(str::trim).filter(|extension| !extension.is_empty()) {
            let mut words = extension.split(';').map(str::trim);
            if !words.next()?.eq_ignore_ascii_case("permessage-deflate") {
                return None;
            }
            let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
            let has = |name: &str| words.iter().any(|word| word == name);
            both = ["client_no_context_takeover", "server_no_context_takeover"]
                .map(|name| Self { on: true, no_context: has(name) });
        }
        Some(both)
    }
}

/// A message, whole or as much of it as was kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    /// 1 text, 2 binary.
    pub opcode: u8,
    pub payload: Bytes,
    pub whole: bool,
}

/// Reads one direction.
pub struct Frames {
    deflate: Deflate,
    inflate: Decompress,
    head: Vec<u8>,
    frame: Option<Frame>,
    message: Option<Message>,
    /// Where the frames are can no longer be told.
    lost: bool,
}

#[derive(Debug)]
struct Frame {
    left: u64,
    mask: Option<[u8; 4]>,
    at: usize,
    last: bool,
    control: bool,
}

#[derive(Debug)]
struct Message {
    opcode: u8,
    compressed: bool,
    payload: Vec<u8>,
    cut: bool,
}

impl Frames {
    pub fn new(deflate: Deflate) -> Self {
        let inflate = Decompress::new(false);
        Self { deflate, inflate, head: Vec::new(), frame: None, message: None, lost: false }
    }

    /// Whether something could not be followed.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Bytes are missing here: nothing after them can be read.
    pub fn lose(&mut self) {
        self.lost = true;
        self.message = None;
    }

    /// Take the next bytes; messages that end in them come out.
    pub fn feed(&mut self, mut bytes: &[u8], mut out: impl FnMut(Read)) {
        while !self.lost {
            if let Some(frame) = &mut self.frame {
                let taken = usize::try_from(frame.left).map_or(bytes.len(), |left| left.min(bytes.len()));
                if !frame.control
                    && let Some(message) = &mut self.message
                {
                    message.take(&bytes[..taken], frame);
                }
                frame.at += taken;
                frame.left -= taken as u64;
                bytes = &bytes[taken..];
                if frame.left > 0 {
                    return;
                }
                let ends = frame.last && !frame.control;
                self.frame = None;
                if ends && let Some(message) = self.message.take() {
                    self.finish(message, &mut out);
                }
            } else {
                let Some((byte, rest)) = bytes.split_first() else { return };
                bytes = rest;
                self.head.push(*byte);
                self.begin();
            }
        }
    }

    /// Is the head whole? Then a frame begins.
    fn begin(&mut self) {
        let [first, second, rest @ ..] = self.head.as_slice() else { return };
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let masked = second & 0x80 != 0;
        if rest.len() < extended + if masked { 4 } else { 0 } {
            return;
        }
        let length = match extended {
            0 => u64::from(second & 0x7f),
            _ => rest[..extended].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let mask = masked.then(|| [rest[extended], rest[extended + 1], rest[extended + 2], rest[extended + 3]]);
        let (opcode, last, compressed) = (first & 0x0f, first & 0x80 != 0, first & 0x40 != 0);
        let control = opcode & 0x8 != 0;
        let unknown_bits = first & 0x30 != 0 || compressed && (control || opcode == 0 || !self.deflate.on);
        let sequence = match opcode {
            0 => self.message.is_some(),
            1 | 2 => self.message.is_none(),
            _ => control && last && length < 126,
        };
        self.head.clear();
        if unknown_bits || !sequence {
            return self.lose();
        }
        if matches!(opcode, 1 | 2) {
            self.message = Some(Message { opcode, compressed, payload: Vec::new(), cut: false });
        }
        self.frame = Some(Frame { left: length, mask, at: 0, last, control });
    }

    fn finish(&mut self, message: Message, out: &mut impl FnMut(Read)) {
        let Message { opcode, compressed, payload, cut } = message;
        if !compressed {
            return out(Read { opcode, payload: payload.into(), whole: !cut });
        }
        if cut {
            // The window lacks what was not kept.
            self.lost |= !self.deflate.no_context;
            return out(Read { opcode, payload: Bytes::new(), whole: false });
        }
        let (payload, whole) = self.inflate(&payload);
        out(Read { opcode, payload: payload.into(), whole });
    }

    fn inflate(&mut self, payload: &[u8]) -> (Vec<u8>, bool) {
        const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
        let mut plain = Vec::new();
        let whole = [payload, &TAIL].into_iter().all(|part| inflate_part(&mut self.inflate, part, &mut plain));
        if self.deflate.no_context {
            self.inflate.reset(false);
        } else {
            self.lost |= !whole;
        }
        plain.truncate(MESSAGE);
        (plain, whole)
    }
}

fn inflate_part(inflate: &mut Decompress, mut part: &[u8], plain: &mut Vec<u8>) -> bool {
    loop {
        plain.reserve(plain.len().clamp(4 << 10, 256 << 10));
        let (before_in, before_out) = (inflate.total_in(), plain.len());
        let status = inflate.decompress_vec(part, plain, FlushDecompress::Sync);
        let taken = usize::try_from(inflate.total_in() - before_in).unwrap_or(part.len());
        part = &part[taken.min(part.len())..];
        match status {
            Err(_) => return false,
            _ if plain.len() > MESSAGE => return false,
            // A final block in the middle: the next message begins a stream anew.
            Ok(Status::StreamEnd) => {
                inflate.reset(false);
                return true;
            }
            Ok(_) if plain.len() < plain.capacity() && part.is_empty() => return true,
            Ok(_) if taken == 0 && plain.len() == before_out => return part.is_empty(),
            Ok(_) => {}
        }
    }
}

impl Message {
    fn take(&mut self, bytes: &[u8], frame: &Frame) {
        let room = MESSAGE - self.payload.len();
        let kept = &bytes[..bytes.len().min(room)];
        self.cut |= kept.len() < bytes.len();
        let from = self.payload.len();
        self.payload.extend_from_slice(kept);
        if let Some(mask) = frame.mask {
            for (offset, byte) in self.payload[from..].iter_mut().enumerate() {
                *byte ^= mask[(frame.at + offset) % 4];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    fn frame(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        let bit = if masked { 0x80 } else { 0 };
        match payload.len() {
            length @ 0..126 => bytes.push(bit | u8::try_from(length).unwrap()),
            length @ 126..65536 => {
                bytes.push(bit | 126);
                bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                bytes.push(bit | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        let mask = [1, 2, 3, 4];
        if masked {
            bytes.extend_from_slice(&mask);
        }
        bytes.extend(payload.iter().enumerate().map(|(at, byte)| if masked { byte ^ mask[at % 4] } else { *byte }));
        bytes
    }

    /// What comes out, whole or byte by byte.
    fn read(deflate: Deflate, bytes: &[u8]) -> (Vec<(u8, Vec<u8>)>, bool) {
        let all = |cuts: usize| {
            let (mut frames, mut out) = (Frames::new(deflate), Vec::new());
            for part in bytes.chunks(cuts) {
                frames.feed(part, |read| out.push((read.opcode, read.payload.to_vec())));
            }
            (out, frames.is_lost())
        };
        assert_eq!(all(1), all(bytes.len()));
        all(1)
    }

    #[test]
    fn fragments_and_what_comes_between_them_make_messages() {
        let bytes = [
            frame(0x01, true, b"hel"),
            frame(0x89, true, b"ping"),
            frame(0x80, true, b"lo"),
            frame(0x82, false, &[0xff; 70_000]),
            frame(0x88, true, &[3, 232]),
        ];
        let expect = vec![(1, b"hello".to_vec()), (2, vec![0xff; 70_000])];
        assert_eq!(read(Deflate::default(), &bytes.concat()), (expect, false));
    }

    #[test]
    fn compressed_messages_are_inflated_with_their_context_or_without() {
        for no_context in [false, true] {
            let mut compress = Compress::new(Compression::default(), false);
            let mut bytes = Vec::new();
            for _ in 0..3 {
                let mut out = Vec::with_capacity(1000);
                compress.compress_vec(b"the same words again and again", &mut out, FlushCompress::Sync).unwrap();
                bytes.extend(frame(0xc1, true, out.strip_suffix(&[0, 0, 0xff, 0xff]).unwrap()));
                if no_context {
                    compress.reset();
                }
            }
            let (out, lost) = read(Deflate { on: true, no_context }, &bytes);
            assert_eq!(out, vec![(1, b"the same words again and again".to_vec()); 3]);
            assert!(!lost);
        }
    }

    #[test]
    fn what_is_no_frame_is_given_up() {
        assert!(read(Deflate::default(), &frame(0xc1, true, b"x")).1, "compressed, though nobody agreed to it");
        assert!(read(Deflate::default(), &frame(0x80, true, b"x")).1, "goes on where nothing began");
        assert!(read(Deflate::default(), &frame(0x83, true, b"x")).1, "a kind that does not exist");
    }

    #[test]
    fn what_was_agreed_is_read_for_each_direction() {
        let agreed = Deflate::agreed("permessage-deflate; server_no_context_takeover; client_max_window_bits=12");
        let [up, down] = agreed.unwrap();
        assert_eq!((up, down), (Deflate { on: true, no_context: false }, Deflate { on: true, no_context: true }));
        assert_eq!(Deflate::agreed(""), Some([Deflate::default(); 2]));
        assert_eq!(Deflate::agreed("x-bzip"), None);
    }
}
