//! Bytes between two connections, unopened and unchanged, counted.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::abortable::Broken;
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
    /// A side's connection broke; `reset`: by a reset rather than an end that its protocol does not know.
    Failed {
        side: Side,
        reset: bool,
    },
    /// Nothing passed for the idle limit.
    Idle,
    Shutdown,
}

impl Spliced {
    /// The same in the words of the record.
    pub fn outcome(&self) -> Outcome {
        let (side, error) = match self.end {
            SpliceEnd::Closed => return Outcome::Completed,
            SpliceEnd::Failed { side, reset: true } => (side, Trouble::Reset),
            SpliceEnd::Failed { side, reset: false } => (side, Trouble::ConnectionTerminated),
            SpliceEnd::Idle => (Side::Landfall, Trouble::Timeout),
            SpliceEnd::Shutdown => (Side::Landfall, Trouble::Shutdown),
        };
        Outcome::Aborted { side, error }
    }
}

/// Set to make a side's connection end with a reset.
#[derive(Debug, Clone, Default)]
pub struct Resets {
    pub client: Broken,
    pub upstream: Broken,
}

impl Resets {
    /// What one side suffered, the other is to see.
    fn pass_on(&self, end: SpliceEnd) {
        let (client, upstream) = match end {
            SpliceEnd::Closed | SpliceEnd::Failed { reset: false, .. } => (false, false),
            SpliceEnd::Failed { side, .. } => (side != Side::Client, side == Side::Client),
            // Cut in the middle: an orderly end would pass for a whole one.
            SpliceEnd::Idle | SpliceEnd::Shutdown => (true, true),
        };
        self.client.fetch_or(client, Ordering::Relaxed);
        self.upstream.fetch_or(upstream, Ordering::Relaxed);
    }
}

/// Relay until both sides are done, one fails, nothing passes for `idle`, or `stop` is cancelled. Each side's end of
/// stream is passed on at once, the other direction goes on. A side that takes no more bytes may still have sent some:
/// they are delivered before the end. A reset is passed on as a reset.
pub async fn splice<C, U>(client: C, upstream: U, resets: &Resets, idle: Duration, stop: &CancellationToken) -> Spliced
where
    C: AsyncRead + AsyncWrite,
    U: AsyncRead + AsyncWrite,
{
    let (mut client_read, mut client_write) = tokio::io::split(client);
    let (mut upstream_read, mut upstream_write) = tokio::io::split(upstream);
    let meter = Meter::new();
    let mut end = {
        let up = pump(&mut client_read, &mut upstream_write, &meter.up, &meter);
        let down = pump(&mut upstream_read, &mut client_write, &meter.down, &meter);
        tokio::select! {
            end = both(up, down) => end,
            () = meter.silence(idle) => SpliceEnd::Idle,
            () = stop.cancelled() => SpliceEnd::Shutdown,
        }
    };
    // The last bytes to a side may still be on their way; a reset would overtake them.
    let late = match end {
        SpliceEnd::Failed { side: Side::Upstream, reset: true } if meter.down_ended() => {
            timeout(LINGER, tokio::io::copy(&mut client_read, &mut tokio::io::sink())).await.is_ok()
        }
        SpliceEnd::Failed { side: Side::Client, reset: true } if meter.up_ended() => {
            timeout(LINGER, tokio::io::copy(&mut upstream_read, &mut tokio::io::sink())).await.is_ok()
        }
        _ => false,
    };
    if late && let SpliceEnd::Failed { side, .. } = end {
        end = SpliceEnd::Failed { side, reset: false };
    }
    resets.pass_on(end);
    Spliced { up: meter.up.load(Ordering::Relaxed), down: meter.down.load(Ordering::Relaxed), end }
}

/// How long the last bytes have to arrive before the reset that comes after them.
const LINGER: Duration = Duration::from_millis(500);
/// How long a side that takes no more bytes may go on sending.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Both directions to their ends. Where one can no longer be written to, the other goes on: what was sent before is still to
/// be delivered.
async fn both(
    up: impl Future<Output = Result<(), PumpFailed>>,
    down: impl Future<Output = Result<(), PumpFailed>>,
) -> SpliceEnd {
    let (mut up, mut down) = (pin!(up), pin!(down));
    let of_up = |failed: PumpFailed| failed.end(Side::Client, Side::Upstream);
    let of_down = |failed: PumpFailed| failed.end(Side::Upstream, Side::Client);
    tokio::select! {
        ended = up.as_mut() => match ended {
            Ok(()) => down.await.map_or_else(of_down, |()| SpliceEnd::Closed),
            Err(failed @ PumpFailed { writing: true, .. }) => {
                let rest = timeout(LAST_WORDS, down).await;
                worse(of_up(failed), rest.ok().and_then(Result::err).map(of_down))
            }
            Err(failed) => of_up(failed),
        },
        ended = down.as_mut() => match ended {
            Ok(()) => up.await.map_or_else(of_up, |()| SpliceEnd::Closed),
            Err(failed @ PumpFailed { writing: true, .. }) => {
                let rest = timeout(LAST_WORDS, up).await;
                worse(of_down(failed), rest.ok().and_then(Result::err).map(of_up))
            }
            Err(failed) => of_down(failed),
        },
    }
}

