//! Reads named tensors from a safetensors file, one at a time, so that loading never holds the file twice.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata};

/// The header's length comes first, in eight bytes. A header longer than this is not one of ours.
const LONGEST_HEADER: u64 = 1 << 20;

/// The file of weights is not the model's.
#[derive(Debug, thiserror::Error)]
pub enum BadTensors {
    /// The file could not be read.
    #[error("the weights cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file has no header of the form that is known.
    #[error("the weights are in no form that is known: {0}")]
    Form(#[from] serde_json::Error),
    /// The file says that its header is longer than this model's can be.
    #[error("the weights are in no form that is known: the header is too long")]
    LongHeader,
    /// A tensor is missing or has another shape or type.
    #[error("the weights have no tensor {name} of {shape:?} 32-bit floats")]
    NoTensor {
        /// What the tensor is called.
        name: String,
        /// The sizes that it should have.
        shape: Vec<usize>,
    },
}

/// An open file of tensors.
pub(crate) struct Tensors {
    file: File,
    metadata: Metadata,
    data: u64,
}

impl Tensors {
    pub(crate) fn open(path: &Path) -> Result<Self, BadTensors> {
        let mut file = File::open(path)?;
        let mut start = [0; 8];
        file.read_exact(&mut start)?;
        let length = u64::from_le_bytes(start);
        if length > LONGEST_HEADER {
            return Err(BadTensors::LongHeader);
        }
        let mut header = Vec::new();
        file.by_ref().take(length).read_to_end(&mut header)?;
        let metadata = serde_json::from_slice(&header)?;
        Ok(Self { file, metadata, data: 8 + length })
    }

    /// The numbers of the tensor `name`, which must have this shape.
    pub(crate) fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, BadTensors> {
        let missing = || BadTensors::NoTensor { name: name.to_owned(), shape: shape.to_vec() };
        let info = self.metadata.info(name).ok_or_else(missing)?;
        if info.dtype != Dtype::F32 || info.shape != shape {
            return Err(missing());
        }
        let (from, to) = info.data_offsets;
        self.file.seek(SeekFrom::Start(self.data + from as u64))?;
        let mut numbers = Vec::with_capacity((to - from) / 4);
        let mut buffer = vec![0; (1 << 16).min(to - from)];
        let mut left = to - from;
        while left > 0 {
            let part = &mut buffer[..left.min(1 << 16)];
            self.file.read_exact(part)?;
            numbers.extend(part.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            left -= part.len();
        }
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(header: &str, data: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
        file.write_all(header.as_bytes()).unwrap();
        file.write_all(data).unwrap();
        file
    }

    #[test]
    fn a_tensor_is_read_by_name_and_shape() {
        let data: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let file = file(r#"{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}"#, &data);
        let mut tensors = Tensors::open(file.path()).unwrap();
        assert_eq!(tensors.read("a", &[2, 1]).unwrap(), [1.5, -2.0]);
        assert!(matches!(tensors.read("a", &[2]), Err(BadTensors::NoTensor { .. })));
        assert!(matches!(tensors.read("b", &[2]), Err(BadTensors::NoTensor { .. })));
    }

    #[test]
    fn a_file_that_ends_early_or_is_something_else_is_refused() {
        let short = file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, &[0; 4]);
        let read = Tensors::open(short.path()).and_then(|mut tensors| tensors.read("a", &[2]));
        assert!(matches!(read, Err(BadTensors::Io(_) | BadTensors::Form(_))));
        let mut other = tempfile::NamedTempFile::new().unwrap();
        other.write_all(b"PK\x03\x04 something else entirely").unwrap();
        assert!(matches!(Tensors::open(other.path()), Err(BadTensors::LongHeader)));
    }
}
