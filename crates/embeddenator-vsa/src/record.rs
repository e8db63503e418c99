//! Records: fillers bound to their roles, exact as counters or thinned to one byte per block.

use crate::error::{Error, Result};
use crate::{BlockCode, CodeRef, Codes, CodesRef, Counts, Nearest, Shape};

/// A record: the bundle of its fields, each of which is a filler bound with its role.
///
/// To read it, unbind a role, which leaves the filler with the other fields as noise, and clean
/// that up among the possible fillers (Kanerva, "Hyperdimensional computing", 2009; for block codes
/// Laiho et al. 2015). Fields are added and removed exactly.
///
/// [`thin`](Self::thin) turns it into a code of one byte per block for storage: with about ten
/// fields, [`read_field`] can still read each of them. That is lossy, so keep the record itself if
/// it must be updated. Thinned records share more elements by chance than random codes do, since
/// the lowest of equal counters wins: the variance of the dot product of two unrelated ones is
/// about `fields / 2` times as large, and [`Shape::threshold`] does not hold for them.
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
    /// An empty record.
    pub fn new(shape: Shape) -> Self {
        Record { counts: Counts::new(shape) }
    }

    /// The record of these roles and fillers, row by row.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::RowsMismatch`] if the numbers of
    /// rows differ; [`Error::Full`] if a counter would overflow.
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
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter would overflow.
    pub fn add<'a, 'b>(
        &mut self,
        role: impl Into<CodeRef<'a>>,
        filler: impl Into<CodeRef<'b>>,
    ) -> Result<()> {
        self.counts.add(&role.into().bind(filler)?)
    }

    /// Removes a field that was added.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter would overflow.
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
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn field<'a>(&self, role: impl Into<CodeRef<'a>>) -> Result<Counts> {
        self.counts.unbind(role)
    }

    /// The code in a table that is most similar to the filler of a role, with its dot product; the
    /// first of equal ones.
    ///
    /// The dot product is about the number of blocks if the record has the role, and about 0 if
    /// not.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::NoCodes`] if the table is empty.
    pub fn read<'a, 'b>(
        &self,
        role: impl Into<CodeRef<'a>>,
        fillers: impl Into<CodesRef<'b>>,
    ) -> Result<Nearest<i64>> {
        let found = self.field(role)?.nearest(fillers, 1)?;
        found.first().copied().ok_or(Error::NoCodes)
    }

    /// The record as one code: in each block the element with the highest counter, or the lowest
    /// position of equal ones. Lossy.
    pub fn thin(&self) -> BlockCode {
        self.counts.thin()
    }

    /// The counters.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl From<Counts> for Record {
    /// The record with these counters, for example from storage.
    fn from(counts: Counts) -> Self {
        Record { counts }
    }
}

/// The code in a table that is most similar to the filler of a role in a thinned record, with its
/// dot product; the first of equal ones.
///
/// Each field has about `blocks / fields` blocks of the code, so that is the dot product of the
/// right filler; [`Shape::threshold`] says what others reach by chance.
///
/// # Errors
/// [`Error::ShapeMismatch`] if the shapes differ; [`Error::NoCodes`] if the table is empty.
pub fn read_field<'a, 'b, 'c>(
    record: impl Into<CodeRef<'a>>,
    role: impl Into<CodeRef<'b>>,
    fillers: impl Into<CodesRef<'c>>,
) -> Result<Nearest> {
    let found = fillers.into().nearest(&record.into().unbind(role)?, 1)?;
    found.first().copied().ok_or(Error::NoCodes)
}
