//! Rows of `activity`.

use crate::clock::Timestamp;
use crate::storage::format::flags::{bit, known_bits};
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// Bits of the flag byte.
const HAS_TASK: u8 = 1;
const HAS_SUMMARY: u8 = 2;

/// A row of `activity`; who and where are in the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActivityRow {
    pub(crate) started_at: Timestamp,
    pub(crate) last_heartbeat: Timestamp,
    pub(crate) current_task: Option<String>,
    pub(crate) context_summary: Option<String>,
}

impl ActivityRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.time(self.started_at);
        out.time(self.last_heartbeat);
        out.u8(bit(self.current_task.is_some(), HAS_TASK) | bit(self.context_summary.is_some(), HAS_SUMMARY));
        for text in self.current_task.iter().chain(&self.context_summary) {
            out.text(text);
        }
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let started_at = reader.time()?;
        let last_heartbeat = reader.time()?;
        let flags = known_bits(reader.u8()?, HAS_TASK | HAS_SUMMARY)?;
        let current_task = if flags & HAS_TASK == 0 { None } else { Some(reader.text()?) };
        let context_summary = if flags & HAS_SUMMARY == 0 { None } else { Some(reader.text()?) };
        reader.end()?;
        Some(Self { started_at, last_heartbeat, current_task, context_summary })
    }
}
