//! Announcing commits on the wake page, and waiting for those of others.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Page;
use super::layout::{MAGIC, WORD};
use crate::clock;
use crate::id::Seq;
use crate::limits;

/// Its name in the directory of a database.
const NAME: &str = "wake";

/// The wake page of one environment, opened when it is first needed and again when it was replaced.
#[derive(Debug)]
pub(crate) struct Bell {
    path: PathBuf,
    state: Mutex<State>,
    /// Announcements of this process. With the process number they make words that no other announcement has.
    rung: AtomicU32,
}

#[derive(Debug, Default)]
struct State {
    page: Option<Arc<Page>>,
    /// When its name has to be looked up again.
    look_due: Option<Instant>,
    /// Whether it could not be opened when it was last tried.
    refused: bool,
}

/// What there is to wait for: taken before the store is asked, so that a later announcement is not missed.
#[derive(Debug)]
pub(crate) struct Listening {
    page: Arc<Page>,
    word: u32,
}

impl Listening {
    /// Waits until something is announced after this was taken, or for `limit`. May return early.
    pub(crate) fn wait(&self, limit: Duration) {
        self.page.wait(self.word, limit);
    }
}

impl Bell {
    pub(in crate::storage::env) fn new(directory: &Path) -> Self {
        Self { path: directory.join(NAME), state: Mutex::default(), rung: AtomicU32::new(0) }
    }

    /// Tells every process that the change of this number, and all before it, can be read.
    pub(crate) fn announce(&self, sequence: Seq) {
        let Some(page) = self.page(true) else { return };
        let mut bytes = [0; WORD as usize + 4];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&sequence.to_le_bytes());
        bytes[16..].copy_from_slice(&self.next_word().to_ne_bytes());
        self.write(&page, &bytes, 0);
    }

    /// Wakes those who wait in this process, and with them those of others, who will find nothing new.
    pub(crate) fn nudge(&self, writable: bool) {
        let Some(page) = self.page(writable) else { return };
        if writable {
            self.write(&page, &self.next_word().to_ne_bytes(), WORD);
        } else {
            page.wake();
        }
    }

    /// Begins to listen; `None` if the page cannot be used, so that only asking again later helps.
    pub(crate) fn listen(&self, writable: bool) -> Option<Listening> {
        let page = self.page(writable)?;
        let bytes = page.read(WORD as usize + 4).ok()?;
        // A page that somebody has spoilt is written whole by the next announcement.
        let (_, word) = bytes.split_at_checked(WORD as usize).filter(|(head, _)| head.starts_with(&MAGIC))?;
        let word = u32::from_ne_bytes(word.try_into().ok()?);
        Some(Listening { page, word })
    }

    fn write(&self, page: &Page, bytes: &[u8], offset: u64) {
        if let Err(error) = page.write(bytes, offset) {
            self.report(&error);
        }
        page.wake();
    }

    fn next_word(&self) -> u32 {
        let rung = self.rung.fetch_add(1, Ordering::Relaxed);
        (rung << 16) | (std::process::id() & 0xffff)
    }

    /// The page, if there is one to be used. Who may write makes it.
    fn page(&self, writable: bool) -> Option<Arc<Page>> {
        let mut state = self.state.lock();
        let now = clock::monotonic();
        let fits = |page: &Arc<Page>| page.is_writable() || !writable;
        if state.look_due.is_some_and(|due| now < due) {
            match &state.page {
                Some(page) if fits(page) => return Some(Arc::clone(page)),
                // It could not be made: a writer does not try again at each commit.
                None if writable && state.refused => return None,
                _ => {}
            }
        }
        state.look_due = Some(now + Duration::from_millis(limits::PRESENCE_INTERVAL_MS));
        if state.page.as_ref().is_none_or(|page| !page.is_in_place() || !fits(page)) {
            let opened = Page::open(&self.path, writable).inspect_err(|error| self.report(error));
            state.refused = opened.is_err();
            state.page = opened.ok().flatten().map(Arc::new);
        }
        state.page.clone()
    }

    fn report(&self, error: &io::Error) {
        tracing::debug!(%error, path = %self.path.display(), "watchers are not woken: they look again after a while");
    }
}
