//! Engrams: made, opened, read, brought out and verified.

#![allow(unsafe_code, reason = "functions of the C interface")]

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use embeddenator_fs::{
    Engram, EngramPath, ExtractOptions, Index, IngestOptions, Profile, Source, VerifyOptions,
};

use crate::failure::{EmbeddenatorStatus, Failure, Result, call};
use crate::handles::{engram as engram_of, keep};
use crate::objects::{Object, OpenEngram};
use crate::{memory, names};

/// Bytes that are read at once, so that a large buffer of a caller is not doubled.
const READ_BYTES: usize = 1 << 20;

/// How `embeddenator_engram_create` makes an engram. All zero is usual.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbeddenatorCreateOptions {
    /// The choice between speed and size: 0 balanced, 1 fast, 2 archive, 3 max.
    pub profile: u32,
    /// How files can be found later: 0 by whole files, 1 not at all, 2 by fragments too.
    pub index: u32,
    /// Threads; 0 for as many as the machine runs at once.
    pub threads: u32,
    /// Whether an engram that is there may be replaced: 0 if not.
    pub overwrite: u32,
}

impl EmbeddenatorCreateOptions {
    fn ingest(&self) -> Result<IngestOptions<'static>> {
        let profile = match self.profile {
            0 => Profile::Balanced,
            1 => Profile::Fast,
            2 => Profile::Archive,
            3 => Profile::Max,
            other => return Err(Failure::argument("the profile", format!("is {other}"), "use 0 to 3")),
        };
        let index = match self.index {
            0 => Index::File,
            1 => Index::None,
            2 => Index::Fragment,
            other => return Err(Failure::argument("the index", format!("is {other}"), "use 0 to 2")),
        };
        Ok(IngestOptions {
            profile,
            index: Some(index),
            threads: self.threads as usize,
            overwrite: self.overwrite != 0,
            ..IngestOptions::default()
        })
    }
}

/// What `embeddenator_engram_verify` read.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddenatorVerifyReport {
    /// Segments that were read.
    pub segments: u64,
    /// Chunks that were compared with their hashes.
    pub chunks: u64,
    /// Bytes of these chunks.
    pub bytes: u64,
    /// Places that are damaged.
    pub findings: u64,
}

/// Makes an engram of the contents of a directory; it appears when it is whole. `options` may be null.
///
/// # Safety
/// `path` and `directory` are null or end with a zero.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_engram_create(
    path: *const c_char,
    directory: *const c_char,
    options: Option<&EmbeddenatorCreateOptions>,
) -> EmbeddenatorStatus {
    call(|| {
        // SAFETY: the caller promises what is needed.
        let path = names::path(unsafe { memory::string("the path of the engram", path) }?)?;
        // SAFETY: the caller promises what is needed.
        let directory = names::path(unsafe { memory::string("the directory", directory) }?)?;
        let options = options.copied().unwrap_or_default().ingest()?;
        Engram::create(path, &[Source::contents_of(directory)], &options, &())?;
        Ok(())
    })
}

/// Opens an engram for reading. It shows the last commit at this moment, whatever is added later.
///
/// # Safety
/// `path` is null or ends with a zero.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_engram_open(
    path: *const c_char,
    engram: Option<&mut MaybeUninit<u64>>,
) -> EmbeddenatorStatus {
    call(|| {
        // SAFETY: the caller promises what is needed.
        let path = names::path(unsafe { memory::string("the path of the engram", path) }?)?;
        let Some(place) = engram else { return memory::put("the place for the engram", engram, 0) };
        let opened = OpenEngram::new(Engram::open(path)?);
        place.write(keep(Object::Engram(Arc::new(opened))));
        Ok(())
    })
}

