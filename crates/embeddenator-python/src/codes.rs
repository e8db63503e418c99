//! Codes as objects, and tables of them as numpy arrays.

use embeddenator_vsa::{
    BlockCode, BytesEncoder, Codes, Counts, Planes, Random, Shape, ShingleEncoder, TextEncoder, wire,
};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bytes::copied;
use crate::errors::of_code;

/// A code: a block code, or the planes of a text or of bytes.
#[pyclass(frozen, module = "embeddenator")]
pub(crate) struct Code {
    // Block codes are aligned to more than what Python allocates is.
    held: Box<Held>,
}

enum Held {
    Block(BlockCode),
    Planes(Planes),
}

impl From<BlockCode> for Code {
    fn from(code: BlockCode) -> Self {
        Self { held: Box::new(Held::Block(code)) }
    }
}

impl From<Planes> for Code {
    fn from(planes: Planes) -> Self {
        Self { held: Box::new(Held::Planes(planes)) }
    }
}

impl Code {
    fn block(&self) -> PyResult<&BlockCode> {
        match &*self.held {
            Held::Block(code) => Ok(code),
            Held::Planes(_) => Err(PyValueError::new_err(
                "this is the code of a text or of bytes: use block codes, which can be bound",
            )),
        }
    }
}

#[pymethods]
impl Code {
    /// The block code that follows from a seed.
    #[staticmethod]
    #[pyo3(signature = (seed, *, blocks = 128, positions = 128))]
    fn random(seed: u64, blocks: usize, positions: usize) -> PyResult<Self> {
        let shape = Shape::new(blocks, positions).map_err(of_code)?;
        Ok(BlockCode::random(shape, &mut Random::new(seed)).into())
    }

    /// The code of a text: texts about the same are similar.
    #[staticmethod]
    fn of_text(python: Python<'_>, text: &str) -> Self {
        python.detach(|| TextEncoder::default().encode(text)).into()
    }

    /// The code of bytes: those with the same sequences in them are similar.
    #[staticmethod]
    fn of_bytes(python: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let bytes = copied(data)?;
        Ok(python.detach(|| BytesEncoder::default().encode(&bytes)).into())
    }

    /// The signature of bytes, by which engrams find near-duplicates.
    #[staticmethod]
    fn signature(python: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let bytes = copied(data)?;
        Ok(python.detach(|| ShingleEncoder::default().encode(&bytes)).into())
    }

    /// The code whose checksummed bytes these are.
    #[staticmethod]
    fn from_bytes(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let bytes = copied(data)?;
        match wire::head(&bytes).map_err(of_code)?.kind {
            wire::Kind::Planes => Ok(wire::decode::<Planes>(&bytes).map_err(of_code)?.into()),
            _ => Ok(wire::decode::<BlockCode>(&bytes).map_err(of_code)?.into()),
        }
    }

    /// One code that is similar to each of several of one kind and shape.
    #[staticmethod]
    fn bundle(codes: Vec<PyRef<'_, Self>>) -> PyResult<Self> {
        let first =
            codes.first().ok_or_else(|| PyValueError::new_err("there are no codes: pass one at least"))?;
        match &*first.held {
            Held::Block(code) => {
                let mut counts = Counts::new(code.shape());
                for code in &codes {
                    counts.add(code.block()?).map_err(of_code)?;
                }
                Ok(counts.thin().into())
            }
            Held::Planes(planes) => {
                let mut sums = vec![0_i32; planes.dimension()];
                for code in &codes {
                    let Held::Planes(planes) = &*code.held else {
                        return Err(PyValueError::new_err("the codes are of two kinds: bundle those of one"));
                    };
                    if planes.dimension() != sums.len() {
                        return Err(PyValueError::new_err(
                            "the codes have several dimensions: bundle those of one",
                        ));
                    }
                    for (sum, element) in sums.iter_mut().zip(planes.elements()) {
                        *sum = sum.saturating_add(element);
                    }
                }
                Ok(Planes::from_signs(&sums).map_err(of_code)?.into())
            }
        }
    }

