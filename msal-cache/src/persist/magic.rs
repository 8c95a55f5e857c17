/// Whether these bytes are, or begin like, an encrypted value, whatever its key and format (feature `encrypted`).
///
/// Who reads a plain cache asks this before calling it damaged: an encrypted one is whole, and somebody has its key.
///
/// ```
/// assert!(!msal_cache::persist::is_encrypted(b"{}"));
/// ```
pub fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// No text in any encoding begins like this, and what a transfer as text does to it shows.
pub(crate) const MAGIC: [u8; 8] = *b"\x8bMSAL\r\n\0";
