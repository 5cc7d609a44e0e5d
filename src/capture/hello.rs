//! A client's first TLS message, read from raw bytes: whom it wants, what it offers, and its fingerprint.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::ja4::{self, Offer};

/// Most bytes read for one hello, record headers included. Real ones stay under 4 KiB, post-quantum ones under 20.
const LIMIT: usize = 64 * 1024;
/// Largest payload of a plaintext record (RFC 8446 section 5.1).
const MAX_RECORD: usize = 1 << 14;
const RECORD_HEADER: usize = 5;
const MESSAGE_HEADER: usize = 4;

mod extension {
    pub const SERVER_NAME: u16 = 0x0000;
    pub const SIGNATURE_ALGORITHMS: u16 = 0x000d;
    pub const ALPN: u16 = 0x0010;
    pub const SUPPORTED_VERSIONS: u16 = 0x002b;
    pub const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
}

/// What a ClientHello says (RFC 8446 section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// Server name as sent; `None` when none was, or one that is not text.
    pub sni: Option<String>,
    /// Protocols offered, in the client's order; empty when the extension is absent.
    pub alpn: Vec<Vec<u8>>,
    /// Versions offered (`0x0304` is TLS 1.3), in the client's order, GREASE left out.
    pub versions: Vec<u16>,
    /// Encrypted Client Hello is offered, in earnest or as GREASE: the two look alike on purpose.
    pub ech: bool,
    /// JA4 fingerprint.
    pub ja4: String,
}

/// Why bytes that began like a ClientHello are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    #[error("the bytes are not a TLS handshake that begins with a ClientHello")]
    NotHello,
    #[error("the ClientHello is malformed")]
    Malformed,
    #[error("the ClientHello is longer than 64 KiB")]
    TooLong,
    #[error("the client closed the connection within its ClientHello")]
    Ended,
}

/// Reads until the hello is whole. `raw` may already hold bytes; everything read is appended to it, so that it can be
/// replayed whatever the outcome, also when the caller's timeout drops this future.
pub async fn read<S>(stream: &mut S, raw: &mut Vec<u8>) -> io::Result<Result<ClientHello, HelloError>>
where
    S: AsyncRead + Unpin,
{
    let mut assembly = Assembly::default();
    loop {
        match assembly.advance(raw) {
            Ok(Some(message)) => return Ok(parse(message)),
            Ok(None) if raw.len() > LIMIT => return Ok(Err(HelloError::TooLong)),
            Ok(None) => {}
            Err(error) => return Ok(Err(error)),
        }
        raw.reserve(1024);
        if stream.read_buf(raw).await? == 0 {
            return Ok(Err(HelloError::Ended));
        }
    }
}

/// The hello at the start of these bytes; `None`: more are needed.
pub fn first_hello(raw: &[u8]) -> Option<Result<ClientHello, HelloError>> {
    let mut assembly = Assembly::default();
    match assembly.advance(raw) {
        Ok(message) => message.map(parse),
        Err(error) => Some(Err(error)),
    }
}

/// Whether bytes can be the start of a TLS handshake record; true for none at all.
pub(super) fn may_be_tls(bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        [kind] => *kind == 0x16,
        [kind, major] => (*kind, *major) == (0x16, 3),
        [kind, major, minor, ..] => (*kind, *major) == (0x16, 3) && *minor <= 4,
    }
}

/// The handshake message, put together from the records that carry it.
#[derive(Default)]
struct Assembly {
    /// Where the next record starts.
    at: usize,
    message: Vec<u8>,
}

impl Assembly {
    /// Takes in the records that are whole by now; the message once it is.
    fn advance(&mut self, raw: &[u8]) -> Result<Option<&[u8]>, HelloError> {
        while let Some(rest) = raw.get(self.at..).filter(|rest| rest.len() >= RECORD_HEADER) {
            if let Some(length) = self.length() {
                return Ok(self.message.get(..length));
            }
            let length = usize::from(u16::from_be_bytes([rest[3], rest[4]]));
            if !may_be_tls(rest) || !(1..=MAX_RECORD).contains(&length) {
                return Err(HelloError::NotHello);
            }
            let Some(payload) = rest.get(RECORD_HEADER..RECORD_HEADER + length) else { break };
            self.message.extend_from_slice(payload);
            self.at += RECORD_HEADER + length;
            match *self.message.as_slice() {
                [kind, ..] if kind != 1 => return Err(HelloError::NotHello),
                [_, high, _, _, ..] if high > 0 => return Err(HelloError::TooLong),
                _ => {}
            }
        }
        Ok(self.length().and_then(|length| self.message.get(..length)))
    }

    /// Length of the whole message, header included, once that many bytes are there.
    fn length(&self) -> Option<usize> {
        let [_, high, middle, low, ..] = *self.message.as_slice() else { return None };
        let length = MESSAGE_HEADER + u32::from_be_bytes([0, high, middle, low]) as usize;
        (self.message.len() >= length).then_some(length)
    }
}

