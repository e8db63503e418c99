//! Tests of replacing files.
