//! Files that destinations are placed by, looked at every now and then: a changed one is read, checked and put in force whole,
//! and one that does not hold leaves the old one in force and says so. Nothing of this is on the way of an exchange.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;

use super::EngineError;
use crate::audit::Auditor;
use crate::config::{self, Locate};
use crate::export::Metrics;

/// Time between two looks. A file is read once it looks the same twice, since it may be in the middle of being written.
const EVERY: Duration = Duration::from_secs(2);

/// The thread that looks.
pub struct DatasetWatch {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

struct Watch {
    settings: Locate,
    auditor: Arc<ArcSwap<Auditor>>,
    metrics: Arc<Metrics>,
    in_force: Looks,
    /// The last state that was tried, whether it held or not.
    tried: Looks,
    before: Looks,
}

/// What each file looks like from outside.
type Looks = Vec<Option<Look>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

impl DatasetWatch {
    /// `None` where no file is named: there is nothing to watch.
    pub fn spawn(
        settings: &Locate,
        auditor: &Arc<ArcSwap<Auditor>>,
        metrics: &Arc<Metrics>,
    ) -> std::io::Result<Option<Self>> {
        let looks = looks(settings);
        if looks.is_empty() {
            return Ok(None);
        }
        let mut watch = Watch {
            settings: settings.clone(),
            auditor: Arc::clone(auditor),
            metrics: Arc::clone(metrics),
            in_force: looks.clone(),
            tried: looks.clone(),
            before: looks,
        };
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("datasets".to_owned()).spawn(move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                watch.look();
            }
        })?;
        Ok(Some(Self { stop, thread }))
    }

    pub fn end(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the thread that watches databases ended with a panic");
        }
    }
}

impl Watch {
    fn look(&mut self) {
        let now = looks(&self.settings);
        let still = now == self.before;
        self.before.clone_from(&now);
        if !still || now == self.tried {
            return;
        }
        self.tried.clone_from(&now);
        if now == self.in_force {
            return;
        }
        match self.replace() {
            Ok(()) => {
                self.in_force = now;
                tracing::info!("a database changed on disk and is in force now");
            }
            Err(error) => {
                tracing::warn!(%error, "a database changed on disk and does not hold; the old one stays in force");
            }
        }
    }

    fn replace(&self) -> Result<(), EngineError> {
        let config = config::locator_config(&self.settings, Vec::new())?;
        let auditor = self.auditor.load();
        let locators = auditor.locators().renewed(config)?;
        super::metrics::set_datasets(&self.metrics, locators.datasets());
        auditor.replace_locators(locators);
        Ok(())
    }
}

fn looks(settings: &Locate) -> Looks {
    let files =
        settings.country_db.iter().chain(&settings.asn_db).chain(&settings.geofeeds).chain(&settings.cloud_ranges);
    files.map(PathBuf::as_path).map(look).collect()
}

fn look(path: &Path) -> Option<Look> {
    let facts = fs::metadata(path).ok()?;
    Some(Look {
        modified: facts.modified().ok(),
        length: facts.len(),
        #[cfg(unix)]
        inode: std::os::unix::fs::MetadataExt::ino(&facts),
    })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use jiff::Timestamp;

    use super::*;
    use crate::config::Settings;
    use crate::exchange::{Destination, Peer, TlsFacts};
    use crate::export::MetricsOptions;
    use crate::ledger::Ledger;
    use crate::locate::Observed;
    use crate::serve::Engine;

    const LAB: &[u8] = include_bytes!("../../tests/data/geo/lab.mmdb");
    const LAB_B: &[u8] = include_bytes!("../../tests/data/geo/lab-b.mmdb");

    /// Where this address is: DE by the one database, SG by the other.
    fn location(watch: &Watch) -> String {
        let peer = Ok(Peer::at(SocketAddr::from(([127, 201, 2, 9], 443))));
        let destination = Destination { host: "a.example".to_owned(), port: 443, peer };
        let (tls, observed) = (TlsFacts::default(), Observed::default());
        let placement =
            watch.auditor.load().locators().place(&destination, &tls, None, &observed, Timestamp::UNIX_EPOCH);
        placement.location.as_ref().map(|location| location.country.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_changed_database_is_taken_whole_and_a_broken_one_leaves_the_old() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("country.mmdb");
        // By renaming, as updaters do: the new file has another inode, whatever its time and length are.
        let put = |bytes: &[u8]| {
            let new = dir.path().join("new");
            fs::write(&new, bytes).and_then(|()| fs::rename(&new, &path)).expect("the file is replaced");
        };
        put(LAB);
        let mut settings = Settings::default();
        settings.locate.country_db = vec![path.clone()];
        let keys = Ledger::in_memory().expect("a ledger").keys().clone();
        let engine = Engine::build(&settings, keys, false).expect("an engine");
        let metrics = Arc::new(Metrics::new(&MetricsOptions::default()).expect("metrics"));
        let seen = looks(&settings.locate);
        let mut watch = Watch {
            settings: settings.locate,
            auditor: Arc::new(ArcSwap::from(Arc::clone(&engine.auditor))),
            metrics,
            in_force: seen.clone(),
            tried: seen.clone(),
            before: seen,
        };
        let settle = |watch: &mut Watch| {
            watch.look();
            watch.look();
            location(watch)
        };
        assert_eq!(settle(&mut watch), "DE");
        put(b"half a database");
        assert_eq!(settle(&mut watch), "DE");
        put(LAB_B);
        watch.look();
        assert_eq!(location(&watch), "DE", "a file that may still be in writing is left alone");
        assert_eq!(settle(&mut watch), "SG");
    }
}
