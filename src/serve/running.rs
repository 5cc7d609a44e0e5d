//! A running Landfall: everything built and wired, until it is drained.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::dataset_watch::DatasetWatch;
use super::reload::Reloader;
use super::workers::Workers;
use super::{Engine, StartError, way_out};
use crate::capture::{
    self, Accounts, Ca, Capture, CaptureConfig, Counters, Destinations, Devices, Learnt, Limits, ListenMode, Listening,
    OwnTls, Parts, PinningOptions, Policy, Resolver, Sink, UpstreamTls,
};
use crate::config::{self, Export, Settings};
use crate::console::{self, Admin, Api, CaFacts, Token};
use crate::exchange::{Session, SessionId};
use crate::export::{Events, Metrics, Target};
use crate::ledger::record::template;
use crate::ledger::{self, Actor, Entry, GapReason, Ledger, LedgerHealth, SessionEvent, Writer, WriterOptions};

/// What a run is called in the record.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    pub session: Option<String>,
    pub app: Option<String>,
}

/// Where things are, once it runs.
#[derive(Debug, Clone)]
pub struct Facts {
    pub proxy: SocketAddr,
    /// Further proxies by name.
    pub more: Vec<(String, SocketAddr)>,
    pub admin: SocketAddr,
    pub ca: CaFacts,
    pub data: PathBuf,
    /// What the operator should know, one line each.
    pub warnings: Vec<String>,
}

/// A Landfall at work.
pub struct Running {
    runtime: Runtime,
    facts: Facts,
    session: Arc<Session>,
    capture: Capture,
    sink: Arc<Sink>,
    workers: Workers,
    datasets: Option<DatasetWatch>,
    writer: Writer,
    exporters: Vec<Events>,
    admin: JoinHandle<std::io::Result<()>>,
    admin_shutdown: CancellationToken,
    drain: Duration,
}

