//! The formats that can be walked: one file each, one line each in the registry.
