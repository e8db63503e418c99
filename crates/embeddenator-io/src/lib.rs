//! Checked bytes in and out: envelopes, bounded compression, sections and atomic file replacement.
