//! Bytes that Python hands over: `bytes`, `bytearray`, `memoryview`, and numpy arrays of `uint8`.

use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView};

/// A copy of the bytes, so that they stay as they are while Python goes on.
pub(crate) fn copied(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Ok(bytes.to_vec());
    }
    if let Ok(array) = object.extract::<PyReadonlyArray1<'_, u8>>() {
        return Ok(array.as_array().to_vec());
    }
    if let Ok(view) = object.cast::<PyMemoryView>() {
        let bytes = view.call_method0("tobytes")?;
        return Ok(bytes.cast::<PyBytes>()?.as_bytes().to_vec());
    }
    let kind = object.get_type().name()?;
    Err(PyTypeError::new_err(format!(
        "bytes are wanted, not {kind}: pass bytes, bytearray, memoryview or a one-dimensional numpy array of uint8"
    )))
}
