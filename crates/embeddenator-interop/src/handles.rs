//! The numbers that stand for codes and engrams.

#![allow(unsafe_code, reason = "a function of the C interface")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::failure::{EmbeddenatorStatus, Failure, Result, call};
use crate::objects::{Code, Object, OpenEngram};

/// All that is held, and the last number that was given out: none is given out twice.
struct Held {
    last: u64,
    objects: BTreeMap<u64, Object>,
}

static HELD: Mutex<Held> = Mutex::new(Held { last: 0, objects: BTreeMap::new() });

/// A panic between two steps leaves the table whole, so poison says nothing.
fn held() -> MutexGuard<'static, Held> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a number to an object.
pub(crate) fn keep(object: Object) -> u64 {
    let mut held = held();
    held.last += 1;
    let number = held.last;
    held.objects.insert(number, object);
    number
}

/// The code of a number.
pub(crate) fn code(what: &'static str, number: u64) -> Result<Arc<Code>> {
    match object(what, number)? {
        Object::Code(code) => Ok(code),
        Object::Engram(_) => Err(of_kind(what, number, "an engram")),
    }
}

/// The engram of a number.
pub(crate) fn engram(number: u64) -> Result<Arc<OpenEngram>> {
    match object("the engram", number)? {
        Object::Engram(engram) => Ok(engram),
        Object::Code(_) => Err(of_kind("the engram", number, "a code")),
    }
}

fn object(what: &'static str, number: u64) -> Result<Object> {
    let found = held().objects.get(&number).cloned();
    found.ok_or_else(|| unknown(what, number))
}

fn unknown(what: &'static str, number: u64) -> Failure {
    Failure::argument(
        what,
        format!("is {number}, which is not a handle"),
        "pass one that was handed out and not freed",
    )
}

fn of_kind(what: &'static str, number: u64, kind: &str) -> Failure {
    Failure::argument(what, format!("is {number}, {kind}"), "pass a handle of the other kind")
}

/// Frees a code or an engram. Calls with it that have begun on other threads end as if it were not; 0 is freed without effect.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn embeddenator_free(handle: u64) -> EmbeddenatorStatus {
    call(|| {
        if handle == 0 {
            return Ok(());
        }
        // Bound to a name, so that the lock is not held while it is dropped.
        let freed = held().objects.remove(&handle);
        freed.map(drop).ok_or_else(|| unknown("the handle", handle))
    })
}
