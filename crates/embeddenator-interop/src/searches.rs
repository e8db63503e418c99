//! What an engram has and what is found in it, handed to a callback of the caller one by one.

#![allow(unsafe_code, reason = "functions of the C interface")]

use std::ffi::{CString, c_char, c_void};

use embeddenator_fs::{EngramPath, Node, QueryHit, QueryOptions};

use crate::failure::{EmbeddenatorStatus, Failure, Result, call};
use crate::handles::engram as engram_of;
use crate::memory;

/// What an entry stands for.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddenatorKind {
    /// A regular file.
    File = 0,
    /// A directory.
    Directory = 1,
    /// A symbolic link.
    Symlink = 2,
    /// A device, a pipe or a socket.
    Special = 3,
}

/// An entry of a snapshot. It is there until the callback returns.
#[repr(C)]
#[derive(Debug)]
pub struct EmbeddenatorEntry {
    /// Its path from the root of the engram; empty for the root itself.
    pub path: *const c_char,
    /// What it stands for.
    pub kind: EmbeddenatorKind,
    /// Its permissions.
    pub mode: u32,
    /// Bytes of a file, otherwise 0.
    pub size: u64,
    /// When it was modified: seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds behind the seconds.
    pub nanoseconds: u32,
}

/// A file that has a fragment, or is about a text. It is there until the callback returns.
#[repr(C)]
#[derive(Debug)]
pub struct EmbeddenatorHit {
    /// Its path from the root of the engram.
    pub path: *const c_char,
    /// Its bytes.
    pub size: u64,
    /// Where the longest part begins that both have, or the passage that is most like the text.
    pub offset: u64,
    /// The share of the fragment that the file has, from 0 to 1; for a text a cosine.
    pub score: f32,
}

/// Takes an entry; what it returns ends the list unless it is 0.
pub type EmbeddenatorVisitEntry =
    Option<extern "C" fn(context: *mut c_void, entry: &EmbeddenatorEntry) -> i32>;

/// Takes a hit; what it returns ends the list unless it is 0.
pub type EmbeddenatorVisitHit = Option<extern "C" fn(context: *mut c_void, hit: &EmbeddenatorHit) -> i32>;

/// Hands the entries of a snapshot to `visit`, in tree order: those of a directory, or all if `directory` is null. `context` is
/// for the callback alone; the callback may call this library.
///
/// # Safety
/// `snapshot` and `directory` are null or end with a zero.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_engram_list(
    engram: u64,
    snapshot: *const c_char,
    directory: *const c_char,
    visit: EmbeddenatorVisitEntry,
    context: *mut c_void,
) -> EmbeddenatorStatus {
    call(|| {
        let opened = engram_of(engram)?;
        // SAFETY: the caller promises what is needed.
        let snapshot = opened.snapshot(unsafe { memory::optional_string(snapshot) })?;
        // SAFETY: the caller promises what is needed.
        let directory = unsafe { memory::optional_string(directory) };
        let visit = visit.ok_or_else(no_callback)?;
        let tree = opened.engram.tree(snapshot)?;
        let entries: Box<dyn Iterator<Item = embeddenator_fs::Result<embeddenator_fs::Entry>>> =
            match directory {
                Some(directory) => Box::new(
                    tree.children(&EngramPath::from_argument(directory.to_bytes())?)?.into_iter().map(Ok),
                ),
                None => Box::new(tree.entries()),
            };
        for entry in entries {
            let entry = entry?;
            let path = c_path(&entry.path)?;
            let handed = EmbeddenatorEntry {
                path: path.as_ptr(),
                kind: match entry.node {
                    Node::File(_) => EmbeddenatorKind::File,
                    Node::Directory => EmbeddenatorKind::Directory,
                    Node::Symlink(_) => EmbeddenatorKind::Symlink,
                    Node::BlockDevice(_) | Node::CharacterDevice(_) | Node::Fifo | Node::Socket => {
                        EmbeddenatorKind::Special
                    }
                },
                mode: entry.metadata.mode.into(),
                size: entry.size(),
                seconds: entry.metadata.mtime.seconds,
                nanoseconds: entry.metadata.mtime.nanoseconds,
            };
            if visit(context, &handed) != 0 {
                break;
            }
        }
        Ok(())
    })
}

/// Hands the files of a snapshot that have a fragment to `visit`, the best first and `limit` at most; 0 for 16.
///
/// # Safety
/// `snapshot` is null or ends with a zero; `fragment` is null, or `length` bytes lie behind it.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_engram_query(
    engram: u64,
    snapshot: *const c_char,
    fragment: *const u8,
    length: usize,
    limit: usize,
    visit: EmbeddenatorVisitHit,
    context: *mut c_void,
) -> EmbeddenatorStatus {
    call(|| {
        let opened = engram_of(engram)?;
        // SAFETY: the caller promises what is needed.
        let snapshot = opened.snapshot(unsafe { memory::optional_string(snapshot) })?;
        // SAFETY: the caller promises what is needed.
        let fragment = unsafe { memory::values("the fragment", fragment, length) }?;
        let tree = opened.engram.tree(snapshot)?;
        hand_over(opened.engram.query(&tree, fragment, options(limit))?.hits, visit, context)
    })
}

/// Hands the files of a snapshot with the passages that are most like a text to `visit`, the best first and `limit` at most; 0
/// for 16. All files that are UTF-8 are read.
///
/// # Safety
/// `snapshot` is null or ends with a zero; `text` is null, or `length` bytes lie behind it.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_engram_query_text(
    engram: u64,
    snapshot: *const c_char,
    text: *const u8,
    length: usize,
    limit: usize,
    visit: EmbeddenatorVisitHit,
    context: *mut c_void,
) -> EmbeddenatorStatus {
    call(|| {
        let opened = engram_of(engram)?;
        // SAFETY: the caller promises what is needed.
        let snapshot = opened.snapshot(unsafe { memory::optional_string(snapshot) })?;
        // SAFETY: the caller promises what is needed.
        let text = unsafe { memory::text("the text", text, length) }?;
        let tree = opened.engram.tree(snapshot)?;
        hand_over(opened.engram.query_text(&tree, text, options(limit))?.hits, visit, context)
    })
}

fn options(limit: usize) -> QueryOptions {
    let usual = QueryOptions::default();
    QueryOptions { limit: if limit == 0 { usual.limit } else { limit }, ..usual }
}

fn hand_over(hits: Vec<QueryHit>, visit: EmbeddenatorVisitHit, context: *mut c_void) -> Result<()> {
    let visit = visit.ok_or_else(no_callback)?;
    for hit in hits {
        let path = c_path(&hit.path)?;
        let handed =
            EmbeddenatorHit { path: path.as_ptr(), size: hit.size, offset: hit.offset, score: hit.score };
        if visit(context, &handed) != 0 {
            break;
        }
    }
    Ok(())
}

fn c_path(path: &EngramPath) -> Result<CString> {
    // No path of an engram has a zero; were it otherwise, it could not be handed over.
    CString::new(path.as_bytes())
        .map_err(|_| Failure::argument("a path", "has a zero in it", "read it with Rust"))
}

fn no_callback() -> Failure {
    Failure::argument("the callback", "is null", "pass a function")
}