/// The failure that says more: a reset of the same side is the cause of a failed write.
fn worse(first: SpliceEnd, second: Option<SpliceEnd>) -> SpliceEnd {
    match (first, second) {
        (SpliceEnd::Failed { side, reset: false }, Some(SpliceEnd::Failed { side: other, reset: true }))
            if side == other =>
        {
            SpliceEnd::Failed { side, reset: true }
        }
        (first, _) => first,
    }
}

/// Bytes moved at a time, per direction.
const CHUNK: usize = 16 << 10;

struct PumpFailed {
    writing: bool,
    reset: bool,
}

impl PumpFailed {
    fn of(writing: bool) -> impl Fn(io::Error) -> Self {
        move |error| Self {
            writing,
            reset: matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted
            ),
        }
    }

    fn end(self, reading: Side, writing: Side) -> SpliceEnd {
        SpliceEnd::Failed { side: if self.writing { writing } else { reading }, reset: self.reset }
    }
}

struct Meter {
    up: AtomicU64,
    down: AtomicU64,
    /// Directions whose sender has finished.
    ended: [std::sync::atomic::AtomicBool; 2],
    began: Instant,
    /// Milliseconds from the beginning to the last byte.
    heard: AtomicU64,
}

impl Meter {
    fn new() -> Self {
        let ended = Default::default();
        Self { up: AtomicU64::new(0), down: AtomicU64::new(0), ended, began: Instant::now(), heard: AtomicU64::new(0) }
    }

    fn up_ended(&self) -> bool {
        self.ended[0].load(Ordering::Relaxed)
    }

    fn down_ended(&self) -> bool {
        self.ended[1].load(Ordering::Relaxed)
    }

    fn end(&self, count: &AtomicU64) {
        let direction = usize::from(!std::ptr::eq(count, &self.up));
        self.ended[direction].store(true, Ordering::Relaxed);
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
    let (reading, writing) = (PumpFailed::of(false), PumpFailed::of(true));
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = from.read(&mut buffer).await.map_err(&reading)?;
        if read == 0 {
            meter.end(count);
            return to.shutdown().await.map_err(&writing);
        }
        to.write_all(&buffer[..read]).await.map_err(&writing)?;
        to.flush().await.map_err(&writing)?;
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
        let resets = Resets::default();
        let relay = splice(client_far, upstream_far, &resets, Duration::from_secs(60), &stop);
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
        let (resets, stop) = (Resets::default(), CancellationToken::new());
        let spliced = splice(client_far, upstream_far, &resets, Duration::from_millis(1), &stop).await;
        assert_eq!(spliced.end, SpliceEnd::Idle);
        assert!(resets.client.load(Ordering::Relaxed) && resets.upstream.load(Ordering::Relaxed));
    }

    /// Reads what it was given, then fails; takes nothing.
    struct Hung(Vec<u8>);

    impl AsyncRead for Hung {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            match self.0.pop() {
                Some(byte) => buffer.put_slice(&[byte]),
                None => return std::task::Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            }
            std::task::Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Hung {
        fn poll_write(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &[u8],
        ) -> std::task::Poll<io::Result<usize>> {
            std::task::Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        }

        fn poll_flush(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            std::task::Poll::Ready(Ok(()))
        }

        fn poll_shutdown(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            std::task::Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_a_server_sent_before_it_hung_up_is_delivered() {
        let (mut client, client_far) = tokio::io::duplex(1 << 10);
        client.write_all(b"more than the server wants").await.unwrap();
        let (resets, stop) = (Resets::default(), CancellationToken::new());
        let upstream = Hung(vec![b'x'; 300]);
        let spliced = splice(client_far, upstream, &resets, Duration::from_secs(60), &stop).await;
        let mut answered = Vec::new();
        client.read_to_end(&mut answered).await.unwrap();
        assert_eq!((answered.len(), spliced.up), (300, 0));
        assert_eq!(spliced.end, SpliceEnd::Failed { side: Side::Upstream, reset: true });
        assert!(resets.client.load(Ordering::Relaxed));
    }
}
