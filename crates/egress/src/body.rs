//! Reading an answer's body with a cap on its size and its time. The size is counted as the bytes
//! come, because what the head announces is the other side's word.

use crate::error::{EgressError, Stage};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// The whole body, if it is no larger than `max_bytes` and complete within `deadline`.
pub async fn read_to_end(body: Incoming, max_bytes: usize, deadline: Duration) -> Result<Bytes, EgressError> {
    match timeout(deadline, collect(body, max_bytes)).await {
        Ok(read) => read,
        Err(_) => Err(EgressError::Timeout(Stage::Body)),
    }
}

pub(crate) async fn collect(mut body: Incoming, max_bytes: usize) -> Result<Bytes, EgressError> {
    let too_large = EgressError::TooLarge { max_bytes };
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > max_bytes {
        return Err(too_large);
    }
    // Most answers come in one frame: that one is kept as it is, without a copy.
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| EgressError::Protocol(Arc::new(error)))?;
        let Ok(chunk) = frame.into_data() else { continue };
        if first.len() + joined.len() + chunk.len() > max_bytes {
            return Err(too_large);
        }
        if first.is_empty() && joined.is_empty() {
            first = chunk;
            continue;
        }
        joined.extend_from_slice(&std::mem::take(&mut first));
        joined.extend_from_slice(&chunk);
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}
