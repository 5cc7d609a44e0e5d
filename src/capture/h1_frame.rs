//! Where HTTP/1.1 messages begin and end in a stream of bytes, told while they pass (RFC 9112 sections 6 and 7).

use super::h1_head::{Asked, Fault, Framing, field};

/// Place within a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before or within a head.
    Head,
    /// Within a body of known length; never 0.
    Length(u64),
    Chunk(Chunk),
    UntilClose,
    /// Another protocol has taken over.
    Switched,
}

/// Place within a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// In the size, with this many digits so far.
    Size {
        value: u64,
        digits: u8,
    },
    /// In an extension, of which this much has passed.
    Extension {
        value: u64,
        seen: u16,
    },
    /// The CR of the size line has passed.
    SizeEnd {
        value: u64,
    },
    Data(u64),
    /// Before the CR after a chunk's data, then before its LF.
    DataCr,
    DataLf,
    /// At the start of a trailer line, after the last chunk.
    TrailerStart,
    TrailerLine,
    TrailerLf,
    LastLf,
}

impl Chunk {
    const START: Self = Self::Size { value: 0, digits: 0 };
}

/// Most bytes of the extensions of one chunk.
const EXTENSION: u16 = 4096;

/// One direction of an HTTP/1.1 connection.
#[derive(Debug, Clone)]
pub struct Flow {
    pub place: Place,
    /// The trailer line that is passing, and what trailers may weigh.
    line: Vec<u8>,
    trailers: usize,
    trailers_limit: usize,
}

impl Flow {
    /// `trailers_limit`: bytes of one trailer section.
    pub fn new(trailers_limit: usize) -> Self {
        Self { place: Place::Head, line: Vec::new(), trailers: 0, trailers_limit }
    }

    /// A head has passed.
    pub fn begin(&mut self, framing: Framing) {
        self.trailers = 0;
        self.place = match framing {
            Framing::Length(0) => Place::Head,
            Framing::Length(length) => Place::Length(length),
            Framing::Chunked => Place::Chunk(Chunk::START),
            Framing::UntilClose => Place::UntilClose,
        };
    }

    /// Whether the next byte belongs to a head.
    pub fn at_head(&self) -> bool {
        self.place == Place::Head
    }

    /// Pass body bytes: how many of them belong to this message. Fewer than all means that it has ended. `stop`: pass no
    /// further than where the trailers would begin.
    pub fn pass(&mut self, bytes: &[u8], stop: bool) -> Result<usize, Fault> {
        match self.place {
            Place::Head => Ok(0),
            Place::UntilClose | Place::Switched => Ok(bytes.len()),
            Place::Length(left) => {
                let passed = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                let left = left - passed as u64;
                self.place = if left == 0 { Place::Head } else { Place::Length(left) };
                Ok(passed)
            }
            Place::Chunk(_) => self.pass_chunks(bytes, stop),
        }
    }

    /// How many of these bytes may pass before the place where trailers would begin.
    pub fn ahead(&self, bytes: &[u8]) -> usize {
        self.clone().pass(bytes, true).unwrap_or(bytes.len())
    }

    fn pass_chunks(&mut self, bytes: &[u8], stop: bool) -> Result<usize, Fault> {
        let mut at = 0;
        while at < bytes.len() {
            let Place::Chunk(chunk) = self.place else { break };
            if let Chunk::Data(left) = chunk {
                let room = bytes.len() - at;
                let passed = usize::try_from(left).map_or(room, |left| left.min(room));
                at += passed;
                let left = left - passed as u64;
                self.place = Place::Chunk(if left == 0 { Chunk::DataCr } else { Chunk::Data(left) });
                continue;
            }
            if stop && chunk == Chunk::TrailerStart {
                break;
            }
            self.place = self.step(chunk, bytes[at])?;
            at += 1;
        }
        Ok(at)
    }

