//! The file `wake`: how the processes of a database tell each other that something was committed.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic |
//! | 8 | 8 | the sequence number after the newest commit that was announced, little-endian |
//! | 16 | 4 | the word that waiting processes watch: another one after each announcement |
//!
//! Who commits writes these bytes and wakes those who wait for the word to change. All of it is only a hint: who is woken
//! asks the store, and who is not woken asks it after a while. So a page that is missing, damaged or replaced costs
//! time and nothing else, and each announcement writes it whole.

mod bell;
mod layout;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux::Page;

#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(not(target_os = "linux"))]
use portable::Page;

pub(crate) use bell::Bell;
