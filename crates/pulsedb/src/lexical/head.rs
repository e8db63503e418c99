//! The first bytes of a term as a number.

/// A number that sorts as the first eight bytes do. Most terms differ in it, and comparing numbers is quick; terms
/// that share it are compared as bytes.
#[inline]
pub(super) fn head(term: &[u8]) -> u64 {
    if let Some(eight) = term.first_chunk() {
        return u64::from_be_bytes(*eight);
    }
    let mut head = [0; 8];
    head[..term.len()].copy_from_slice(term);
    u64::from_be_bytes(head)
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn heads_sort_as_terms_do() {
        let terms: [&[u8]; 8] = [b"", b"a", b"a!", b"ab", b"abcdefgh", b"abcdefghi", b"b", b"\xff"];
        assert!(terms.windows(2).all(|pair| head(pair[0]) <= head(pair[1])));
        assert!(head(b"ab") < head(b"b") && head(b"abcdefgh") == head(b"abcdefghi"));
    }
}
