//! Validators: one check of one kind of value per file, one line each in the registry. A validator may veto; it never accepts alone.
