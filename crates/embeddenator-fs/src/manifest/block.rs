//! A block of the manifest: entries as columns.

use embeddenator_io::{ByteWriter, Cursor, Error, Result};

use crate::entry::{Entry, Metadata, Timestamp};
use crate::manifest::payload;
use crate::path::{EngramPath, broken_rule};

const WHAT: &str = "a block of the manifest";
/// Bytes that an entry has at least: its row in each column.
const COLUMNS_BYTES: usize = 28;

/// The bytes of a block.
pub(crate) fn write(entries: &[Entry]) -> Vec<u8> {
    assert!(!entries.is_empty(), "a block has entries");
    let mut writer = ByteWriter::new();
    writer.u32(entries.len() as u32).zeros(4);
    let mut shared = Vec::with_capacity(entries.len());
    let mut before: &[u8] = &[];
    for entry in entries {
        let path = entry.path.as_bytes();
        shared.push(path.iter().zip(before).take_while(|(byte, before)| byte == before).count());
        before = path;
    }
    let rests =
        || entries.iter().zip(&shared).map(|(entry, shared)| entry.path.as_bytes().split_at(*shared).1);
    for shared in &shared {
        writer.u16(*shared as u16);
    }
    for rest in rests() {
        writer.u16(rest.len() as u16);
    }
    for entry in entries {
        writer.u8(payload::kind_of(&entry.node));
    }
    for entry in entries {
        writer.u8(payload::flags_of(entry));
    }
    let metadata = || entries.iter().map(|entry| &entry.metadata);
    for metadata in metadata() {
        writer.u16(metadata.mode);
    }
    for metadata in metadata() {
        writer.u32(metadata.uid);
    }
    for metadata in metadata() {
        writer.u32(metadata.gid);
    }
    for metadata in metadata() {
        writer.i64(metadata.mtime.seconds);
    }
    for metadata in metadata() {
        writer.u32(metadata.mtime.nanoseconds);
    }
    for rest in rests() {
        writer.bytes(rest);
    }
    for entry in entries {
        payload::write(entry, &mut writer);
    }
    writer.into_bytes()
}

/// Reads a block; its paths ascend.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Entry>> {
    let mut cursor = Cursor::new(bytes);
    let count = cursor.u32(WHAT)?;
    cursor.zeros(4, WHAT)?;
    let count_of_entries = u64::from(count);
    cursor.clone().items(count_of_entries, COLUMNS_BYTES, WHAT)?;
    let mut column =
        |item_bytes| Ok::<_, Error>(Cursor::new(cursor.items(count_of_entries, item_bytes, WHAT)?));
    let (mut shared, mut rests) = (column(2)?, column(2)?);
    let (mut kinds, mut flags) = (column(1)?, column(1)?);
    let (mut modes, mut uids, mut gids) = (column(2)?, column(4)?, column(4)?);
    let (mut seconds, mut nanoseconds) = (column(8)?, column(4)?);
    let mut sum = 0_u64;
    let mut lengths = rests.clone();
    for _ in 0..count {
        sum += u64::from(lengths.u16(WHAT)?);
    }
    let mut names = Cursor::new(cursor.take_u64(sum, WHAT)?);
    let mut entries: Vec<Entry> = Vec::with_capacity(count as usize);
    let mut path: Vec<u8> = Vec::new();
    for _ in 0..count {
        let offset = cursor.offset();
        let malformed = |reason| Error::Malformed { what: "an entry of the manifest", offset, reason };
        let (kept, added) = (usize::from(shared.u16(WHAT)?), usize::from(rests.u16(WHAT)?));
        if kept > path.len() {
            return Err(malformed("it shares more of its path than there is"));
        }
        path.truncate(kept);
        path.extend_from_slice(names.take(added, WHAT)?);
        let (kind, flags) = (kinds.u8(WHAT)?, flags.u8(WHAT)?);
        let (mode, uid, gid) = (modes.u16(WHAT)?, uids.u32(WHAT)?, gids.u32(WHAT)?);
        let mtime = Timestamp { seconds: seconds.i64(WHAT)?, nanoseconds: nanoseconds.u32(WHAT)? };
        if mode > 0o7777 || mtime.nanoseconds >= 1_000_000_000 {
            return Err(malformed("its mode or its time is beyond what there is"));
        }
        let (link_group, xattrs) = payload::read_shared(flags, &mut cursor)?;
        let node = payload::read_node(kind, flags, &mut cursor)?;
        if let Some(reason) = broken_rule(&path) {
            return Err(malformed(reason));
        }
        let path = EngramPath::new(&path).map_err(|_| malformed("its path is none"))?;
        if entries.last().is_some_and(|before| before.path >= path) {
            return Err(malformed("its path does not follow the one before it"));
        }
        let metadata = Metadata { mode, uid, gid, mtime, xattrs };
        entries.push(Entry { path, metadata, link_group, node });
    }
    cursor.finish(WHAT)?;
    if entries.is_empty() {
        return Err(Error::Malformed { what: WHAT, offset: 0, reason: "it has no entries" });
    }
    Ok(entries)
}
