//! What the crate promises, seen from outside.

#[cfg(unix)]
mod archives;
mod comparing;
mod damage;
#[cfg(unix)]
mod extraction;
mod golden;
mod layout;
mod lookup;
mod near_duplicates;
mod reproducible;
#[cfg(unix)]
mod round_trip;
mod trees;
#[cfg(unix)]
mod updates;
mod writers;