    /// Binds two block codes of one shape; `unbind` undoes it exactly.
    fn bind(&self, other: &Self) -> PyResult<Self> {
        Ok(self.block()?.bind(other.block()?).map_err(of_code)?.into())
    }

    /// Takes a code out of what it was bound with.
    fn unbind(&self, other: &Self) -> PyResult<Self> {
        Ok(self.block()?.unbind(other.block()?).map_err(of_code)?.into())
    }

    /// The cosine with a code of the same kind and shape.
    fn similarity(&self, other: &Self) -> PyResult<f32> {
        match (&*self.held, &*other.held) {
            (Held::Block(left), Held::Block(right)) => left.cosine(right).map_err(of_code),
            (Held::Planes(left), Held::Planes(right)) => left.cosine(right).map_err(of_code),
            _ => Err(PyValueError::new_err("the codes are of two kinds: compare those of one")),
        }
    }

    /// Checksummed bytes, the same on every machine.
    fn to_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = match &*self.held {
            Held::Block(code) => wire::encode(code),
            Held::Planes(planes) => wire::encode(planes),
        };
        PyBytes::new(python, &bytes)
    }

    /// The bytes of a block code, one a block: a row of the table that `similarities` takes.
    fn row<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let code = self.block()?;
        let row: Vec<u8> = code.as_bytes().iter().copied().take(code.shape().blocks()).collect();
        Ok(row.into_pyarray(python))
    }

    /// All elements, -1, 0 or 1.
    fn elements<'py>(&self, python: Python<'py>) -> Bound<'py, PyArray1<i8>> {
        let elements: Vec<i8> = match &*self.held {
            Held::Block(code) => {
                let mut elements = vec![0; code.shape().dimension()];
                let blocks = elements.chunks_exact_mut(code.shape().positions());
                for (block, (position, sign)) in blocks.zip(code.elements()) {
                    block[position] = sign as i8;
                }
                elements
            }
            Held::Planes(planes) => planes.elements().map(|value| value as i8).collect(),
        };
        elements.into_pyarray(python)
    }

    /// How many elements it has.
    #[getter]
    fn dimension(&self) -> usize {
        match &*self.held {
            Held::Block(code) => code.shape().dimension(),
            Held::Planes(planes) => planes.dimension(),
        }
    }

    fn __eq__(&self, other: &Self) -> bool {
        match (&*self.held, &*other.held) {
            (Held::Block(left), Held::Block(right)) => left == right,
            (Held::Planes(left), Held::Planes(right)) => left == right,
            _ => false,
        }
    }

    fn __repr__(&self) -> String {
        match &*self.held {
            Held::Block(code) => format!("Code({} blocks)", code.shape()),
            Held::Planes(planes) => format!("Code({} dimensions)", planes.dimension()),
        }
    }
}

/// The cosines of a block code with each row of a table.
#[pyfunction]
pub(crate) fn similarities<'py>(
    python: Python<'py>,
    code: &Code,
    rows: PyReadonlyArray2<'py, u8>,
) -> PyResult<Bound<'py, PyArray1<f32>>> {
    let code = code.block()?;
    let blocks = code.shape().blocks();
    if rows.shape().get(1) != Some(&blocks) {
        let found = rows.shape().get(1).copied().unwrap_or_default();
        return Err(PyValueError::new_err(format!(
            "the rows have {found} bytes: pass {blocks}, as `row` makes them"
        )));
    }
    let mut table = Codes::with_capacity(code.shape(), rows.shape().first().copied().unwrap_or_default());
    for row in rows.as_array().rows() {
        let code = BlockCode::from_bytes(code.shape(), &row.to_vec()).map_err(of_code)?;
        table.push(&code).map_err(of_code)?;
    }
    let cosines = python.detach(|| table.cosines(code)).map_err(of_code)?;
    Ok(cosines.into_pyarray(python))
}
