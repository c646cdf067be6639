//! `multipart/form-data` (RFC 7578): a few texts and one file.

/// A form in the making.
#[derive(Debug, Clone)]
pub struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// An empty form. The boundary is made so that it cannot be in `contents`, what the form will hold.
    #[must_use]
    pub fn new(contents: &[&[u8]]) -> Self {
        let mut n = 0_u64;
        loop {
            let boundary = format!("colloquy-{n:016x}");
            let inside = |content: &&[u8]| {
                content
                    .windows(boundary.len())
                    .any(|window| window == boundary.as_bytes())
            };
            if !contents.iter().any(inside) {
                let body = Vec::with_capacity(contents.iter().map(|c| c.len() + 256).sum());
                return Self { boundary, body };
            }
            n += 1;
        }
    }

    /// The value of the `content-type` header.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Adds a text.
    pub fn text(&mut self, name: &'static str, value: &str) {
        self.part(&format!("name=\"{name}\""), None, value.as_bytes());
    }

    /// Adds a file.
    pub fn file(&mut self, name: &'static str, file: &'static str, kind: &str, content: &[u8]) {
        let disposition = format!("name=\"{name}\"; filename=\"{file}\"");
        self.part(&disposition, Some(kind), content);
    }

    /// The finished body.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.body
            .extend(format!("--{}--\r\n", self.boundary).bytes());
        self.body
    }

    fn part(&mut self, disposition: &str, kind: Option<&str>, content: &[u8]) {
        let kind = kind.map_or_else(String::new, |kind| format!("Content-Type: {kind}\r\n"));
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n",
            self.boundary
        );
        self.body.extend(head.bytes());
        self.body.extend(content);
        self.body.extend(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_as_the_standard_has_it() {
        let mut form = Form::new(&[b"RIFF"]);
        form.text("model", "whisper-1");
        form.file("file", "audio.wav", "audio/wav", b"RIFF");
        let kind = form.content_type();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let body = String::from_utf8(form.clone().finish()).unwrap();
        let expected = [
            "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n",
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"audio.wav\"\r\n",
            "Content-Type: audio/wav\r\n\r\nRIFF\r\n--B--\r\n",
        ];
        assert_eq!(
            body,
            expected
                .concat()
                .replace('B', boundary)
                .replace(&format!("{boundary}IFF"), "RIFF")
        );
    }

    #[test]
    fn the_boundary_is_not_in_the_contents() {
        let first = Form::new(&[]);
        let hostile = format!("--{}--", first.boundary);
        assert_ne!(
            Form::new(&[b"x", hostile.as_bytes()]).boundary,
            first.boundary
        );
    }
}
