//! Bodies as a HAR tells them: text that may or may not still be coded, and sizes that may say that some is missing.

use std::io::Read;

use crate::exchange::{Body, Cut, Headers};

/// One side's body and what the entry says of it.
pub struct Told {
    /// `None` where the entry holds no text.
    pub bytes: Option<Vec<u8>>,
    /// The bytes come from JSON text rather than base64, so they are UTF-8 whatever the charset was.
    pub from_text: bool,
    /// `bodySize`: bytes on the wire, coded; `None` for -1.
    pub wire_size: Option<u64>,
    /// `content.size`: bytes once the coding is undone.
    pub decoded_size: Option<u64>,
    /// The message may have a body at all (not so for the answer to `HEAD`, and for 204 and 304).
    pub allowed: bool,
}

impl Told {
    pub fn into_body(self, headers: &Headers) -> Body {
        let bytes = match self.bytes {
            Some(ref bytes) if !bytes.is_empty() || self.decoded_size == Some(0) => bytes,
            _ => return self.unrecorded(headers),
        };
        let length = bytes.len() as u64;
        let coding = Coding::of(headers);
        let decoded = coding.is_some_and(|coding| !coding.is_still_on(bytes));
        let whole = match (decoded, self.is_transcoded(headers)) {
            (_, true) => 0,
            (true, false) => self.decoded_size.unwrap_or(0),
            (false, false) => self.undecoded_size(coding, headers),
        };
        let cut = (length < whole).then_some(Cut::NotRecorded);
        let observed_bytes = match self.wire_size {
            Some(size) if decoded && size > 0 => size,
            _ => length.max(whole),
        };
        Body { captured: self.bytes.unwrap_or_default().into(), observed_bytes, cut, decoded }
    }

    /// A body that the entry does not hold: unread if anything says that there was one.
    fn unrecorded(&self, headers: &Headers) -> Body {
        let declared = || headers.get("content-length").and_then(|text| text.trim().parse().ok());
        let size = [self.wire_size, self.decoded_size].into_iter().flatten().find(|&size| size > 0);
        let untold = self.wire_size.is_none();
        // Chunks are announced without a length: that there was a body is all that is known.
        let announced = untold && self.bytes.is_none() && self.decoded_size.is_none() && is_chunked(headers);
        match size.or_else(|| if untold { declared() } else { None }) {
            Some(size) if size > 0 && self.allowed => {
                Body { observed_bytes: size, cut: Some(Cut::NotRecorded), ..Body::default() }
            }
            None if announced && self.allowed => Body { cut: Some(Cut::NotRecorded), ..Body::default() },
            _ => Body::default(),
        }
    }

    /// How long bytes that still stand as on the wire should be. Browsers count the framing of chunks into `bodySize`.
    fn undecoded_size(&self, coding: Option<Coding>, headers: &Headers) -> u64 {
        let wire = self.wire_size.unwrap_or(0);
        let content = if coding.is_none() { self.decoded_size.unwrap_or(0) } else { 0 };
        if is_chunked(headers) && content > 0 { content } else { wire.max(content) }
    }

    /// The text was converted from another charset, so that its length says nothing of the sizes.
    fn is_transcoded(&self, headers: &Headers) -> bool {
        let charset = headers.get("content-type").and_then(|value| {
            let lower = value.to_ascii_lowercase();
            lower.split_once("charset=").map(|(_, name)| name.trim_matches(['"', ' ', ';']).to_owned())
        });
        self.from_text && charset.is_some_and(|name| !name.starts_with("utf-8") && !name.starts_with("us-ascii"))
    }
}

fn is_chunked(headers: &Headers) -> bool {
    headers.get("transfer-encoding").is_some_and(|te| te.to_ascii_lowercase().contains("chunked"))
}

/// The coding that was put on last, hence the one whose mark the bytes would bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    Unknown,
}

impl Coding {
    fn of(headers: &Headers) -> Option<Self> {
        let names = || {
            headers
                .all("content-encoding")
                .filter_map(|value| std::str::from_utf8(value).ok())
                .flat_map(|value| value.split(','))
                .map(|name| name.trim().to_ascii_lowercase())
                .filter(|name| !name.is_empty() && name != "identity")
        };
        let known = |name: &str| match name {
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            _ => Self::Unknown,
        };
        let any_unknown = names().any(|name| known(&name) == Self::Unknown);
        let last = names().last().map(|name| known(&name));
        if any_unknown { Some(Self::Unknown) } else { last }
    }

    /// Whether the bytes bear the coding's mark. An unknown coding cannot have been undone by whoever wrote the file.
    fn is_still_on(self, bytes: &[u8]) -> bool {
        match self {
            Self::Gzip => bytes.starts_with(&[0x1f, 0x8b]),
            // RFC 1950: method 8, window up to 32 KiB, and a check that makes the first two bytes a multiple of 31.
            Self::Deflate => match bytes {
                [cmf, flags, ..] => {
                    cmf & 0x0f == 8 && cmf >> 4 <= 7 && u16::from_be_bytes([*cmf, *flags]).is_multiple_of(31)
                }
                _ => false,
            },
            Self::Brotli => is_brotli(bytes),
            Self::Zstd => bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
            Self::Unknown => true,
        }
    }
}

