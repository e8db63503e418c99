//! Records: fillers bound to their roles, exact as counters or thinned to one byte a block.

use crate::error::{Error, Result};
use crate::{BlockCode, CodeRef, Codes, CodesRef, Counts, Nearest, Shape};

/// A record: the bundle of its fields, each the filler bound with the role.
///
/// It is read by unbinding a role, which leaves the filler and the other fields as noise, and cleaning that up among
/// the fillers that there can be (Kanerva, "Hyperdimensional computing", 2009; for block codes Laiho et
/// al. 2015). Fields are added and removed exactly.
///
/// [`thin`](Self::thin) makes a code of one byte a block of it, for what is at rest: of some ten fields each can still be
/// read by [`read_field`]. That is lossy, so keep the record itself where it has to be updated. Thinned records share
/// more elements by chance than random codes do, since of equal counters the lowest position is taken: the variance of
/// the dot product of two unrelated ones is about `fields / 2` times as large, and [`Shape::threshold`] does not hold for
/// them.
///
/// ```
/// use embeddenator_vsa::{ItemMemory, Record, Shape, read_field};
///
/// let mut names = ItemMemory::new(Shape::DEFAULT, 1);
/// let [colour, form] = ["colour", "form"].map(|role| names.atom(role));
/// for filler in ["red", "green", "blue", "round", "square"] {
///     names.insert(filler);
/// }
/// let mut record = Record::new(Shape::DEFAULT);
/// record.add(&colour, &names.atom("blue"))?;
/// record.add(&form, &names.atom("round"))?;
///
/// let found = record.read(&colour, names.codes())?;
/// assert_eq!(names.name(found.index), Some(&b"blue"[..]));
///
/// let thinned = record.thin();
/// assert_eq!(thinned.as_bytes().len(), 128);
/// let found = read_field(&thinned, &form, names.codes())?;
/// assert_eq!(names.name(found.index), Some(&b"round"[..]));
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    counts: Counts,
}

impl Record {
    /// A record without fields.
    pub fn new(shape: Shape) -> Self {
        Record { counts: Counts::new(shape) }
    }

    /// The record of these roles and fillers, row by row.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::RowsMismatch`], [`Error::Full`].
    pub fn from_fields<'a>(roles: &Codes, fillers: impl Into<CodesRef<'a>>) -> Result<Self> {
        Ok(Record { counts: Counts::bundle(&roles.bind_rows(fillers)?)? })
    }

    /// The shape of its codes.
    pub fn shape(&self) -> Shape {
        self.counts.shape()
    }

    /// Adds a field.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Full`].
    pub fn add<'a, 'b>(
        &mut self,
        role: impl Into<CodeRef<'a>>,
        filler: impl Into<CodeRef<'b>>,
    ) -> Result<()> {
        self.counts.add(&role.into().bind(filler)?)
    }

    /// Takes a field out that was added.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Full`].
    pub fn remove<'a, 'b>(
        &mut self,
        role: impl Into<CodeRef<'a>>,
        filler: impl Into<CodeRef<'b>>,
    ) -> Result<()> {
        self.counts.remove(&role.into().bind(filler)?)
    }

    /// The noisy filler of a role.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn field<'a>(&self, role: impl Into<CodeRef<'a>>) -> Result<Counts> {
        self.counts.unbind(role)
    }

    /// The code of a table that is most like the filler of a role, with its dot product; of equal ones the first.
    ///
    /// It is about the number of blocks for the filler that is there, and about 0 for a role that is not.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NoCodes`].
    pub fn read<'a, 'b>(
        &self,
        role: impl Into<CodeRef<'a>>,
        fillers: impl Into<CodesRef<'b>>,
    ) -> Result<Nearest<i64>> {
        let found = self.field(role)?.nearest(fillers, 1)?;
        found.first().copied().ok_or(Error::NoCodes)
    }

    /// The record as one code: in each block the element of the field with the highest counter, the lowest position of
    /// equals. Lossy.
    pub fn thin(&self) -> BlockCode {
        self.counts.thin()
    }

    /// The counters.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl From<Counts> for Record {
    /// The record with these counters, for one that was stored.
    fn from(counts: Counts) -> Self {
        Record { counts }
    }
}

/// The code of a table that is most like the filler of a role in a thinned record, with its dot product; of equal ones
/// the first.
///
/// Each field has about `blocks / fields` blocks of the code, so that is the dot product of the filler that is there;
/// [`Shape::threshold`] says what others reach by chance.
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::NoCodes`].
pub fn read_field<'a, 'b, 'c>(
    record: impl Into<CodeRef<'a>>,
    role: impl Into<CodeRef<'b>>,
    fillers: impl Into<CodesRef<'c>>,
) -> Result<Nearest> {
    let found = fillers.into().nearest(&record.into().unbind(role)?, 1)?;
    found.first().copied().ok_or(Error::NoCodes)
}
