//! Undoes a content coding piece by piece, for bodies that are recorded in segments. Runs on the workers.

use std::io::{self, Write};

/// Most bytes that one segment may grow to.
const MOST: usize = 16 << 20;

/// A coding in the middle of being undone.
pub struct Uncoded {
    inner: Option<Inner>,
}

enum Inner {
    Gzip(Box<flate2::write::MultiGzDecoder<Capped>>),
    Zlib(Box<flate2::write::ZlibDecoder<Capped>>),
    Brotli(Box<brotli::DecompressorWriter<Capped>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Capped>>),
}

/// Takes what comes out, up to the cap.
#[derive(Default)]
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Uncoded {
    /// `None`: the coding, or a stack of them, is not undone in pieces.
    pub fn of(coding: &str) -> Option<Self> {
        let sink = Capped::default();
        let inner = match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Inner::Gzip(Box::new(flate2::write::MultiGzDecoder::new(sink))),
            "deflate" => Inner::Zlib(Box::new(flate2::write::ZlibDecoder::new(sink))),
            "br" => Inner::Brotli(Box::new(brotli::DecompressorWriter::new(sink, 4 << 10))),
            "zstd" => Inner::Zstd(Box::new(zstd::stream::write::Decoder::new(sink).ok()?)),
            _ => return None,
        };
        Some(Self { inner: Some(inner) })
    }

    /// The plain bytes that these add; `None` once it cannot be followed any more.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let plain = match self.inner.as_mut()? {
            Inner::Gzip(inner) => through(inner, bytes, |inner| inner.get_mut()),
            Inner::Zlib(inner) => through(inner, bytes, |inner| inner.get_mut()),
            Inner::Brotli(inner) => through(inner, bytes, |inner| inner.get_mut()),
            Inner::Zstd(inner) => through(inner, bytes, |inner| inner.get_mut()),
        };
        if plain.is_none() {
            self.lose();
        }
        plain
    }

    /// Bytes are missing here.
    pub fn lose(&mut self) {
        self.inner = None;
    }
}

fn through<W: Write>(inner: &mut W, bytes: &[u8], sink: impl Fn(&mut W) -> &mut Capped) -> Option<Vec<u8>> {
    inner.write_all(bytes).ok()?;
    inner.flush().ok()?;
    Some(std::mem::take(&mut sink(inner).0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_undone_across_pieces() {
        let text = b"data: one\n\ndata: two\n\n".repeat(100);
        let gzip = {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(&text).unwrap();
            encoder.finish().unwrap()
        };
        let zstd = zstd::encode_all(text.as_slice(), 3).unwrap();
        for (name, coded) in [("gzip", gzip), ("zstd", zstd)] {
            let mut uncoded = Uncoded::of(name).unwrap();
            let plain: Vec<u8> = coded.chunks(7).flat_map(|part| uncoded.feed(part).unwrap()).collect();
            assert_eq!(plain, text, "{name}");
        }
        assert!(Uncoded::of("gzip").unwrap().feed(b"no gzip at all").is_none());
        assert!(Uncoded::of("gzip, br").is_none());
    }
}
