//! Codes: made, combined, compared, and as bytes.

#![allow(unsafe_code, reason = "functions of the C interface")]

use std::mem::MaybeUninit;
use std::sync::Arc;

use embeddenator_vsa::{
    BlockCode, BytesEncoder, Counts, Planes, Random, Shape, ShingleEncoder, TextEncoder, wire,
};

use crate::failure::{EmbeddenatorStatus, Failure, Result, call};
use crate::handles::{code as code_of, keep};
use crate::memory;
use crate::objects::{Code, Object};

type Place<'a> = Option<&'a mut MaybeUninit<u64>>;

/// Makes a code and puts its handle into place.
fn make(place: Place<'_>, code: impl FnOnce() -> Result<Code>) -> EmbeddenatorStatus {
    call(|| {
        let Some(place) = place else { return memory::put("the place for the code", place, 0) };
        let made = code()?;
        place.write(keep(Object::Code(Arc::new(made))));
        Ok(())
    })
}

fn block<'a>(what: &'static str, code: &'a Code) -> Result<&'a BlockCode> {
    match code {
        Code::Block(code) => Ok(code),
        Code::Planes(_) => Err(Failure::argument(
            what,
            "is the code of a text or of bytes",
            "use block codes, which can be bound",
        )),
    }
}

/// Makes the block code that follows from a seed: `blocks` blocks of `positions` positions, up to 128 each; 128 and 128 is
/// usual.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn embeddenator_code_new(
    blocks: usize,
    positions: usize,
    seed: u64,
    code: Option<&mut MaybeUninit<u64>>,
) -> EmbeddenatorStatus {
    make(code, || {
        let shape = Shape::new(blocks, positions)?;
        Ok(Code::Block(BlockCode::random(shape, &mut Random::new(seed))))
    })
}

/// Binds two block codes of one shape. Binding loses nothing: see `embeddenator_code_unbind`.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn embeddenator_code_bind(
    left: u64,
    right: u64,
    bound: Option<&mut MaybeUninit<u64>>,
) -> EmbeddenatorStatus {
    make(bound, || {
        let (left, right) = (code_of("the left code", left)?, code_of("the right code", right)?);
        Ok(Code::Block(block("the left code", &left)?.bind(block("the right code", &right)?)?))
    })
}

/// Takes a code out of what it was bound with: the exact inverse of `embeddenator_code_bind`.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn embeddenator_code_unbind(
    bound: u64,
    other: u64,
    code: Option<&mut MaybeUninit<u64>>,
) -> EmbeddenatorStatus {
    make(code, || {
        let (bound, other) = (code_of("the bound code", bound)?, code_of("the other code", other)?);
        Ok(Code::Block(block("the bound code", &bound)?.unbind(block("the other code", &other)?)?))
    })
}

/// Bundles codes of one kind and shape into one that is similar to each of them. A bundle of block codes is thinned to a block
/// code, which is clear for about ten; one of codes of texts or bytes is their majority.
///
/// # Safety
/// `codes` is null, or `count` handles lie behind it.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_code_bundle(
    codes: *const u64,
    count: usize,
    bundle: Option<&mut MaybeUninit<u64>>,
) -> EmbeddenatorStatus {
    make(bundle, || {
        // SAFETY: the caller promises what is needed.
        let handles = unsafe { memory::values("the codes", codes, count) }?;
        let codes = handles.iter().map(|handle| code_of("a code", *handle)).collect::<Result<Vec<_>>>()?;
        let first = codes.first().map(|first| &**first);
        match first.ok_or_else(|| Failure::argument("the codes", "are none", "pass one at least"))? {
            Code::Block(first) => {
                let mut counts = Counts::new(first.shape());
                for code in &codes {
                    counts.add(block("a code", code)?)?;
                }
                Ok(Code::Block(counts.thin()))
            }
            Code::Planes(first) => majority(first.dimension(), &codes),
        }
    })
}

fn majority(dimension: usize, codes: &[Arc<Code>]) -> Result<Code> {
    let mut sums = vec![0_i32; dimension];
    for code in codes {
        let Code::Planes(planes) = &**code else {
            return Err(Failure::argument(
                "a code",
                "is of another kind than the first",
                "bundle codes of one kind",
            ));
        };
        if planes.dimension() != dimension {
            let (left, right) = (dimension, planes.dimension());
            return Err(embeddenator_vsa::Error::DimensionMismatch { left, right }.into());
        }
        for (sum, element) in sums.iter_mut().zip(planes.elements()) {
            *sum = sum.saturating_add(element);
        }
    }
    Ok(Code::Planes(Planes::from_signs(&sums)?))
}

