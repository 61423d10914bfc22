//! A `multipart/form-data` body taken apart: how files are uploaded.

use std::convert::Infallible;

use bytes::Bytes;

/// The parts of a form, in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    parts: Vec<Part>,
}

/// One part of a form.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    name: String,
    /// The name of the file, where the part is one.
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content: Bytes,
}

impl Form {
    /// Reads a body whose `Content-Type` names a form; nothing where it is none or broken.
    pub(crate) async fn read(content_type: Option<&str>, body: &Bytes) -> Option<Self> {
        let boundary = multer::parse_boundary(content_type?).ok()?;
        let whole = futures::stream::iter([Ok::<_, Infallible>(body.clone())]);
        let mut multipart = multer::Multipart::new(whole, boundary);
        let mut form = Self::default();
        while let Some(field) = multipart.next_field().await.ok()? {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            let content_type = field.content_type().map(ToString::to_string);
            form.parts.push(Part { name, file_name, content_type, content: field.bytes().await.ok()? });
        }
        Some(form)
    }

    #[cfg(feature = "fuzzing")]
    pub(crate) fn count(&self) -> usize {
        self.parts.len()
    }

    /// The last part of this name.
    pub(crate) fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().rev().find(|part| part.name == name)
    }

    /// The text of the part of this name.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.part(name).map(|part| String::from_utf8_lossy(&part.content).into_owned())
    }
}
