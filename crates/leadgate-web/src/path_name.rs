//! The part of a path that names something.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use crate::error::ApiError;

/// A name in a path, as text. What is not UTF-8 once it is decoded names nothing, and is answered like every other path where nothing is.
pub(crate) struct PathName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<PathName, ApiError> {
        let named = Path::<String>::from_request_parts(parts, state).await;
        named.map(|Path(name)| PathName(name)).map_err(|_| ApiError::NoSuchPath)
    }
}