/// The cosine of two codes of one kind and shape, from -1 to 1.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn embeddenator_code_similarity(
    left: u64,
    right: u64,
    similarity: Option<&mut MaybeUninit<f32>>,
) -> EmbeddenatorStatus {
    call(|| {
        let (left, right) = (code_of("the left code", left)?, code_of("the right code", right)?);
        let cosine = match (&*left, &*right) {
            (Code::Block(left), Code::Block(right)) => left.cosine(right)?,
            (Code::Planes(left), Code::Planes(right)) => left.cosine(right)?,
            _ => {
                let fault = "is of another kind than the left one";
                return Err(Failure::argument("the right code", fault, "compare codes of one kind"));
            }
        };
        memory::put("the place for the similarity", similarity, cosine)
    })
}

/// Encodes a text, so that texts about the same are similar.
///
/// # Safety
/// `text` is null, or `length` bytes lie behind it.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_code_of_text(
    text: *const u8,
    length: usize,
    code: Option<&mut MaybeUninit<u64>>,
) -> EmbeddenatorStatus {
    make(code, || {
        // SAFETY: the caller promises what is needed.
        let text = unsafe { memory::text("the text", text, length) }?;
        Ok(Code::Planes(TextEncoder::default().encode(text)))
    })
}

/// Encodes bytes, so that those with the same sequences in them are similar.
///
/// # Safety
/// `bytes` is null, or `length` bytes lie behind it.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_code_of_bytes(
    bytes: *const u8,
    length: usize,
    code: Option<&mut MaybeUninit<u64>>,
) -> EmbeddenatorStatus {
    make(code, || {
        // SAFETY: the caller promises what is needed.
        let bytes = unsafe { memory::values("the bytes", bytes, length) }?;
        Ok(Code::Planes(BytesEncoder::default().encode(bytes)))
    })
}

/// The signature of bytes, the block code by which engrams find near-duplicates: the similarity of two is about the share of
/// what they have in common.
///
/// # Safety
/// `bytes` is null, or `length` bytes lie behind it.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_code_of_signature(
    bytes: *const u8,
    length: usize,
    code: Option<&mut MaybeUninit<u64>>,
) -> EmbeddenatorStatus {
    make(code, || {
        // SAFETY: the caller promises what is needed.
        let bytes = unsafe { memory::values("the bytes", bytes, length) }?;
        Ok(Code::Block(ShingleEncoder::default().encode(bytes)))
    })
}

/// Writes a code as checksummed bytes, which are the same on every machine. `length` becomes their number also if there is no
/// room for them, which is a usage error unless `capacity` is 0.
///
/// # Safety
/// `buffer` is null, or `capacity` bytes behind it can be written.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_code_to_bytes(
    code: u64,
    buffer: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> EmbeddenatorStatus {
    call(|| {
        let bytes = match &*code_of("the code", code)? {
            Code::Block(code) => wire::encode(code),
            Code::Planes(planes) => wire::encode(planes),
        };
        memory::put("the place for the length", length, bytes.len())?;
        if capacity == 0 {
            return Ok(());
        }
        // SAFETY: the caller promises what is needed.
        let room = unsafe { memory::room("the buffer", buffer, capacity) }?;
        let Some(room) = room.get_mut(..bytes.len()) else {
            let fault = format!("has {capacity} bytes, {} are needed", bytes.len());
            return Err(Failure::argument("the buffer", fault, "pass a larger one"));
        };
        room.write_copy_of_slice(&bytes);
        Ok(())
    })
}

/// Reads a code from the bytes that `embeddenator_code_to_bytes` wrote.
///
/// # Safety
/// `bytes` is null, or `length` bytes lie behind it.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_code_from_bytes(
    bytes: *const u8,
    length: usize,
    code: Option<&mut MaybeUninit<u64>>,
) -> EmbeddenatorStatus {
    make(code, || {
        // SAFETY: the caller promises what is needed.
        let bytes = unsafe { memory::values("the bytes", bytes, length) }?;
        match wire::head(bytes)?.kind {
            wire::Kind::Planes => Ok(Code::Planes(wire::decode(bytes)?)),
            _ => Ok(Code::Block(wire::decode(bytes)?)),
        }
    })
}