    fn step(&mut self, chunk: Chunk, byte: u8) -> Result<Place, Fault> {
        const SIZE: Fault = Fault::bad("a chunk's size cannot be read");
        let next = match (chunk, byte) {
            (Chunk::Size { value, digits }, byte) if byte.is_ascii_hexdigit() => {
                if digits == 16 {
                    return Err(SIZE);
                }
                let digit = (byte as char).to_digit(16).ok_or(SIZE)?;
                Chunk::Size { value: value << 4 | u64::from(digit), digits: digits + 1 }
            }
            (Chunk::Size { value, digits: 1.. }, b'\r') => Chunk::SizeEnd { value },
            (Chunk::Size { value, digits: 1.. }, b';') => Chunk::Extension { value, seen: 0 },
            (Chunk::Extension { value, .. }, b'\r') => Chunk::SizeEnd { value },
            (Chunk::Extension { value, seen }, b'\t' | 0x20..=0x7e | 0x80..) if seen < EXTENSION => {
                Chunk::Extension { value, seen: seen + 1 }
            }
            (Chunk::Extension { .. }, _) => return Err(Fault::bad("a chunk's extension cannot be read")),
            (Chunk::SizeEnd { value: 0 }, b'\n') => Chunk::TrailerStart,
            (Chunk::SizeEnd { value }, b'\n') => Chunk::Data(value),
            (Chunk::Size { .. } | Chunk::SizeEnd { .. }, _) => return Err(SIZE),
            (Chunk::DataCr, b'\r') => Chunk::DataLf,
            (Chunk::DataLf, b'\n') => Chunk::START,
            (Chunk::DataCr | Chunk::DataLf | Chunk::Data(_), _) => {
                return Err(Fault::bad("a chunk is longer than its size"));
            }
            (Chunk::TrailerStart, b'\r') => Chunk::LastLf,
            (Chunk::LastLf, b'\n') => return Ok(Place::Head),
            (Chunk::TrailerLine, b'\r') => Chunk::TrailerLf,
            (Chunk::TrailerLf, b'\n') => {
                trailer(&self.line)?;
                self.line.clear();
                Chunk::TrailerStart
            }
            (Chunk::TrailerStart | Chunk::TrailerLine, byte) if byte != b'\n' => {
                self.trailers += 1;
                if self.trailers > self.trailers_limit {
                    return Err(Fault::bad("the trailers are longer than is taken"));
                }
                self.line.push(byte);
                Chunk::TrailerLine
            }
            (Chunk::TrailerStart | Chunk::TrailerLine | Chunk::TrailerLf | Chunk::LastLf, _) => {
                return Err(Fault::bad("a trailer line has a bare CR or LF"));
            }
        };
        Ok(Place::Chunk(next))
    }
}

/// A trailer may not say anew how the message is framed or where it goes (RFC 9110 section 6.5.1).
fn trailer(line: &[u8]) -> Result<(), Fault> {
    let (name, _) = field(line)?;
    let framing = [&b"content-length"[..], b"transfer-encoding", b"host", b"trailer"];
    if framing.iter().any(|it| name.eq_ignore_ascii_case(it)) {
        return Err(Fault::bad("a trailer says how the message is framed"));
    }
    Ok(())
}

/// Whether an answer hands the connection to another protocol.
pub fn switches(asked: Asked, status: u16) -> bool {
    match asked {
        Asked::Connect => (200..300).contains(&status),
        Asked::Switch => status == 101,
        Asked::Head | Asked::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of the bytes is this chunked body, however they are cut.
    fn chunked(bytes: &[u8]) -> Result<(usize, bool), &'static str> {
        let mut whole = Flow::new(100);
        whole.begin(Framing::Chunked);
        let passed = whole.pass(bytes, false).map_err(|fault| fault.reason);
        let mut cut = Flow::new(100);
        cut.begin(Framing::Chunked);
        let singly = bytes.iter().try_fold(0, |sum, byte| cut.pass(&[*byte], false).map(|n| sum + n));
        assert_eq!(passed, singly.map_err(|fault| fault.reason), "cutting changes nothing");
        Ok((passed?, whole.at_head()))
    }

    #[test]
    fn a_chunked_body_ends_where_it_ends() {
        assert_eq!(chunked(b"3\r\nabc\r\n0\r\n\r\nGET"), Ok((13, true)));
        assert_eq!(chunked(b"3;a=b\r\nabc\r\n00\r\nX: y\r\n\r\n"), Ok((24, true)));
        assert_eq!(chunked(b"1F\r\nabc"), Ok((7, false)));
    }

    #[test]
    fn chunks_that_may_be_read_in_two_ways_are_refused() {
        for bytes in [
            &b"\r\n"[..],
            b"g\r\n",
            b"0x3\r\nabc\r\n",
            b"+3\r\nabc\r\n",
            b" 3\r\nabc\r\n",
            b"3 \r\nabc\r\n",
            b"3\nabc\n",
            b"3\rabc",
            b"3\r\nabcd\r\n",
            b"3\r\nabc\n",
            b"3;a\nb\r\nabc\r\n",
            b"10000000000000003\r\nabc\r\n",
            b"0\r\n\n",
            b"0\r\nX: y\n\r\n",
            b"0\r\n X: y\r\n\r\n",
            b"0\r\nContent-Length: 3\r\n\r\n",
            b"0\r\n\rX",
        ] {
            assert!(chunked(bytes).is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
        let long = [&b"3;"[..], &[b'a'; 5000], b"\r\nabc\r\n"].concat();
        assert!(chunked(&long).is_err());
        let trailers = [&b"0\r\nX: "[..], &[b'a'; 200], b"\r\n\r\n"].concat();
        assert!(chunked(&trailers).is_err());
    }

    #[test]
    fn what_stands_before_trailers_can_be_told_apart() {
        let mut flow = Flow::new(100);
        flow.begin(Framing::Chunked);
        assert_eq!(flow.pass(b"1\r\na\r\n0\r\n\r\n", true), Ok(9));
        assert_eq!(flow.place, Place::Chunk(Chunk::TrailerStart));
        assert_eq!(flow.pass(b"\r\n", false), Ok(2));
        assert!(flow.at_head());
    }
}