impl Running {
    /// Build, bind and start. When this returns, connections are served.
    pub fn start(settings: &Settings, options: &RunOptions) -> Result<Self, StartError> {
        let data = config::data_dir(settings.ledger.data.as_deref())?;
        let ledger = Arc::new(Ledger::open(&data, settings.ledger.sync)?);
        let ca = Arc::new(Ca::open_or_create(&data, Timestamp::now())?);
        let engine = Engine::build(settings, ledger.keys().clone(), false)?;
        let upstream_tls = UpstreamTls::new(way_out::trust(&settings.capture)?, settings.capture.limits.handshake)?;
        let (upstream_proxy, about_proxy) = way_out::upstream_proxy(&settings.capture)?;
        let learnt = Arc::new(Learnt::new(pinning(&settings.capture)));
        learnt.restore(capture::read_pinned(&data)?);
        let mut warnings = engine.warnings.clone();
        warnings.extend(enough_files(settings.capture.limits.connections));
        warnings.extend(upstream_tls.warnings().iter().cloned());
        warnings.extend(about_proxy);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("io").build()?;
        let _inside = runtime.enter();
        let listeners = listeners(&runtime, &settings.capture)?;
        let admin_listener = bind(&runtime, settings.console.listen, "--admin")?;
        let bound: Vec<SocketAddr> = listeners.iter().map(|(at, _)| at.address).collect();
        let (proxy, admin) = (bound.first().copied().unwrap_or(settings.capture.listen), admin_listener.local_addr()?);
        let more = listeners.iter().skip(1).map(|(at, _)| (at.name.to_string(), at.address)).collect();

        let counters = Counters::new()?;
        let metrics = Arc::new(super::metrics::build(&engine, &ca, &counters)?);
        let exporters = exporters(settings, &ledger, &metrics)?;
        let in_force = Arc::new(ArcSwap::from_pointee(engine.in_force()));
        let observed = Arc::clone(&metrics);
        let writer = Writer::spawn(
            Arc::clone(&ledger),
            Arc::clone(&in_force),
            writer_options(settings),
            Box::new(move |committed| observed.observe(committed)),
        )?;
        let health = writer.health();
        let config = capture_config(settings);
        let (sink, queue) = {
            let health = Arc::clone(&health);
            let Limits { slots, slot_wait, .. } = config.limits;
            Sink::new(slots, config.on_trouble, slot_wait, move || health.is_available())
        };
        let auditor = Arc::new(ArcSwap::from(Arc::clone(&engine.auditor)));
        let workers = Workers::spawn(
            threads(),
            Arc::clone(&auditor),
            queue,
            Arc::clone(&sink),
            writer.sender(),
            Arc::clone(&metrics),
        )?;
        let datasets = DatasetWatch::spawn(&settings.locate, &auditor, &metrics)?;
        let reloader = Arc::new(Reloader::new(
            settings.clone(),
            ledger.keys().clone(),
            (auditor, in_force),
            Arc::clone(&metrics),
            writer.sender(),
        ));
        reload_on_hangup(&runtime, &reloader)?;
        let session = Arc::new(Session {
            id: SessionId::new(Ulid::generate()),
            label: options.session.clone(),
            app: options.app.clone(),
            started_at: Timestamp::now(),
        });
        record_abandoned(&ledger, &writer)?;
        record_session(&writer, &session, SessionEvent::Opened);
        let ca_facts = ca_facts(&ca, &data);
        let token = Token::open_or_create(&data)?;
        let admin_shutdown = CancellationToken::new();
        let admin_task = serve_admin(
            &runtime,
            admin_listener,
            Admin {
                proxy,
                hosts: settings.console.hosts.clone(),
                token: (!admin.ip().is_loopback()).then(|| token.clone()),
                api: Api { token, learnt: Arc::clone(&learnt), audit: audit(&writer), reload: reload(&reloader) },
                metrics: super::metrics::exposition(&metrics, &sink, writer.sender()),
                ready: Arc::new(move || readiness(&health)),
                ca: ca_facts.clone(),
            },
            admin_shutdown.clone(),
        );
        let capture = Capture::start(
            Parts {
                policy: policy(&settings.capture, bound, admin),
                accounts: settings.capture.accounts.as_deref().map(Accounts::read).transpose()?,
                devices: Devices::new(settings.capture.known_devices()),
                own_tls: own_tls(&settings.capture)?,
                resolver: Resolver::new(settings.capture.resolve.clone()),
                config,
                session: Arc::clone(&session),
                ca,
                upstream_tls,
                upstream_proxy,
                learnt,
                keep_pinned: keep_pinned(&data),
                sink: Arc::clone(&sink),
                counters,
            },
            listeners,
        )?;
        let facts = Facts { proxy, more, admin, ca: ca_facts, data, warnings };
        let drain = settings.capture.limits.drain;
        drop(_inside);
        Ok(Self {
            runtime,
            facts,
            session,
            capture,
            sink,
            workers,
            datasets,
            writer,
            exporters,
            admin: admin_task,
            admin_shutdown,
            drain,
        })
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Run something on the IO runtime, a wait for signals for example.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Let something run beside, until the drain ends.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(future);
    }

    /// Stop, left to right: take no more traffic, audit what was captured, write what was audited, deliver what was
    /// written.
    pub fn drain(self) -> Result<(), StartError> {
        self.runtime.block_on(self.capture.drain(self.drain));
        self.datasets.into_iter().for_each(DatasetWatch::end);
        self.workers.drain(&self.sink);
        record_session(&self.writer, &self.session, SessionEvent::Closed);
        let summary = self.writer.close(self.drain);
        let undelivered: u64 = self.exporters.into_iter().map(deliver).sum();
        self.admin_shutdown.cancel();
        if let Err(error) = self.runtime.block_on(self.admin) {
            tracing::warn!(%error, "the admin listener did not end in order");
        }
        match (summary.lost + self.sink.lost(), undelivered) {
            (0, 0) => Ok(()),
            (0, records) => Err(StartError::Undelivered { records }),
            (lost, _) => Err(StartError::Lost { lost }),
        }
    }
}

fn deliver(exporter: Events) -> u64 {
    let delivery = exporter.finish();
    if let Some(error) = &delivery.error {
        tracing::warn!(%error, undelivered = delivery.undelivered, "an exporter met an error");
    }
    delivery.undelivered
}

