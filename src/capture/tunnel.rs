//! What stays closed: relayed exactly, and recorded as a connection whose content was not seen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use ulid::Ulid;

use super::abortable::Broken;
use super::dial::Dialled;
use super::late_tls::Watched;
use super::proxy::{ClientConnection, Proxy};
use super::sink::Captured;
use super::splice::{Resets, Spliced, splice};
use super::upstream::{LinkError, LinkFacts};
use crate::exchange::{
    Connection, Coverage, Destination, ExchangeId, NoPeer, Note, Opaque, Outcome, Peer, Side, Timings, TlsFacts,
    TlsFault, Trouble, WireBytes,
};

/// The record of one `CONNECT`, in the making. Whoever drops it without saying how it ended leaves a record of that.
pub struct ConnectionRecord {
    proxy: Arc<Proxy>,
    connection: ClientConnection,
    /// The host of the `CONNECT`, which is what was dialled.
    dialled_host: String,
    record: Connection,
    began: Instant,
    handshake: Duration,
    /// The client was sent session tickets after its handshake.
    tickets: bool,
    /// Set to reset the connection to the server.
    upstream_broken: Broken,
    settled: bool,
}

impl ConnectionRecord {
    pub fn start(proxy: &Arc<Proxy>, connection: &ClientConnection, host: &str, port: u16) -> Self {
        let record = Connection {
            id: ExchangeId::new(Ulid::generate()),
            session: Arc::clone(&proxy.session),
            started_at: Timestamp::now(),
            client: connection.client.clone(),
            mode: connection.mode,
            coverage: Coverage::Intercepted,
            destination: Destination { host: host.to_owned(), port, peer: Err(NoPeer::Unreachable) },
            tls: TlsFacts::default(),
            outcome: Outcome::Completed,
            bytes: WireBytes::default(),
            timings: Timings::default(),
            notes: Vec::new(),
        };
        Self {
            proxy: Arc::clone(proxy),
            connection: connection.clone(),
            dialled_host: host.to_owned(),
            record,
            began: Instant::now(),
            handshake: Duration::ZERO,
            tickets: false,
            upstream_broken: Broken::default(),
            settled: false,
        }
    }

    /// The name that the client's hello asks for, when it is another than the `CONNECT` host.
    pub fn named(&mut self, host: &str) {
        host.clone_into(&mut self.record.destination.host);
    }

    pub fn tls(&mut self, facts: TlsFacts) {
        self.record.tls = facts;
    }

    pub fn note(&mut self, note: Note) {
        if !self.record.notes.contains(&note) {
            self.record.notes.push(note);
        }
    }

    pub fn dialled(&mut self, dialled: &Dialled) {
        self.upstream_broken = dialled.stream.broken();
        self.through(&dialled.peer);
        self.record.destination.peer = Ok(dialled.peer.clone());
        self.record.timings.dns = dialled.dns;
        self.record.timings.connect = dialled.peer.connect_time;
    }

    fn through(&mut self, peer: &Peer) {
        if peer.exit {
            self.note(Note::UpstreamProxy);
        }
    }

    /// The host that was dialled; it stays the one to dial, whatever the hello names.
    pub fn dialled_host(&self) -> &str {
        &self.dialled_host
    }

    /// The client's handshake took this long. `tickets`: it was sent some after it.
    pub fn shook_hands(&mut self, took: Duration, tickets: bool) {
        self.handshake = took;
        self.tickets = tickets;
    }

    pub fn has_sent_tickets(&self) -> bool {
        self.tickets
    }

    pub fn handshake_time(&self) -> Duration {
        self.handshake
    }

    pub fn linked(&mut self, facts: &LinkFacts) {
        self.upstream_broken = Arc::clone(&facts.broken);
        self.through(&facts.peer);
        if facts.certificate_asked {
            self.note(Note::Mtls);
        }
        if facts.unverified {
            self.note(Note::UnverifiedUpstream);
        }
        self.record.tls.fault = facts.fault;
        self.record.destination.peer = Ok(facts.peer.clone());
        self.record.timings.dns = facts.dns;
        self.record.timings.connect = facts.peer.connect_time;
        self.record.timings.tls = facts.handshake;
        self.record.tls.upstream.clone_from(&facts.tls);
        self.record.tls.certificate.clone_from(&facts.certificate);
    }

