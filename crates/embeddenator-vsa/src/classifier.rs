//! The centroid classifier: one bundle per label; a code gets the label of the most similar bundle.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::{CodeRef, CodesRef, Counts, Shape};

/// A classifier that bundles the codes of each label, and gives a code the label whose bundle has
/// the highest cosine (Kleyko et al., "A survey on hyperdimensional computing, part II", 2023).
///
/// It learns one code at a time and unlearns exactly: a code that was added and removed leaves no
/// trace, and the order of learning does not matter. Of labels with equal cosines, the one that
/// sorts first wins.
///
/// ```
/// use embeddenator_vsa::{BlockCode, CentroidClassifier, Random, Shape};
///
/// let mut random = Random::new(1);
/// let [a, b] = [(); 2].map(|()| BlockCode::random(Shape::DEFAULT, &mut random));
/// let mut classifier = CentroidClassifier::new(Shape::DEFAULT);
/// classifier.add("first", &a)?;
/// classifier.add("second", &b)?;
/// let found = classifier.classify(&b)?.expect("there are labels");
/// assert_eq!(*found.label, "second");
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CentroidClassifier<L: Ord> {
    shape: Shape,
    classes: BTreeMap<L, Class>,
}

/// What is known about a label.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Class {
    counts: Counts,
    items: u64,
    /// The sum of the squares of the counters, kept up to date so that classifying need not read
    /// them all.
    squares: i128,
}

/// A label and how well it fits.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Classified<'a, L> {
    /// The label.
    pub label: &'a L,
    /// The cosine of the code with the label's bundle, from -1 to 1.
    pub cosine: f32,
}

impl<L: Ord> CentroidClassifier<L> {
    /// A classifier without labels.
    pub fn new(shape: Shape) -> Self {
        CentroidClassifier { shape, classes: BTreeMap::new() }
    }

    /// The shape of the codes.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The labels in order, each with the number of codes it has learned.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&L, u64)> {
        self.classes.iter().map(|(label, class)| (label, class.items))
    }

    /// The bundle of a label.
    pub fn centroid(&self, label: &L) -> Option<&Counts> {
        self.classes.get(label).map(|class| &class.counts)
    }

    /// Learns a code of a label, which may be new.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter would overflow.
    pub fn add<'a>(&mut self, label: L, code: impl Into<CodeRef<'a>>) -> Result<()> {
        let code = code.into();
        self.shape.expect(code.shape())?;
        let class = self.classes.entry(label).or_insert_with(|| Class::new(self.shape));
        class.change(code, 1)?;
        class.items += 1;
        Ok(())
    }

    /// Unlearns a code of a label; the label goes with its last code.
    ///
    /// The classifier does not keep the codes themselves: a code that the label has never learned
    /// is subtracted from its bundle all the same, as by [`Counts::remove`], unless it would be the
    /// last.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::NotAdded`] if the label has learned
    /// no code, or only one, which is different; [`Error::Full`] if a counter would overflow.
    pub fn remove<'a>(&mut self, label: &L, code: impl Into<CodeRef<'a>>) -> Result<()> {
        let code = code.into();
        self.shape.expect(code.shape())?;
        let class = self.classes.get_mut(label).ok_or(Error::NotAdded)?;
        if class.items == 1 && class.counts != Counts::from(code) {
            return Err(Error::NotAdded);
        }
        class.change(code, -1)?;
        class.items -= 1;
        if class.items == 0 {
            self.classes.remove(label);
        }
        Ok(())
    }

    /// The label that fits a code best, or `None` if there are no labels.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn classify<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<Option<Classified<'_, L>>> {
        let code = code.into();
        self.shape.expect(code.shape())?;
        // Compared as `f64`: with bundles of many codes, cosines may be closer than `f32` can tell
        // apart.
        let mut best: Option<(&L, f64)> = None;
        for (label, class) in &self.classes {
            let cosine = class.cosine(code)?;
            if best.is_none_or(|(_, highest)| cosine > highest) {
                best = Some((label, cosine));
            }
        }
        Ok(best.map(|(label, cosine)| Classified { label, cosine: cosine as f32 }))
    }

    /// The label that fits each code of a table best, in order; empty if there are no labels.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn classify_all<'a>(&self, codes: impl Into<CodesRef<'a>>) -> Result<Vec<Classified<'_, L>>> {
        let found = codes.into().iter().map(|code| self.classify(code));
        found.filter_map(Result::transpose).collect()
    }
}

impl Class {
    fn new(shape: Shape) -> Self {
        Class { counts: Counts::new(shape), items: 0, squares: 0 }
    }

    /// Adds or removes a code.
    fn change(&mut self, code: CodeRef<'_>, weight: i32) -> Result<()> {
        let dot = self.counts.dot(code)?;
        self.counts.add_weighted(code, weight)?;
        // The square of a sum: each counter `c` that the code names becomes `(c + w)^2 = c^2 + 2 c w + w^2`.
        self.squares += 2 * i128::from(dot) * i128::from(weight) + code.shape().blocks() as i128;
        Ok(())
    }

    fn cosine(&self, code: CodeRef<'_>) -> Result<f64> {
        let norms = (self.squares as f64 * code.shape().blocks() as f64).sqrt();
        Ok(if norms > 0.0 { self.counts.dot(code)? as f64 / norms } else { 0.0 })
    }
}
