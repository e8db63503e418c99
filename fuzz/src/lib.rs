//! What the fuzz targets share: where databases are made, and inputs that are odd more often than random ones.

pub mod call;

use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};
use tempfile::TempDir;

/// A directory for one run. In memory where the system has such a place: a run makes and syncs whole databases.
pub fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("pulsedb-fuzz-");
    let made = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
    made.expect("a run needs a directory")
}

/// A text: short and arbitrary, or a short one repeated up to and beyond every limit.
#[derive(Debug, Clone)]
pub struct Text(pub String);

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        const TIMES: [usize; 10] = [0, 100, 101, 200, 201, 256, 257, 500, 10_241, 102_401];
        let text: &str = input.arbitrary()?;
        if input.ratio(1, 16)? {
            return Ok(Self(text.repeat(*input.choose(&TIMES)? / text.len().max(1) + 1)));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A number: mostly within 0..=1, else any bits, NaN and infinity among them.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub f32);

impl<'a> Arbitrary<'a> for Number {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        const ODD: [f32; 8] =
            [0.0, -0.0, 1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE, f32::MAX];
        Ok(Self(match input.int_in_range(0..=15)? {
            0 => input.arbitrary()?,
            1 => *input.choose(&ODD)?,
            _ => f32::from(input.arbitrary::<u8>()?) / 255.0,
        }))
    }
}

/// A vector: mostly of three small components, else of any length and any components.
#[derive(Debug, Clone)]
pub struct Vector(pub Vec<f32>);

impl<'a> Arbitrary<'a> for Vector {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        if input.ratio(1, 8)? {
            let numbers: Vec<Number> = input.arbitrary()?;
            return Ok(Self(numbers.into_iter().map(|number| number.0).collect()));
        }
        let small: [i8; 3] = input.arbitrary()?;
        Ok(Self(small.map(f32::from).to_vec()))
    }
}

/// A count such as a limit: mostly small, else at the bounds of what is allowed and what can be counted.
#[derive(Debug, Clone, Copy)]
pub struct Count(pub usize);

impl<'a> Arbitrary<'a> for Count {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        const ODD: [usize; 6] = [0, 1, 1000, 1001, usize::MAX, usize::MAX / 2 + 1];
        Ok(Self(if input.ratio(1, 8)? { *input.choose(&ODD)? } else { input.int_in_range(1..=20)? }))
    }
}
