//! The binary `landfall`: everything is in the library.

fn main() -> std::process::ExitCode {
    landfall::cli::main()
}