/// Reads a part of a file of a snapshot, given by number or label; null for the newest. `length` becomes the number of bytes
/// that were read, fewer than `capacity` only at the end of the file.
///
/// # Safety
/// `snapshot` and `path` are null or end with a zero; `buffer` is null, or `capacity` bytes behind it can be written.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_engram_read(
    engram: u64,
    snapshot: *const c_char,
    path: *const c_char,
    offset: u64,
    buffer: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> EmbeddenatorStatus {
    call(|| {
        let opened = engram_of(engram)?;
        // SAFETY: the caller promises what is needed.
        let snapshot = opened.snapshot(unsafe { memory::optional_string(snapshot) })?;
        // SAFETY: the caller promises what is needed.
        let path = EngramPath::from_argument(unsafe { memory::string("the path", path) }?.to_bytes())?;
        // SAFETY: the caller promises what is needed.
        let room = unsafe { memory::room("the buffer", buffer, capacity) }?;
        let view = opened.view(snapshot)?;
        let found = view.lookup(&path)?;
        let (place, _) = found.ok_or_else(|| missing(&opened, &path))?;
        let file = view.open(place)?;
        let left = usize::try_from(file.size().saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut piece = vec![0; left.min(capacity).min(READ_BYTES)];
        let mut done = 0;
        for part in room.chunks_mut(READ_BYTES) {
            let wanted = part.len().min(piece.len());
            let count = file.read_at(&view, offset.saturating_add(done as u64), &mut piece[..wanted])?;
            part[..count].write_copy_of_slice(&piece[..count]);
            done += count;
            if count < part.len() {
                break;
            }
        }
        memory::put("the place for the length", length, done)
    })
}

fn missing(opened: &OpenEngram, path: &EngramPath) -> Failure {
    // The tree says it as all other calls do.
    let error = opened.engram.latest().and_then(|tree| tree.entry(path)).err();
    error.map_or_else(
        || Failure::argument("the path", format!("`{path}` is not in this snapshot"), "look with a list"),
        Failure::from,
    )
}

/// Brings a snapshot, or what stands at `path` in it, out to a directory, which is made if it is missing; nothing is written
/// outside of it. `snapshot` and `path` may be null for the newest and for all. What is in the way is replaced if `overwrite`
/// is not 0.
///
/// # Safety
/// `snapshot`, `path` and `target` are null or end with a zero.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_engram_extract(
    engram: u64,
    snapshot: *const c_char,
    path: *const c_char,
    target: *const c_char,
    overwrite: u32,
) -> EmbeddenatorStatus {
    call(|| {
        let opened = engram_of(engram)?;
        // SAFETY: the caller promises what is needed.
        let snapshot = opened.snapshot(unsafe { memory::optional_string(snapshot) })?;
        // SAFETY: the caller promises what is needed.
        let path = unsafe { memory::optional_string(path) };
        // SAFETY: the caller promises what is needed.
        let target = names::path(unsafe { memory::string("the target", target) }?)?;
        let path = path.map(|path| EngramPath::from_argument(path.to_bytes())).transpose()?;
        let options = ExtractOptions {
            paths: path.into_iter().collect(),
            overwrite: overwrite != 0,
            ..ExtractOptions::default()
        };
        opened.engram.extract(&opened.engram.tree(snapshot)?, target, &options, &())?;
        Ok(())
    })
}

/// Compares all that an engram holds with its hashes. The status is that of damage if a place is damaged, and the message is
/// that of the first; `report` may be null.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn embeddenator_engram_verify(
    engram: u64,
    report: Option<&mut MaybeUninit<EmbeddenatorVerifyReport>>,
) -> EmbeddenatorStatus {
    call(|| {
        let opened = engram_of(engram)?;
        let read = opened.engram.verify(VerifyOptions::default(), &())?;
        if let Some(place) = report {
            place.write(EmbeddenatorVerifyReport {
                segments: read.segments,
                chunks: read.chunks,
                bytes: read.bytes,
                findings: read.findings.len() as u64,
            });
        }
        match read.findings.into_iter().next() {
            None => Ok(()),
            Some(finding) => Err(Failure::Finding { meaning: finding.meaning, error: finding.error }),
        }
    })
}
