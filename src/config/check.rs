//! What only the settings as a whole can show to be wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use super::settings::Pinning;
use super::{ConfigError, Export, Settings};
use crate::decode::Budget;

impl Settings {
    /// Refuse values that contradict each other or are out of their range.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_limits()?;
        let (proxy, admin) = (self.capture.listen, self.console.listen);
        if proxy == admin && proxy.port() != 0 {
            return Err(ConfigError::invalid(format!(
                "`capture.listen` and `console.listen` are both `{proxy}`; give one of them another port"
            )));
        }
        let Pinning { rejections, of, .. } = self.capture.pinning;
        // Where every one of them is certain.
        let most = of.saturating_mul(2);
        if rejections > most {
            return Err(ConfigError::invalid(format!(
                "`capture.pinning.rejections` is {rejections}, which {of} connections (`capture.pinning.of`) can never weigh; lower it to {most} or less"
            )));
        }
        self.capture.check_ways_in(admin)?;
        self.check_exports()
    }

    /// Eight hex digits that name this configuration: equal settings, equal digits, whatever file or flags said them.
    pub fn digest(&self) -> String {
        // `Debug` shows every field of every section, and none of them is a secret.
        let hash = digest(&SHA256, format!("{self:?}").as_bytes());
        hash.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let limits = &self.capture.limits;
        // (key, value, least, most)
        let ranges = [
            ("capture.limits.connections", limits.connections, 1, 1 << 20),
            ("capture.limits.header_block", limits.header_block, 8 << 10, 1 << 20),
            ("capture.limits.header_fields", limits.header_fields, 1, 1000),
            ("capture.limits.body", limits.body, 0, limits.body_budget),
            ("capture.pinning.rejections", self.capture.pinning.rejections as usize, 1, 1000),
            ("capture.pinning.of", self.capture.pinning.of as usize, 1, 1000),
            ("capture.limits.slots", limits.slots, 1, 1 << 20),
            ("decode.depth", usize::from(self.decode.depth), 1, 1 << 10),
            ("decode.bytes", self.decode.bytes, 1 << 10, 1 << 30),
            ("decode.ratio", self.decode.ratio, 1, 100_000),
            ("decode.fields", self.decode.fields, 1, 10_000_000),
            ("ledger.group", self.ledger.group, 1, 100_000),
        ];
        match ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            None => Ok(()),
            Some(("capture.limits.body", value, _, most)) => Err(ConfigError::invalid(format!(
                "`capture.limits.body` is {value} bytes, over the {most} of `capture.limits.body_budget`; lower it, or raise the budget"
            ))),
            Some((key, value, least, most)) => {
                Err(ConfigError::invalid(format!("`{key}` is {value}; it must be from {least} to {most}")))
            }
        }
    }

    fn check_exports(&self) -> Result<(), ConfigError> {
        let mut paths: BTreeMap<&Path, &str> = BTreeMap::new();
        for (name, Export::Events { path }) in &self.export {
            if let Some(other) = paths.insert(path, name) {
                return Err(ConfigError::invalid(format!(
                    "`export.{other}` and `export.{name}` both write `{}`; give one of them another path",
                    path.display()
                )));
            }
        }
        Ok(())
    }

    /// Take relative paths as relative to a directory.
    pub(super) fn rebase(&mut self, base: &Path) {
        let lists = [
            &mut self.capture.upstream_ca,
            &mut self.locate.country_db,
            &mut self.locate.geofeeds,
            &mut self.judge.rules,
            &mut self.judge.facts,
            &mut self.detect.personas,
        ];
        let exports =
            self.export.values_mut().map(|Export::Events { path }| path).filter(|path| *path != Path::new("-"));
        let certificates =
            self.capture.client_certificates.iter_mut().flat_map(|it| [&mut it.certificate, &mut it.key]);
        let credentials = self.capture.upstream_proxy.iter_mut().filter_map(|proxy| proxy.credentials.as_mut());
        let https = &mut self.capture.https;
        let ways_in = self.capture.accounts.iter_mut().chain(&mut https.certificate).chain(&mut https.key);
        let given = certificates.chain(credentials).chain(ways_in);
        let singles = self.locate.asn_db.iter_mut().chain(&mut self.ledger.data);
        let singles = singles.chain(&mut self.judge.gov_locations).chain(exports);
        let all: Vec<&mut PathBuf> = lists.into_iter().flatten().chain(singles).chain(given).collect();
        for path in all {
            *path = base.join(&*path);
        }
    }
}

impl super::Decode {
    /// The budget of one exchange.
    pub fn budget(&self) -> Budget {
        Budget { depth: self.depth, bytes: self.bytes, ratio: self.ratio, fields: self.fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Settings), expect: &str) {
        let mut settings = Settings::default();
        change(&mut settings);
        let text = settings.check().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains(expect) && text.is_empty() == expect.is_empty(), "`{text}` lacks `{expect}`");
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        check(|_| (), "");
        check(
            |s| s.console.listen = s.capture.listen,
            "`capture.listen` and `console.listen` are both `127.0.0.1:8080`",
        );
        check(|s| s.capture.limits.body = 1 << 30, "`capture.limits.body_budget`");
        check(|s| s.capture.limits.header_block = 100, "`capture.limits.header_block` is 100; it must be from 8192");
        check(|s| s.capture.limits.slots = 0, "`capture.limits.slots`");
        check(|s| s.capture.pinning.rejections = 11, "which 5 connections (`capture.pinning.of`) can never weigh");
        let events = |path: &str| Export::Events { path: path.into() };
        check(
            |s| s.export = [("a".into(), events("-")), ("b".into(), events("-"))].into(),
            "`export.a` and `export.b` both write `-`",
        );
    }

    #[test]
    fn two_listeners_on_ports_to_be_chosen_do_not_clash() {
        check(
            |s| {
                s.capture.listen.set_port(0);
                s.console.listen.set_port(0);
            },
            "",
        );
    }

    #[test]
    fn the_digest_follows_the_settings() {
        let settings = Settings::default();
        assert_eq!(settings.digest(), Settings::default().digest());
        assert_eq!(settings.digest().len(), 8);
        let mut other = Settings::default();
        other.judge.count_implicit_client_ip = true;
        assert_ne!(settings.digest(), other.digest());
    }
}