fn record_session(writer: &Writer, session: &Arc<Session>, event: SessionEvent) {
    let entry = Entry::Session { event, session: Arc::clone(session), at: Timestamp::now() };
    if writer.sender().send(entry).is_err() {
        tracing::error!("the session could not be recorded: the ledger's writer is gone");
    }
}

/// Changes made over the admin listener are recorded.
fn audit(writer: &Writer) -> console::Audit {
    let ledger = writer.sender();
    Arc::new(move |action, before| {
        let (actor, at) = (Actor::Admin, Timestamp::now());
        let entry = Entry::Audit { action, actor, before: Some(before), after: None, at };
        if ledger.send(entry).is_err() {
            tracing::error!("a change could not be recorded: the ledger's writer is gone");
        }
    })
}

/// What the admin listener's reload calls.
fn reload(reloader: &Arc<Reloader>) -> console::Reload {
    let reloader = Arc::clone(reloader);
    Arc::new(move || reloader.reload(Actor::Admin))
}

/// SIGHUP reads the rules again.
fn reload_on_hangup(runtime: &Runtime, reloader: &Arc<Reloader>) -> std::io::Result<()> {
    let reloader = Arc::clone(reloader);
    let mut hangups = signal(SignalKind::hangup())?;
    runtime.spawn(async move {
        while hangups.recv().await.is_some() {
            let reloader = Arc::clone(&reloader);
            if let Err(error) = tokio::task::spawn_blocking(move || reloader.reload(Actor::Signal).is_ok()).await {
                tracing::error!(%error, "a reload ended with a panic; the old rules stay in force");
            }
        }
    });
    Ok(())
}

/// A run before this one that was killed leaves a gap: what was under way then went unrecorded.
fn record_abandoned(ledger: &Ledger, writer: &Writer) -> Result<(), StartError> {
    let Some(from) = ledger.reader()?.abandoned()? else { return Ok(()) };
    tracing::warn!("the run before this one did not end in order; what was under way then is recorded as a gap");
    let gap = Entry::Gap { exchanges: None, reason: GapReason::Shutdown, from, to: Timestamp::now() };
    if writer.sender().send(gap).is_err() {
        tracing::error!("the gap could not be recorded: the ledger's writer is gone");
    }
    Ok(())
}

fn bind(runtime: &Runtime, address: SocketAddr, flag: &'static str) -> Result<TcpListener, StartError> {
    let bound = runtime.block_on(TcpListener::bind(address));
    bound.map_err(|source| StartError::Bind { address, flag, source })
}

/// Bind the proxy and all further listeners.
fn listeners(runtime: &Runtime, capture: &config::Capture) -> Result<Vec<(Listening, TcpListener)>, StartError> {
    let proxy = bind(runtime, capture.listen, "--listen")?;
    let at = |name: &str, address| Listening {
        name: name.into(),
        address,
        mode: ListenMode::default(),
        user: None,
        device: None,
    };
    let mut all = vec![(at(capture::LISTENER, proxy.local_addr()?), proxy)];
    for more in &capture.listeners {
        let listener = bind(runtime, more.listen, "capture.listeners")?;
        let named = |name: &Option<String>| name.as_deref().map(Arc::from);
        let (user, device) = (named(&more.user), named(&more.device));
        all.push((Listening { mode: more.mode, user, device, ..at(&more.name, listener.local_addr()?) }, listener));
    }
    Ok(all)
}

fn policy(capture: &config::Capture, mut own: Vec<SocketAddr>, admin: SocketAddr) -> Policy {
    own.push(admin);
    let destinations = Destinations { allow: capture.allow.clone(), deny: capture.deny.clone() };
    Policy::new(own, capture.allow_clients.clone()).with_destinations(destinations)
}

fn own_tls(capture: &config::Capture) -> Result<OwnTls, StartError> {
    match (&capture.https.certificate, &capture.https.key) {
        _ if !capture.https.enabled => Ok(OwnTls::Off),
        (Some(certificate), Some(key)) => Ok(OwnTls::given(certificate, key)?),
        _ => Ok(OwnTls::Minted),
    }
}

