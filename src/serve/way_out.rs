//! From settings to the way out: whom to trust, whom to be, and through which proxy.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::StartError;
use crate::capture::{ClientCertificate, ExtraRoots, ProxyCredentials, UpstreamProxy, UpstreamTrust};
use crate::config;

/// Read all files that the way out needs; what the operator should know about them.
pub fn check(settings: &config::Capture) -> Result<Vec<String>, StartError> {
    trust(settings)?;
    Ok(upstream_proxy(settings)?.1)
}

/// Read everything that TLS to servers needs.
pub fn trust(settings: &config::Capture) -> Result<UpstreamTrust, StartError> {
    let read = |it: &config::ClientCertificate| ClientCertificate::read(it.host.clone(), &it.certificate, &it.key);
    Ok(UpstreamTrust {
        roots: ExtraRoots::read(&settings.upstream_ca)?,
        exceptions: settings.unverified.clone(),
        client_certificates: settings.client_certificates.iter().map(read).collect::<Result<_, _>>()?,
    })
}

/// The upstream proxy, and what the operator should know about it.
pub fn upstream_proxy(settings: &config::Capture) -> Result<(Option<UpstreamProxy>, Vec<String>), StartError> {
    let Some(config::UpstreamProxy { url, credentials, bypass }) = settings.upstream_proxy.clone() else {
        return Ok((None, Vec::new()));
    };
    let mut warnings = vec![
        "traffic goes out through an upstream proxy: records know the exit's address only, and no server is placed by it"
            .to_owned(),
    ];
    let credentials = match credentials {
        Some(path) => {
            warnings.extend(loose(&path));
            Some(ProxyCredentials::read(&path)?)
        }
        None => None,
    };
    Ok((Some(UpstreamProxy { url, credentials, bypass }), warnings))
}

fn loose(path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o7777;
    let path = path.display();
    let text = format!("the credentials in `{path}` can be read by others (mode {mode:04o}); run `chmod 600 {path}`");
    (mode & 0o077 != 0).then_some(text)
}
