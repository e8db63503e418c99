//! Putting bytes together: little-endian, texts with their length before them.

use crate::clock::Timestamp;

/// Appends typed values.
pub(crate) trait Write {
    fn put(&mut self, bytes: &[u8]);

    fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    fn u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    fn f32(&mut self, value: f32) {
        self.u32(value.to_bits());
    }

    fn time(&mut self, value: Timestamp) {
        self.u64(value.as_millis() as u64);
    }

    fn text(&mut self, value: &str) {
        self.u32(value.len() as u32);
        self.put(value.as_bytes());
    }

    fn texts(&mut self, values: &[String]) {
        self.u16(values.len() as u16);
        for value in values {
            self.text(value);
        }
    }
}

impl Write for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