fn serve_admin(
    runtime: &Runtime,
    listener: TcpListener,
    admin: Admin,
    shutdown: CancellationToken,
) -> JoinHandle<std::io::Result<()>> {
    runtime.spawn(console::serve(listener, admin, shutdown))
}

fn readiness(health: &LedgerHealth) -> Result<(), String> {
    if health.is_available() {
        Ok(())
    } else {
        Err("the ledger cannot be written: free space in the data directory or mend its file system".to_owned())
    }
}

fn ca_facts(ca: &Ca, data: &std::path::Path) -> CaFacts {
    CaFacts {
        pem: ca.certificate_pem().to_owned(),
        der: ca.certificate_der().to_vec(),
        fingerprint: ca.fingerprint_sha256(),
        path: data.join(capture::CA_CERTIFICATE_FILE),
    }
}

fn writer_options(settings: &Settings) -> WriterOptions {
    WriterOptions { group: settings.ledger.group, on_trouble: settings.ledger.on_trouble, ..WriterOptions::default() }
}

fn pinning(settings: &config::Capture) -> PinningOptions {
    let config::Pinning { rejections, of, ttl } = settings.pinning;
    PinningOptions { on_pinned: settings.on_pinned, rejections, of, ttl }
}

/// Pairs whose host is a value itself are not written down: they are learnt anew.
fn keep_pinned(data: &std::path::Path) -> capture::KeepPinned {
    let data = data.to_owned();
    Arc::new(move |mut pairs| {
        pairs.retain(|pair| template::host(&pair.host) == pair.host);
        if let Err(error) = capture::write_pinned(&data, pairs) {
            tracing::warn!(%error, "pinned pairs could not be written down");
        }
    })
}

fn capture_config(settings: &Settings) -> CaptureConfig {
    let limits = &settings.capture.limits;
    CaptureConfig {
        bypass: settings.capture.all_bypasses(),
        on_trouble: match settings.ledger.on_trouble {
            ledger::OnTrouble::Block => capture::OnTrouble::Block,
            ledger::OnTrouble::Shed => capture::OnTrouble::Shed,
        },
        limits: Limits {
            connections: limits.connections,
            slots: limits.slots,
            header_block: limits.header_block,
            header_fields: limits.header_fields,
            header_read: limits.header_read,
            handshake: limits.handshake,
            connect: limits.connect,
            idle: limits.idle,
            response: limits.response,
            slot_wait: limits.slot_wait,
            h2_streams: limits.h2_streams,
            h2_control_frames: limits.h2_control_frames,
            segments: capture::SegmentLimits {
                first: limits.segment_first,
                every: limits.segment_every,
                bytes: limits.segment_bytes,
            },
            body: limits.body,
            bodies: limits.body_budget,
        },
        pinning: pinning(&settings.capture),
        on_bad_upstream: settings.capture.on_bad_upstream,
        strip_alt_svc: settings.capture.strip_alt_svc,
    }
}

/// Start every configured output, before the first record is written.
fn exporters(settings: &Settings, ledger: &Ledger, metrics: &Metrics) -> Result<Vec<Events>, StartError> {
    let start = |(name, export): (&String, &Export)| {
        let Export::Events { path } = export;
        let target = if path.as_os_str() == "-" { Target::Stdout } else { Target::File(path.clone()) };
        Ok(Events::spawn(name, target, ledger, metrics.exporter(name))?)
    };
    settings.export.iter().map(start).collect()
}

/// Raise the limit on open files as far as the system lets; what is still too few is worth a word.
fn enough_files(connections: usize) -> Option<String> {
    // A connection has two ends; the rest is for the ledger, listeners and databases.
    let wanted = 2 * connections as u64 + 256;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit >= wanted => None,
        Ok(limit) => Some(format!(
            "the system allows {limit} open files, and {connections} connections may need {wanted}; raise the hard limit \
             (`ulimit -Hn`, `LimitNOFILE=`) or lower `capture.limits.connections`"
        )),
        Err(error) => Some(format!("the limit on open files cannot be raised: {error}")),
    }
}

/// One worker for each core: audits are computation.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
