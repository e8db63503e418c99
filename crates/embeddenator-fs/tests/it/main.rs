//! What the crate promises, seen from outside.

mod comparing;
mod damage;
#[cfg(unix)]
mod extraction;

mod golden;
mod layout;
mod lookup;
mod reproducible;
#[cfg(unix)]
mod round_trip;
mod trees;
mod updates;
mod writers;
