//! Files on their way in, in chunks of any order, sent again as often as need be.

use kernel::{Code, Error, Result, UploadId};
use sha2::{Digest, Sha256};
use wire::imports::Upload;

use crate::db::args;
use crate::scope::Tenant;

/// Bytes in every chunk but the last.
pub const CHUNK: i64 = 1024 * 1024;
/// How many missing chunks a status names at most.
const MISSING_NAMED: usize = 1000;
/// How long an upload that nothing came of is kept: a day.
pub(crate) const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Begins an upload, and forgets those of the project that are older than a day.
///
/// # Errors
/// When the database fails.
pub fn create(t: &mut Tenant<'_, '_>, filename: &str, size: i64, sha256: Option<&str>) -> Result<Upload> {
    let (project, actor, now) = (t.project(), t.scope().actor(), t.now());
    let id: UploadId = t.id();
    t.execute(
        "DELETE FROM uploads WHERE project_id = $1 AND created_at < $2",
        args![project, now.plus_millis(-KEPT_MS)],
    )?;
    t.execute(
        "INSERT INTO uploads (id, project_id, filename, size, chunk_size, sha256, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![id, project, filename, size, CHUNK, sha256, now, actor],
    )?;
    get(t, id)
}

/// How far an upload is.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub fn get(t: &mut Tenant<'_, '_>, id: UploadId) -> Result<Upload> {
    let project = t.project();
    let mut upload = t
        .query_opt(
            "SELECT filename, size, chunk_size, complete FROM uploads WHERE project_id = $1 AND id = $2",
            args![project, id],
            |row| {
                let (size, chunk_size): (i64, i64) = (row.get(1)?, row.get(2)?);
                Ok(Upload {
                    id,
                    filename: row.get(0)?,
                    size,
                    chunk_size,
                    total_chunks: (size + chunk_size - 1) / chunk_size,
                    missing: Vec::new(),
                    complete: row.get(3)?,
                })
            },
        )?
        .ok_or_else(|| Error::not_found("upload"))?;
    if !upload.complete {
        let here = t.query(
            "SELECT ordinal FROM upload_chunks WHERE upload_id = $1 ORDER BY ordinal",
            args![id],
            |row| row.get::<i64>(0),
        )?;
        upload.missing =
            (0..upload.total_chunks).filter(|n| here.binary_search(n).is_err()).take(MISSING_NAMED).collect();
    }
    Ok(upload)
}

/// Keeps a chunk. One that is there already is replaced by the same. The last missing one completes the upload, if the
/// checksum is right.
///
/// # Errors
/// `NOT_FOUND`; `VALIDATION_ERROR` when the chunk's place or length is wrong, or the checksum; then the upload must begin anew.
pub fn put(t: &mut Tenant<'_, '_>, id: UploadId, ordinal: i64, bytes: &[u8]) -> Result<Upload> {
    let upload = get(t, id)?;
    if upload.complete {
        return Ok(upload);
    }
    if !(0..upload.total_chunks).contains(&ordinal) {
        return Err(Error::field("X-Chunk-Index", format!("must be from 0 to {}", upload.total_chunks - 1)));
    }
    let expected = upload.chunk_size.min(upload.size - ordinal * upload.chunk_size);
    if bytes.len() as i64 != expected {
        return Err(Error::field("body", format!("chunk {ordinal} must have {expected} bytes")));
    }
    t.execute(
        "INSERT INTO upload_chunks (upload_id, ordinal, bytes) VALUES ($1, $2, $3)
         ON CONFLICT (upload_id, ordinal) DO UPDATE SET bytes = excluded.bytes",
        args![id, ordinal, bytes],
    )?;
    // Of two last chunks that arrive at once, the second one sees the first.
    t.execute("UPDATE uploads SET complete = complete WHERE id = $1", args![id])?;
    let upload = get(t, id)?;
    if upload.missing.is_empty() { complete(t, upload) } else { Ok(upload) }
}

fn complete(t: &mut Tenant<'_, '_>, upload: Upload) -> Result<Upload> {
    let expected: Option<String> =
        t.query_one("SELECT sha256 FROM uploads WHERE id = $1", args![upload.id], |row| row.get(0))?;
    if let Some(expected) = expected {
        let mut sum = Sha256::new();
        for ordinal in 0..upload.total_chunks {
            sum.update(chunk(t, upload.id, ordinal)?);
        }
        let sum: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if sum != expected {
            return Err(Error::field(
                "sha256",
                "the file that arrived is not the one that was announced; send it anew",
            ));
        }
    }
    t.execute("UPDATE uploads SET complete = 1 WHERE id = $1", args![upload.id])?;
    Ok(Upload { complete: true, ..upload })
}

fn chunk(t: &mut Tenant<'_, '_>, id: UploadId, ordinal: i64) -> Result<Vec<u8>> {
    let bytes = t.query_opt(
        "SELECT bytes FROM upload_chunks WHERE upload_id = $1 AND ordinal = $2",
        args![id, ordinal],
        |row| row.get(0),
    )?;
    bytes.ok_or_else(|| Error::not_found("chunk"))
}

/// The whole file.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` when chunks are missing.
pub fn read(t: &mut Tenant<'_, '_>, id: UploadId) -> Result<(String, Vec<u8>)> {
    let upload = get(t, id)?;
    if !upload.complete {
        return Err(Error::new(Code::Conflict, "The upload is not complete; send the missing chunks first."));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(upload.size).unwrap_or(0));
    for ordinal in 0..upload.total_chunks {
        bytes.extend(chunk(t, id, ordinal)?);
    }
    Ok((upload.filename, bytes))
}