/// Brotli has no mark. What is text is not coded any more; what is not text is tried, to a bounded length.
fn is_brotli(bytes: &[u8]) -> bool {
    const TRIED: u64 = 1 << 20;
    if std::str::from_utf8(bytes).is_ok() {
        return false;
    }
    let mut decoder = brotli::Decompressor::new(bytes, 4096).take(TRIED);
    std::io::copy(&mut decoder, &mut std::io::sink()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GZIP: &[u8] = &[0x1f, 0x8b, 8, 0];

    fn told(bytes: Option<&[u8]>, wire: Option<u64>, content: Option<u64>) -> Told {
        Told {
            bytes: bytes.map(<[u8]>::to_vec),
            from_text: true,
            wire_size: wire,
            decoded_size: content,
            allowed: true,
        }
    }

    /// `captured/observed` with `decoded` and `cut` behind, of a body under these header lines.
    #[track_caller]
    fn check(headers: &str, told: Told, expect: &str) {
        let headers = Headers(
            headers
                .split('\n')
                .filter_map(|line| line.split_once(": "))
                .map(|(n, v)| (n.to_owned(), v.to_owned().into()))
                .collect(),
        );
        let body = told.into_body(&headers);
        let decoded = if body.decoded { " decoded" } else { "" };
        let cut = if body.cut == Some(Cut::NotRecorded) { " cut" } else { "" };
        assert_eq!(format!("{}/{}{decoded}{cut}", body.captured.len(), body.observed_bytes), expect);
    }

    #[test]
    fn a_mark_tells_whether_the_coding_is_still_on() {
        check("Content-Encoding: gzip", told(Some(GZIP), Some(4), None), "4/4");
        check("content-encoding: gzip", told(Some(b"{}"), Some(22), None), "2/22 decoded");
        check("content-encoding: deflate", told(Some(&[0x78, 0x9c, 1]), None, None), "3/3");
        check("content-encoding: deflate", told(Some(b"{}"), None, None), "2/2 decoded");
        check("content-encoding: zstd", told(Some(b"\x28\xb5\x2f\xfd"), None, None), "4/4");
        check("content-encoding: br, gzip", told(Some(GZIP), None, None), "4/4");
        check("content-encoding: compress", told(Some(b"{}"), None, None), "2/2");
        check("content-encoding: identity", told(Some(b"{}"), None, None), "2/2");
    }

    #[test]
    fn brotli_is_tried_where_the_bytes_are_no_text() {
        let mut coded = Vec::new();
        let text = "a person in a park ".repeat(40);
        std::io::Write::write_all(&mut brotli::CompressorWriter::new(&mut coded, 4096, 9, 20), text.as_bytes())
            .expect("a vector takes it");
        let length = coded.len();
        check("content-encoding: br", told(Some(&coded), None, None), &format!("{length}/{length}"));
        check("content-encoding: br", told(Some(b"\x08\x96\x01\xff\xfe"), None, None), "5/5 decoded");
        check("content-encoding: br", told(Some(b"{}"), Some(6), None), "2/6 decoded");
    }

    #[test]
    fn what_is_missing_is_said() {
        check("", told(Some(b"abc"), Some(9), None), "3/9 cut");
        check("", told(Some(b"abc"), Some(3), Some(9)), "3/9 cut");
        check("", told(Some(b"abc"), Some(3), None), "3/3");
        check("", told(None, Some(9), None), "0/9 cut");
        check("", told(Some(b""), Some(9), None), "0/9 cut");
        check("", told(None, None, Some(7)), "0/7 cut");
        check("content-length: 5", told(None, None, None), "0/5 cut");
        check("content-length: 5", told(Some(b""), None, None), "0/5 cut");
        check("transfer-encoding: chunked", told(None, None, None), "0/0 cut");
        check("transfer-encoding: chunked", told(None, None, Some(0)), "0/0");
        check("transfer-encoding: chunked", told(None, Some(0), None), "0/0");
        check("content-length: 5", Told { allowed: false, ..told(None, None, None) }, "0/0");
        check("content-length: 5", told(None, Some(0), Some(0)), "0/0");
        check("content-encoding: gzip", told(Some(b""), Some(20), Some(0)), "0/20 decoded");
        check("content-encoding: gzip", told(Some(GZIP), Some(9), None), "4/9 cut");
        check("content-encoding: gzip", told(Some(b"{}"), Some(22), Some(9)), "2/22 decoded cut");
        check("transfer-encoding: chunked", told(Some(b"abc"), Some(13), Some(3)), "3/3");
        check("content-type: text/html; charset=ISO-8859-1", told(Some(b"abc"), Some(9), None), "3/3");
    }
}
