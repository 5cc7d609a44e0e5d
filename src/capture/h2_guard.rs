//! Stands between an HTTP/2 connection and hyper: counts frames that cost their sender nothing, and tells an aborted stream
//! from one that ended (RFC 9113 sections 4.1, 6.4 and 10.5).

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The peer sent more frames that carry nothing than is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flood;

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the peer floods the connection with frames that carry nothing")
    }
}

impl std::error::Error for Flood {}

pub struct H2Guard<S> {
    io: S,
    frames: Frames,
}

impl<S> H2Guard<S> {
    /// `preface`: the peer is a client, and begins with its preface. `burst`: frames without content at once; a tenth of it
    /// each second.
    pub fn new(io: S, preface: bool, burst: u32) -> Self {
        Self { io, frames: Frames::new(preface, burst) }
    }
}

/// Length of a client's preface (RFC 9113 section 3.4).
const PREFACE: usize = 24;
/// Streams whose end is remembered, for a reset that follows it.
const ENDED: usize = 256;
/// A reset costs as much as this many other frames: each may have started a request.
const RESET_COST: f64 = 4.0;
/// Bytes sent to the peer for which it may send one `WINDOW_UPDATE`.
const BYTES_PER_UPDATE: f64 = 512.0;

/// The sequence of frames that come in.
struct Frames {
    /// Bytes of the preface still to come.
    preface: usize,
    head: [u8; 9],
    head_len: usize,
    /// Payload still to come, and where in it we are.
    left: usize,
    at: usize,
    /// The frame is a reset of a stream that has not ended; zero bytes of its code so far.
    abort: bool,
    ended: VecDeque<u32>,
    burst: f64,
    allowance: f64,
    refilled: Option<Instant>,
    /// Allowance that bytes sent have earned.
    earned: f64,
}

impl Frames {
    fn new(preface: bool, burst: u32) -> Self {
        let burst = f64::from(burst);
        Self {
            preface: if preface { PREFACE } else { 0 },
            head: [0; 9],
            head_len: 0,
            left: 0,
            at: 0,
            abort: false,
            ended: VecDeque::new(),
            burst,
            allowance: burst,
            refilled: None,
            earned: 0.0,
        }
    }