    /// No connection to the server could be had.
    pub fn unreachable(mut self, error: &LinkError) {
        self.record.outcome = match &error.peer {
            Err(NoPeer::Refused) => Outcome::Refused { error: error.trouble },
            _ => Outcome::Failed { side: Side::Upstream, error: error.trouble },
        };
        self.record.destination.peer.clone_from(&error.peer);
        self.failed_of(error);
        self.send();
    }

    /// What a handshake with the server failed of, and the certificate it showed.
    pub fn failed_of(&mut self, error: &LinkError) {
        self.record.tls.fault = error.fault;
        self.record.tls.certificate.clone_from(&error.certificate);
        if error.wants_certificate {
            self.note(Note::Mtls);
        }
    }

    /// A rule says that this is not to be opened, nor to be relayed unopened.
    pub fn refused(mut self, error: Trouble) {
        self.record.outcome = Outcome::Refused { error };
        self.send();
    }

    /// A rule forbids it, before any connection to the server.
    pub fn forbidden(mut self, error: Trouble) {
        self.record.outcome = Outcome::Refused { error };
        self.record.destination.peer = Err(NoPeer::Refused);
        self.send();
    }

    /// The server ended it before anything was said.
    pub fn server_ended(mut self) {
        self.record.outcome = Outcome::Aborted { side: Side::Upstream, error: Trouble::ConnectionTerminated };
        self.send();
    }

    /// The client ended it before anything could be seen.
    pub fn client_ended(self, error: Trouble) {
        self.client_ended_by(error, None);
    }

    /// The same, with the alert that it sent.
    pub fn client_ended_by(mut self, error: Trouble, fault: Option<TlsFault>) {
        self.record.tls.fault = fault;
        self.record.outcome = Outcome::Aborted { side: Side::Client, error };
        self.send();
    }

    /// Relay two connections unopened to their end.
    pub async fn tunnel<C, U>(self, client: C, upstream: U, why: Opaque)
    where
        C: AsyncRead + AsyncWrite,
        U: AsyncRead + AsyncWrite,
    {
        self.relay(client, upstream, why).await;
    }

    /// The same, and what passed.
    pub async fn relay<C, U>(mut self, client: C, upstream: U, why: Opaque) -> Spliced
    where
        C: AsyncRead + AsyncWrite,
        U: AsyncRead + AsyncWrite,
    {
        self.record.coverage = Coverage::Tunnelled(why);
        let resets =
            Resets { client: Arc::clone(&self.connection.broken), upstream: Arc::clone(&self.upstream_broken) };
        let mut late_tls = false;
        let client = Watched::new(client, &mut late_tls);
        let ended = splice(client, upstream, &resets, self.proxy.config.limits.idle, &self.proxy.deadline).await;
        // Where the tunnel began with TLS, that is no news.
        if late_tls && matches!(why, Opaque::ServerFirst | Opaque::NotTls) {
            self.note(Note::LateTls);
        }
        self.record.bytes = WireBytes { up: ended.up, down: ended.down };
        self.record.outcome = ended.outcome();
        self.send();
        ended
    }

    /// Its exchanges are its record, or it was opened in advance and told nothing.
    pub fn needless(mut self) {
        self.settled = true;
    }

    fn send(mut self) {
        self.hand_on();
    }

    fn hand_on(&mut self) {
        self.settled = true;
        self.record.timings.total = Some(self.began.elapsed());
        let captured = Captured::Connection(Box::new(self.record.clone()), Arc::clone(&self.connection.slot));
        self.proxy.sink.send(captured);
    }
}

impl Drop for ConnectionRecord {
    fn drop(&mut self) {
        if !self.settled {
            let shutdown = self.proxy.shutdown.is_cancelled();
            let error = if shutdown { Trouble::Shutdown } else { Trouble::InternalError };
            self.record.outcome = Outcome::Aborted { side: Side::Landfall, error };
            self.hand_on();
        }
    }
}