/// Parses one handshake message, its four-byte header included.
pub fn parse(message: &[u8]) -> Result<ClientHello, HelloError> {
    fields(message).ok_or(HelloError::Malformed)
}

fn fields(message: &[u8]) -> Option<ClientHello> {
    let mut input = Input(message);
    (input.u8()? == 1).then_some(())?;
    let mut body = input.vector(3)?;
    let legacy_version = body.u16()?;
    body.take(32)?; // random
    body.vector(1)?; // legacy session id
    let ciphers = body.vector(2)?.u16s()?;
    body.vector(1)?; // compression methods
    let mut offer = Offer { ciphers, ..Offer::default() };
    let mut hello = ClientHello { sni: None, alpn: Vec::new(), versions: Vec::new(), ech: false, ja4: String::new() };
    let mut extensions = if body.0.is_empty() { Input(&[]) } else { body.vector(2)? };
    while !extensions.0.is_empty() {
        let kind = extensions.u16()?;
        let mut data = extensions.vector(2)?;
        offer.extensions.push(kind);
        match kind {
            extension::SERVER_NAME => hello.sni = server_name(data)?,
            extension::ALPN => hello.alpn = protocols(data)?,
            extension::SUPPORTED_VERSIONS => hello.versions = data.vector(1)?.u16s()?,
            extension::SIGNATURE_ALGORITHMS => offer.signature_algorithms = data.vector(2)?.u16s()?,
            extension::ENCRYPTED_CLIENT_HELLO => hello.ech = true,
            _ => {}
        }
    }
    hello.versions.retain(|version| !ja4::is_grease(*version));
    if hello.versions.is_empty() {
        hello.versions.push(legacy_version);
    }
    offer.version = hello.versions.iter().copied().max()?;
    offer.alpn = hello.alpn.first().cloned().unwrap_or_default();
    hello.ja4 = offer.fingerprint();
    Some(hello)
}

/// The list of names holds one host name at most (RFC 6066 section 3); other types of names do not exist.
fn server_name(mut data: Input<'_>) -> Option<Option<String>> {
    let mut list = data.vector(2)?;
    while !list.0.is_empty() {
        let kind = list.u8()?;
        let name = list.vector(2)?;
        if kind == 0 {
            return Some(String::from_utf8(name.0.to_vec()).ok());
        }
    }
    Some(None)
}

fn protocols(mut data: Input<'_>) -> Option<Vec<Vec<u8>>> {
    let mut list = data.vector(2)?;
    let mut protocols = Vec::new();
    while !list.0.is_empty() {
        protocols.push(list.vector(1)?.0.to_vec());
    }
    Some(protocols)
}

