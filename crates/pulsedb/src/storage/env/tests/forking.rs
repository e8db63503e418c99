//! A process that is forked from one that has a database open.
#![allow(unsafe_code)] // `fork` itself.

use std::sync::Arc;

use super::*;
use crate::error::PulseDBError;

/// Runs something in a forked child, which then ends without cleaning up; gives its exit code.
fn in_child(role: impl FnOnce() -> bool) -> i32 {
    // SAFETY: the child runs only the role below, which takes no lock that another thread could have held, and then
    // `_exit`.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "no child can be forked: {}", std::io::Error::last_os_error());
    if pid == 0 {
        let code = i32::from(!role());
        // SAFETY: ends the child at once, without running anything of the test harness.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: waits for the child that was just made, and writes to a number that outlives the call.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid);
    assert!(libc::WIFEXITED(status), "the child died of a signal");
    libc::WEXITSTATUS(status)
}

#[test]
fn forked_child_is_refused_and_leaves_the_parent_alone() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    put(&environment, b"key", b"value");
    let txn = environment.read().unwrap();
    let shared = Arc::clone(environment.environment());
    let code = in_child(move || {
        let closed = matches!(shared.read(), Err(PulseDBError::Closed))
            && matches!(shared.turn(), Err(PulseDBError::Closed))
            && matches!(shared.file_bytes(), Err(PulseDBError::Closed));
        // The last handle that the child can drop: its copy of the count is that of the parent.
        let raw = Arc::into_raw(shared);
        // SAFETY: one count for each `Arc` of this environment: the one above and the parent's.
        unsafe { Arc::decrement_strong_count(raw) };
        // SAFETY: as above.
        unsafe { Arc::decrement_strong_count(raw) };
        closed
    });
    assert_eq!(code, 0);
    assert_eq!(environment.table(0).get(&txn, b"key").unwrap(), Some(&b"value"[..]));
    drop(txn);
    put(&environment, b"key", b"other");
    assert_eq!(get(&environment, b"key").unwrap(), b"other");
    assert_eq!(crate::storage::env::writers(home.path()).unwrap().len(), 1);
}

#[test]
fn forked_child_that_drops_a_handle_leaves_the_writer_registered() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    let reader = Environment::open(&read_only(home.path()), TABLES).unwrap();
    let code = in_child(move || {
        drop(environment);
        reader.refuse_after_fork().is_err() && reader.is_writable()
    });
    assert_eq!(code, 0);
    // The parent's own copy went with the role that it did not play.
    assert_eq!(crate::storage::env::writers(home.path()).unwrap(), []);
}
