//! Bytes between two connections, unopened and unchanged, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::exchange::{Outcome, Side, Trouble};

/// What passed, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spliced {
    /// Client to server.
    pub up: u64,
    /// Server to client.
    pub down: u64,
    pub end: SpliceEnd,
}

/// Why a splice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpliceEnd {
    /// Both sides finished.
    Closed,
    ClientFailed,
    UpstreamFailed,
    /// Nothing passed for the idle limit.
    Idle,
    Shutdown,
}

impl Spliced {
    /// The same in the words of the record.
    pub fn outcome(&self) -> Outcome {
        let (side, error) = match self.end {
            SpliceEnd::Closed => return Outcome::Completed,
            SpliceEnd::ClientFailed => (Side::Client, Trouble::ConnectionTerminated),
            SpliceEnd::UpstreamFailed => (Side::Upstream, Trouble::ConnectionTerminated),
            SpliceEnd::Idle => (Side::Landfall, Trouble::Timeout),
            SpliceEnd::Shutdown => (Side::Landfall, Trouble::Shutdown),
        };
        Outcome::Aborted { side, error }
    }
}

/// Relay until both sides are done, one fails, nothing passes for `idle`, or `stop` is cancelled. Each side's end of
/// stream is passed on at once, the other direction goes on.
pub async fn splice<C, U>(client: C, upstream: U, idle: Duration, stop: &CancellationToken) -> Spliced
where
    C: AsyncRead + AsyncWrite,
    U: AsyncRead + AsyncWrite,
{
    let (mut client_read, mut client_write) = tokio::io::split(client);
    let (mut upstream_read, mut upstream_write) = tokio::io::split(upstream);
    let meter = Meter::new();
    let up = pump(&mut client_read, &mut upstream_write, &meter.up, &meter);
    let down = pump(&mut upstream_read, &mut client_write, &meter.down, &meter);
    let end = tokio::select! {
        both = async { tokio::try_join!(
            async { up.await.map_err(|failed| failed.end(SpliceEnd::ClientFailed, SpliceEnd::UpstreamFailed)) },
            async { down.await.map_err(|failed| failed.end(SpliceEnd::UpstreamFailed, SpliceEnd::ClientFailed)) },
        ) } => both.err().unwrap_or(SpliceEnd::Closed),
        () = meter.silence(idle) => SpliceEnd::Idle,
        () = stop.cancelled() => SpliceEnd::Shutdown,
    };
    Spliced { up: meter.up.load(Ordering::Relaxed), down: meter.down.load(Ordering::Relaxed), end }
}

/// Bytes moved at a time, per direction.
const CHUNK: usize = 16 << 10;

enum PumpFailed {
    Reading,
    Writing,
}

impl PumpFailed {
    fn end(self, reading: SpliceEnd, writing: SpliceEnd) -> SpliceEnd {
        match self {
            Self::Reading => reading,
            Self::Writing => writing,
        }
    }
}

struct Meter {
    up: AtomicU64,
    down: AtomicU64,
    began: Instant,
    /// Milliseconds from the beginning to the last byte.
    heard: AtomicU64,
}

impl Meter {
    fn new() -> Self {
        Self { up: AtomicU64::new(0), down: AtomicU64::new(0), began: Instant::now(), heard: AtomicU64::new(0) }
    }

    fn hear(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(now, Ordering::Relaxed);
    }

    async fn silence(&self, limit: Duration) {
        loop {
            let until = self.began + Duration::from_millis(self.heard.load(Ordering::Relaxed)) + limit;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

async fn pump<R, W>(from: &mut R, to: &mut W, count: &AtomicU64, meter: &Meter) -> Result<(), PumpFailed>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = from.read(&mut buffer).await.map_err(|_| PumpFailed::Reading)?;
        if read == 0 {
            return to.shutdown().await.map_err(|_| PumpFailed::Writing);
        }
        to.write_all(&buffer[..read]).await.map_err(|_| PumpFailed::Writing)?;
        to.flush().await.map_err(|_| PumpFailed::Writing)?;
        count.fetch_add(read as u64, Ordering::Relaxed);
        meter.hear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_pass_both_ways_and_ends_are_passed_on() {
        let (client, client_far) = tokio::io::duplex(64);
        let (upstream, upstream_far) = tokio::io::duplex(64);
        let stop = CancellationToken::new();
        let relay = splice(client_far, upstream_far, Duration::from_secs(60), &stop);
        let talk = async {
            let (mut client_read, mut client_write) = tokio::io::split(client);
            let (mut server_read, mut server_write) = tokio::io::split(upstream);
            client_write.write_all(b"ping").await.unwrap();
            client_write.shutdown().await.unwrap();
            let mut asked = Vec::new();
            server_read.read_to_end(&mut asked).await.unwrap();
            server_write.write_all(b"pong!").await.unwrap();
            server_write.shutdown().await.unwrap();
            let mut answered = Vec::new();
            client_read.read_to_end(&mut answered).await.unwrap();
            (asked, answered)
        };
        let (spliced, (asked, answered)) = tokio::join!(relay, talk);
        assert_eq!((asked.as_slice(), answered.as_slice()), (b"ping".as_slice(), b"pong!".as_slice()));
        assert_eq!(spliced, Spliced { up: 4, down: 5, end: SpliceEnd::Closed });
    }

    #[tokio::test]
    async fn silence_ends_it() {
        let (_client, client_far) = tokio::io::duplex(64);
        let (_upstream, upstream_far) = tokio::io::duplex(64);
        let spliced = splice(client_far, upstream_far, Duration::from_millis(1), &CancellationToken::new()).await;
        assert_eq!(spliced.end, SpliceEnd::Idle);
    }
}
