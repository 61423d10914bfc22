//! The body of an upload: `multipart/form-data`, written as a whole. Pure.

use std::fmt;

use bytes::Bytes;

/// A form with texts and one file. Held in memory, so that layers and retries see exactly what is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Form {
    texts: Vec<(String, String)>,
    file: File,
}

/// A file to upload.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    name: String,
    content_type: String,
    content: Bytes,
}

impl File {
    /// A file by its name, its media type (`application/pdf`) and its content.
    pub fn new(name: impl Into<String>, content_type: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self { name: name.into(), content_type: content_type.into(), content: content.into() }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size of the content, in bytes.
    pub fn size(&self) -> usize {
        self.content.len()
    }
}

impl Form {
    /// A form with the file as its part `file`.
    pub fn new(file: File) -> Self {
        Self { texts: Vec::new(), file }
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.texts.push((name.to_owned(), value.into()));
        self
    }

    /// The `Content-Type` of the request and its body.
    pub fn encode(&self) -> (String, Bytes) {
        let boundary = self.boundary();
        let mut body = Vec::with_capacity(self.file.content.len() + 512);
        for (name, value) in &self.texts {
            let head =
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{value}\r\n", quoted(name));
            body.extend_from_slice(head.as_bytes());
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            quoted(&self.file.name),
            one_line(&self.file.content_type),
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&self.file.content);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body.into())
    }

    /// A text that occurs in no part, so that no content can end its part early.
    fn boundary(&self) -> String {
        let occurs = |text: &str| {
            let text = text.as_bytes();
            let in_content = self.file.content.windows(text.len()).any(|window| window == text);
            in_content || self.texts.iter().any(|(_, value)| value.as_bytes().windows(text.len()).any(|w| w == text))
        };
        let mut boundaries = (0_u64..).map(|number| format!("freshsales-form-{number:016x}"));
        boundaries.find(|boundary| !occurs(boundary)).expect("a finite content does not hold every number")
    }
}

/// A name inside quotes, escaped as browsers do it (source: HTML standard, #multipart-form-data).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A header's value cannot hold line breaks.
fn one_line(value: &str) -> String {
    value.replace(['\r', '\n'], " ")
}

/// Sizes only: names and contents are personal data.
impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.texts.iter().map(|(name, _)| name.as_str()).collect();
        formatter.debug_struct("Form").field("texts", &names).field("file", &self.file).finish()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("File").field("size", &self.size()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_with_their_names_and_the_content_as_it_is() {
        let file = File::new("a\"b\r\n.pdf", "application/pdf\r\nx: y", vec![0, 13, 10, 255]);
        let (content_type, body) = Form::new(file).text("is_shared", "false").encode();
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        let mut expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"is_shared\"\r\n\r\nfalse\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a%22b%0D%0A.pdf\"\r\nContent-Type: application/pdf  x: y\r\n\r\n"
        )
        .into_bytes();
        expected.extend([0, 13, 10, 255]);
        expected.extend(format!("\r\n--{boundary}--\r\n").bytes());
        assert_eq!(body, expected);
    }

    #[test]
    fn a_boundary_that_the_content_holds_is_not_taken() {
        let form = Form::new(File::new("x", "text/plain", "--freshsales-form-0000000000000000--"));
        let (content_type, _) = form.text("name", "freshsales-form-0000000000000001").encode();
        assert_eq!(content_type, "multipart/form-data; boundary=freshsales-form-0000000000000002");
    }

    #[test]
    fn nothing_of_a_file_is_printed_but_its_size() {
        let form = Form::new(File::new("salary.pdf", "text/plain", "secret")).text("name", "private");
        assert_eq!(format!("{form:?}"), r#"Form { texts: ["name"], file: File { size: 6, .. } }"#);
    }
}
