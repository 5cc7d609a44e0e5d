//! Tests of the whole: the real binary between real clients and origins on loopback. `tests/run` installs what they need.

mod support;

mod analyze;
mod browser;
mod capture;
mod crash;
mod curl;
mod docs;
mod floors;
mod framing;
mod heavy;
mod layering;
mod locate;
mod persona;
mod quality;
mod scripted;
mod vocabulary;