    /// Look at bytes that came; a reset that would pass for a good end is made to look like none.
    fn see(&mut self, bytes: &mut [u8]) -> Result<(), Flood> {
        let mut at = self.preface.min(bytes.len());
        self.preface -= at;
        while at < bytes.len() {
            if self.head_len < self.head.len() {
                let wanted = (self.head.len() - self.head_len).min(bytes.len() - at);
                self.head[self.head_len..self.head_len + wanted].copy_from_slice(&bytes[at..at + wanted]);
                self.head_len += wanted;
                at += wanted;
                if self.head_len == self.head.len() {
                    self.begin()?;
                }
            } else {
                let passed = self.left.min(bytes.len() - at);
                if self.abort {
                    self.rewrite(&mut bytes[at..at + passed]);
                }
                self.left -= passed;
                self.at += passed;
                at += passed;
            }
            if self.head_len == self.head.len() && self.left == 0 {
                self.head_len = 0;
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Flood> {
        let [a, b, c, kind, flags, d, e, f, g] = self.head;
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        let stream = u32::from_be_bytes([d & 0x7f, e, f, g]);
        (self.left, self.at, self.abort) = (length, 0, false);
        let end_stream = flags & 0x1 != 0;
        match kind {
            DATA | HEADERS if end_stream => {
                if self.ended.len() == ENDED {
                    self.ended.pop_front();
                }
                self.ended.push_back(stream);
            }
            DATA if length == 0 => self.spend(1.0)?,
            HEADERS if length == 0 => self.spend(1.0)?,
            DATA | HEADERS => {}
            RST_STREAM => {
                self.abort = !self.ended.contains(&stream);
                self.spend(RESET_COST)?;
            }
            // An answer to what was asked costs nothing.
            SETTINGS | PING if flags & 0x1 != 0 => self.spend(0.1)?,
            WINDOW_UPDATE if self.earned >= 1.0 => self.earned -= 1.0,
            _ => self.spend(1.0)?,
        }
        Ok(())
    }

    /// hyper takes a body whose stream was reset with `NO_ERROR` or `CANCEL` to have ended well (RFC 9113 section 7 has no
    /// such meaning before `END_STREAM`), so the code becomes `INTERNAL_ERROR`.
    fn rewrite(&mut self, payload: &mut [u8]) {
        for (offset, byte) in payload.iter_mut().enumerate() {
            match self.at + offset {
                0..=2 if *byte != 0 => self.abort = false,
                3 if self.abort && (*byte == NO_ERROR || *byte == CANCEL) => *byte = INTERNAL_ERROR,
                _ => {}
            }
        }
    }

    fn spend(&mut self, cost: f64) -> Result<(), Flood> {
        let now = Instant::now();
        if let Some(before) = self.refilled.replace(now) {
            let rate = self.burst / 10.0;
            let refilled = self.allowance + now.saturating_duration_since(before).as_secs_f64() * rate;
            self.allowance = refilled.min(self.burst);
        }
        self.allowance -= cost;
        if self.allowance < 0.0 { Err(Flood) } else { Ok(()) }
    }

    fn sent(&mut self, bytes: usize) {
        // Precise enough: a count of bytes of one write.
        #[expect(clippy::cast_precision_loss, reason = "a share of an allowance")]
        let earned = bytes as f64 / BYTES_PER_UPDATE;
        self.earned = (self.earned + earned).min(self.burst);
    }
}

// Frame types and error codes of RFC 9113 sections 6 and 7.
const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const PING: u8 = 0x6;
const WINDOW_UPDATE: u8 = 0x8;
const NO_ERROR: u8 = 0x0;
const INTERNAL_ERROR: u8 = 0x2;
const CANCEL: u8 = 0x8;

impl<S: AsyncRead + Unpin> AsyncRead for H2Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, out))?;
        let seen = self.frames.see(&mut out.filled_mut()[before..]);
        Poll::Ready(seen.map_err(|flood| io::Error::new(io::ErrorKind::InvalidData, flood)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for H2Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        self.frames.sent(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, parts))?;
        self.frames.sent(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, stream][..], payload].concat()
    }

    /// The bytes as hyper sees them, whole and one by one.
    fn seen(mut bytes: Vec<u8>, burst: u32) -> Result<Vec<u8>, Flood> {
        let mut singly = bytes.clone();
        let (mut one, mut other) = (Frames::new(true, burst), Frames::new(true, burst));
        let whole = one.see(&mut bytes);
        assert_eq!(whole, singly.iter_mut().try_for_each(|byte| other.see(std::slice::from_mut(byte))));
        whole.inspect(|()| assert_eq!(bytes, singly)).map(|()| bytes)
    }

    #[test]
    fn an_aborted_stream_does_not_look_ended() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let cancelled = [preface.clone(), frame(DATA, 0, 1, b"half"), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])].concat();
        assert_eq!(seen(cancelled, 100).unwrap().last(), Some(&INTERNAL_ERROR));
        let whole = [preface.clone(), frame(DATA, 1, 1, b"all"), frame(RST_STREAM, 0, 1, &[0, 0, 0, 0])].concat();
        assert_eq!(seen(whole, 100).unwrap().last(), Some(&NO_ERROR));
        let refused = [preface, frame(RST_STREAM, 0, 1, &[0, 0, 0, 7])].concat();
        assert_eq!(seen(refused, 100).unwrap().last(), Some(&7));
    }

    #[test]
    fn frames_that_carry_nothing_are_counted_and_others_are_not() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let many = |one: Vec<u8>| [preface.clone(), one.repeat(200)].concat();
        assert_eq!(seen(many(frame(DATA, 0, 1, b"x")), 100).map(|_| ()), Ok(()));
        for one in [
            frame(DATA, 0, 1, b""),
            frame(PING, 0, 0, &[0; 8]),
            frame(SETTINGS, 0, 0, b""),
            frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
            frame(RST_STREAM, 0, 1, &[0, 0, 0, 7]),
            frame(0x2, 0, 1, &[0; 5]),
            frame(0x99, 0, 1, b""),
        ] {
            assert_eq!(seen(many(one), 100), Err(Flood));
        }
    }
}
