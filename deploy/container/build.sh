#!/bin/sh
# Builds Landfall and lays out the files of the image: `build.sh ROOT`. Runs as well without any container engine.
set -eu

root=${1:?usage: build.sh ROOT}
cd "$(dirname "$0")/../.."

cargo build --release --locked --bin landfall
target=${CARGO_TARGET_DIR:-target}

install -D -m 0755 "$target/release/landfall" "$root/usr/bin/landfall"
install -D -m 0644 deploy/landfall.example.toml "$root/etc/landfall/landfall.toml"
for licence in LICENSE-APACHE LICENSE-MIT; do
    install -D -m 0644 "$licence" "$root/usr/share/doc/landfall/$licence"
done
# The image has no shell to make it at run time; 65532 is the base image's `nonroot`.
install -d -m 0700 "$root/data"
if [ "$(id -u)" = 0 ]; then
    chown 65532:65532 "$root/data"
fi
