//! Bodies of uploads: `multipart/form-data` (RFC 7578). Pure.

use bytes::{BufMut, Bytes, BytesMut};

/// A form with texts and files, e.g. for `POST /documents`.
///
/// ```
/// use freshsales::multipart::{File, Multipart};
///
/// let form = Multipart::new().text("targetable_id", "40201000001").file("file", File::new("offer.pdf", "application/pdf", &b"%PDF-"[..]));
/// # let _ = form;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Multipart {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq)]
struct Part {
    name: String,
    file: Option<(String, String)>,
    content: Bytes,
}

/// A file to upload.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    name: String,
    media_type: String,
    content: Bytes,
}

impl File {
    /// A file by its name, its media type (`application/pdf`) and its content.
    pub fn new(name: impl Into<String>, media_type: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self { name: name.into(), media_type: media_type.into(), content: content.into() }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Names and contents are personal data, so only the size is printed.
impl std::fmt::Debug for File {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("File").field("bytes", &self.content.len()).finish_non_exhaustive()
    }
}

/// A content may be anything, so only its size is printed.
impl std::fmt::Debug for Part {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Part")
            .field("name", &self.name)
            .field("bytes", &self.content.len())
            .finish_non_exhaustive()
    }
}

impl Multipart {
    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        let content = Bytes::from(text.into());
        self.parts.push(Part { name: name.into(), file: None, content });
        self
    }

    /// Adds a file as the part of this name.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, file: File) -> Self {
        let File { name: file_name, media_type, content } = file;
        self.parts.push(Part { name: name.into(), file: Some((file_name, media_type)), content });
        self
    }

    /// The value of the `Content-Type` header, and the body. The boundary occurs in no content.
    pub fn encode(&self) -> (String, Bytes) {
        let boundary = self.boundary();
        let mut body = BytesMut::new();
        for part in &self.parts {
            body.put_slice(format!("--{boundary}\r\n{}\r\n\r\n", part.headers()).as_bytes());
            body.put_slice(&part.content);
            body.put_slice(b"\r\n");
        }
        body.put_slice(format!("--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body.freeze())
    }

    fn boundary(&self) -> String {
        let occurs = |boundary: &str| {
            let bytes = boundary.as_bytes();
            self.parts.iter().any(|part| part.content.windows(bytes.len()).any(|window| window == bytes))
        };
        let mut number: u64 = 0;
        loop {
            let boundary = format!("freshsales-form-{number:016x}");
            if !occurs(&boundary) {
                return boundary;
            }
            number += 1;
        }
    }
}

impl Part {
    fn headers(&self) -> String {
        let name = quoted(&self.name);
        match &self.file {
            None => format!("Content-Disposition: form-data; name=\"{name}\""),
            Some((file, media_type)) => format!(
                "Content-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\nContent-Type: {}",
                quoted(file),
                media_type.replace(['\r', '\n'], " ")
            ),
        }
    }
}

/// Quotes and line ends would end the header, and are escaped as browsers do (source: HTML standard, multipart form data).
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}
