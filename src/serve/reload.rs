//! Rules and data read anew while traffic passes: all of it takes the place of the old at once, or nothing does.
//!
//! What the settings say stays as it was at the start; the files that they name are read again.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::Engine;
use super::metrics::packs;
use crate::audit::Auditor;
use crate::config::Settings;
use crate::detect::Keys;
use crate::export::Metrics;
use crate::judge::Judge;
use crate::ledger::{Actor, Entry, EntrySender, InForce};

/// Whoever wants the rules read again.
pub struct Reloader {
    settings: Settings,
    keys: Keys,
    auditor: Arc<ArcSwap<Auditor>>,
    in_force: Arc<ArcSwap<InForce>>,
    metrics: Arc<Metrics>,
    ledger: EntrySender,
    /// One at a time, so that the later files win.
    turn: Mutex<()>,
}

impl Reloader {
    pub fn new(
        settings: Settings,
        keys: Keys,
        (auditor, in_force): (Arc<ArcSwap<Auditor>>, Arc<ArcSwap<InForce>>),
        metrics: Arc<Metrics>,
        ledger: EntrySender,
    ) -> Self {
        Self { settings, keys, auditor, in_force, metrics, ledger, turn: Mutex::new(()) }
    }

    /// Read everything again and put it in force; what is in force then, or why the old stays. Reads files and may wait for the
    /// ledger: not for the IO runtime.
    pub fn reload(&self, actor: Actor) -> Result<String, String> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let before = in_words(self.auditor.load().judge());
        match Engine::build(&self.settings, self.keys.clone(), false) {
            Ok(engine) => {
                let after = in_words(&engine.judge);
                self.auditor.store(Arc::clone(&engine.auditor));
                self.in_force.store(Arc::new(engine.in_force()));
                self.metrics.set_packs(&packs(&engine.judge));
                self.metrics.set_reload(true);
                engine.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                self.record("rules_reloaded", actor, before, Some(after.clone()));
                Ok(after)
            }
            Err(error) => {
                self.metrics.set_reload(false);
                tracing::error!(%error, "the rules do not hold; the old ones stay in force");
                self.record("rules_reload_refused", actor, before, None);
                Err(error.to_string())
            }
        }
    }

    fn record(&self, action: &'static str, actor: Actor, before: String, after: Option<String>) {
        let entry = Entry::Audit { action, actor, before: Some(before), after, at: Timestamp::now() };
        if self.ledger.send(entry).is_err() {
            tracing::error!("a reload could not be recorded: the ledger's writer is gone");
        }
    }
}

/// Packs with their versions and the start of their digests.
fn in_words(judge: &Judge) -> String {
    let pack = |pack: &crate::judge::Pack| {
        format!("{}@{}:{}", pack.id, pack.version, pack.digest.get(..12).unwrap_or(&pack.digest))
    };
    judge.packs().iter().map(pack).collect::<Vec<_>>().join(" ")
}
