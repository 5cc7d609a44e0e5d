//! `landfall man`: one manual page per command, written into a directory.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;

use super::{Cli, Exit, OrExit};

#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Where the pages go; made when missing.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub fn run(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let dir = &args.dir;
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .with_context(|| format!("cannot write manual pages into `{}`", dir.display()))
        .or_exit(Exit::Io)?;
    Ok(Exit::Ok.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_gets_a_page() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let args = ManArgs { dir: dir.path().join("man1") };
        run(&args).expect("pages are written");
        for page in ["landfall.1", "landfall-man.1", "landfall-completions.1"] {
            assert!(args.dir.join(page).is_file(), "{page} is missing");
        }
    }
}