/// Bytes still to be read; every step fails rather than pass the end.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A vector behind its length of `width` bytes.
    fn vector(&mut self, width: usize) -> Option<Input<'a>> {
        let length = self.take(width)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        self.take(length).map(Input)
    }

    fn u16s(self) -> Option<Vec<u16>> {
        let pairs = self.0.chunks_exact(2);
        pairs.remainder().is_empty().then(|| pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::{ClientConfig, ClientConnection, RootCertStore};
    use tokio::io::AsyncWriteExt;

    use super::super::crypto::{VERSIONS, provider};
    use super::*;

    /// The flight a real client starts with.
    pub fn rustls_hello(name: &'static str, alpn: &[&[u8]]) -> Vec<u8> {
        let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(VERSIONS).unwrap();
        let mut config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let mut client = ClientConnection::new(Arc::new(config), name.try_into().unwrap()).unwrap();
        let mut raw = Vec::new();
        client.write_tls(&mut raw).unwrap();
        raw
    }

    /// The message inside one record, cut into records of `size` bytes.
    fn split(raw: &[u8], size: usize) -> Vec<u8> {
        let record = |payload: &[u8]| {
            let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
            [&[0x16, 3, 1][..], &length, payload].concat()
        };
        raw[RECORD_HEADER..].chunks(size).flat_map(record).collect()
    }

    /// A hello made by hand: padded by an extension of `padding` zeros, in records as large as can be.
    fn padded(padding: usize) -> Vec<u8> {
        let vector = |width: usize, bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[4 - width..], bytes].concat();
        let mut extensions = [&[0, 0x15][..], &vector(2, &vec![0; padding.min(0xfff0)])].concat();
        if let Some(more @ 1..) = padding.checked_sub(0xfff0) {
            extensions = [extensions, [&[0xab, 0xcd][..], &vector(2, &vec![0; more])].concat()].concat();
        }
        let body = [&[3, 3][..], &[7; 32], &[0], &vector(2, &[0x13, 1]), &[1, 0], &vector(2, &extensions)].concat();
        split(&[&[0; 5][..], &[1], &vector(3, &body)].concat(), MAX_RECORD)
    }

    /// Reads from a pipe that holds `step` bytes, and ends after `raw`.
    async fn read_in_steps(raw: &[u8], step: usize) -> (Result<ClientHello, HelloError>, Vec<u8>) {
        let (mut client, mut server) = tokio::io::duplex(step);
        let mut got = Vec::new();
        let read = async {
            let hello = read(&mut server, &mut got).await.unwrap();
            drop(server);
            hello
        };
        let write = async {
            // Fails when the reader has seen enough.
            client.write_all(raw).await.ok();
            drop(client);
        };
        let (hello, ()) = tokio::join!(read, write);
        (hello, got)
    }

    #[tokio::test]
    async fn a_hello_is_read_however_it_is_cut() {
        let raw = rustls_hello("api.example.com", &[b"h2", b"http/1.1"]);
        let (whole, _) = read_in_steps(&raw, raw.len()).await;
        let whole = whole.unwrap();
        assert_eq!(whole.sni.as_deref(), Some("api.example.com"));
        assert_eq!(whole.alpn, [b"h2".to_vec(), b"http/1.1".to_vec()]);
        assert_eq!(whole.versions, [0x0304, 0x0303]);
        assert!(!whole.ech);
        assert!(whole.ja4.starts_with("t13d"), "{}", whole.ja4);
        for (raw, step) in
            [(raw.clone(), 1), (raw.clone(), 7), (split(&raw, 1), 1), (split(&raw, 3), 1000), (split(&raw, 100), 6)]
        {
            let (hello, got) = read_in_steps(&raw, step).await;
            assert_eq!(hello.as_ref(), Ok(&whole));
            assert_eq!(got, raw, "every byte can be replayed");
        }
    }

    #[tokio::test]
    async fn a_hello_may_be_large_but_not_endless() {
        let raw = padded(40_000);
        assert!(raw.len() > 2 * MAX_RECORD);
        let (hello, got) = read_in_steps(&raw, 1000).await;
        assert_eq!(hello.unwrap().versions, [0x0303]);
        assert_eq!(got, raw);
        let (hello, got) = read_in_steps(&padded(65_500 + 100), 1000).await;
        assert!(hello.is_err());
        assert!(got.len() <= LIMIT + 2048);
        let (hello, _) = read_in_steps(&split(&padded(60_000)[..16_000], 1).repeat(2), 4096).await;
        assert_eq!(hello, Err(HelloError::TooLong), "tiny records do not evade the limit");
    }

    #[tokio::test]
    async fn what_follows_the_hello_is_kept() {
        let raw = [rustls_hello("a.example", &[]), b"\x17\x03\x03\x00\x01x".to_vec()].concat();
        let (hello, got) = read_in_steps(&raw, raw.len()).await;
        assert_eq!(hello.unwrap().sni.as_deref(), Some("a.example"));
        assert_eq!(got, raw);
    }

    #[tokio::test]
    async fn addresses_send_no_server_name() {
        let (hello, _) = read_in_steps(&rustls_hello("192.0.2.1", &[]), 100).await;
        let hello = hello.unwrap();
        assert_eq!((hello.sni, hello.alpn.len()), (None, 0));
        assert!(hello.ja4.starts_with("t13i"));
    }

    #[tokio::test]
    async fn what_is_no_hello_is_said_so() {
        let raw = rustls_hello("a.example", &[]);
        let (hello, got) = read_in_steps(&raw[..raw.len() - 1], 50).await;
        assert_eq!((hello, got.len()), (Err(HelloError::Ended), raw.len() - 1));
        for other in [
            &b"\x16\x03\x01\x00\x04\x02\x00\x00\x00"[..],
            b"\x16\x03\x01\x00\x00",
            b"\x16\x03\x01\xff\xff",
            b"\x15\x03\x01\x00\x02\x02\x28",
        ] {
            assert_eq!(read_in_steps(other, 9).await.0, Err(HelloError::NotHello), "{other:x?}");
        }
        assert_eq!(read_in_steps(b"\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9).await.0, Err(HelloError::Malformed));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            parse(&bytes).ok();
            Assembly::default().advance(&bytes).ok();
        }

        #[test]
        fn no_change_to_a_real_hello_makes_it_panic(at in 0usize..300, value: u8, cut in 0usize..300) {
            let mut raw = rustls_hello("api.example.com", &[b"h2"]);
            let length = raw.len();
            raw[at % length] = value;
            raw.truncate(length - cut % length);
            let mut assembly = Assembly::default();
            if let Ok(Some(message)) = assembly.advance(&raw) {
                parse(message).ok();
            }
            parse(&raw[RECORD_HEADER.min(raw.len())..]).ok();
        }
    }
}
