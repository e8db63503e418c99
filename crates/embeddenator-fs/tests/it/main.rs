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
#[cfg(target_os = "linux")]
mod mounts;
mod near_duplicates;
mod queries;
mod reproducible;
#[cfg(unix)]
mod round_trip;
mod trees;
#[cfg(unix)]
mod updates;
#[cfg(unix)]
mod views;
mod writers;
