//! A Markdown file of requests (`sh`) and answers (`json` or `text`), each answer behind its request.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Longest text that an answer shows; longer ones are cut.
const MAX_CHARS: usize = 160;

/// Longest line of an answer.
const MAX_COLUMNS: usize = 120;

/// Lines of an answer, and what to put there: its kind and its text.
type Answered = (std::ops::Range<usize>, Option<(&'static str, String)>);

/// The file, in pieces.
pub(super) struct Document {
    lines: Vec<String>,
    requests: Vec<Request>,
    /// Lines of each answer, fences excluded, and what to put there.
    answers: Vec<Answered>,
}

#[derive(Clone)]
pub(super) struct Request {
    pub(super) index: usize,
    pub(super) command: String,
    pub(super) answer: Block,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) enum Block {
    Json(Value),
    /// Server-sent events: names, or types of their data, and data.
    Events(Vec<(String, String)>),
    Text(String),
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let (mut requests, mut answers) = (Vec::new(), Vec::new());
        let mut command = None;
        let mut at = 0;
        while at < lines.len() {
            let Some(language) = lines[at].strip_prefix("```") else {
                at += 1;
                continue;
            };
            let begin = at + 1;
            let length = lines[begin..]
                .iter()
                .position(|line| line == "```")
                .with_context(|| format!("the block in line {} has no end", at + 1))?;
            let range = begin..begin + length;
            let content = lines[range.clone()].join("\n");
            match (language, command.take()) {
                ("sh", None) => command = Some(content),
                ("json" | "text", Some(command)) => {
                    let answer = if language == "json" {
                        Block::Json(serde_json::from_str(&content).unwrap_or(Value::Null))
                    } else {
                        Block::text(&content)
                    };
                    requests.push(Request {
                        index: answers.len(),
                        command,
                        answer,
                    });
                    answers.push((range, None));
                }
                (_, Some(_)) => bail!("no answer follows the request before line {begin}"),
                _ => {}
            }
            at = begin + length + 1;
        }
        Ok(Self {
            lines,
            requests,
            answers,
        })
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.clone()
    }

    /// Puts another answer in the place of one.
    pub(super) fn answer(&mut self, index: usize, block: &Block) {
        let language = if matches!(block, Block::Json(_)) {
            "json"
        } else {
            "text"
        };
        self.answers[index].1 = Some((language, block.written()));
    }

    /// The file with the new answers, and ids as they are now.
    pub(super) fn written(&self, ids: &[(String, String)]) -> String {
        let mut text = String::new();
        let mut from = 0;
        for (range, new) in &self.answers {
            let Some((language, new)) = new else { continue };
            for line in &self.lines[from..range.start - 1] {
                let mut line = line.clone();
                for (shown, real) in ids {
                    line = line.replace(shown, real);
                }
                text += &line;
                text.push('\n');
            }
            text += &format!("```{language}\n{new}\n");
            from = range.end;
        }
        for line in &self.lines[from..] {
            text += line;
            text.push('\n');
        }
        text
    }
}

impl Block {
    /// What was answered.
    pub(super) fn of(kind: &str, body: &str) -> Result<Self> {
        let kind = kind.split(';').next().unwrap_or_default();
        Ok(if kind.ends_with("json") {
            let mut value: Value = serde_json::from_str(body)?;
            if let Some(document) = value.as_object_mut()
                && document.contains_key("openapi")
            {
                // That one has a route of its own to be read at.
                document.retain(|name, _| ["openapi", "info"].contains(&name.as_str()));
            }
            Self::Json(value)
        } else if kind.starts_with("audio/") || kind == "text/html" {
            Self::Text(kind.to_owned())
        } else {
            Self::text(body)
        })
    }

    fn text(body: &str) -> Self {
        if !body.starts_with("event: ") && !body.starts_with("data: ") {
            return Self::Text(body.to_owned());
        }
        let frames = body.split("\n\n").filter(|frame| !frame.trim().is_empty());
        Self::Events(frames.map(event).collect())
    }

    fn written(&self) -> String {
        match self {
            Self::Json(value) => pretty(&short(value), 0),
            Self::Events(events) => {
                let frames = events.iter().map(|(name, data)| {
                    // In the order of its members, the kind is near the beginning.
                    let data = cut(data, MAX_CHARS);
                    match name.strip_prefix("data:") {
                        Some(_) => format!("data: {data}"),
                        None => format!("event: {name}\ndata: {data}"),
                    }
                });
                frames.collect::<Vec<_>>().join("\n\n")
            }
            Self::Text(text) => {
                let lines: Vec<_> = text.trim_end().lines().collect();
                if lines.len() > 24 {
                    lines[..24].join("\n") + "\n…"
                } else {
                    lines.join("\n")
                }
            }
        }
    }
}

/// The name of an event, else of the kind of its data; and its data.
fn event(frame: &str) -> (String, String) {
    let line = |prefix: &str| frame.lines().find_map(|line| line.strip_prefix(prefix));
    let data = line("data: ").unwrap_or_default();
    let name = line("event: ").map_or_else(
        || {
            // The data may have been cut; its kind is near the beginning, before whatever is in it has one.
            let kinds = ["\"type\":\"", "\"object\":\""].into_iter();
            let first = kinds
                .filter_map(|key| Some((data.find(key)?, key.len())))
                .min();
            let kind = first.and_then(|(at, length)| data.get(at + length..)?.split('"').next());
            format!("data:{}", kind.unwrap_or(data))
        },
        str::to_owned,
    );
    (name, data.to_owned())
}

/// The same with long texts cut, and one member of a list of documents.
fn short(value: &Value) -> Value {
    match value {
        Value::String(text) => cut(text, MAX_CHARS).into(),
        Value::Array(values) if values.len() > 1 && values.iter().all(Value::is_object) => {
            let more = format!("… and {} more", values.len() - 1);
            vec![short(&values[0]), more.into()].into()
        }
        Value::Array(values) => values.iter().map(short).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), short(value)))
            .collect(),
        other => other.clone(),
    }
}

fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// JSON in few lines: what fits into one is in one.
fn pretty(value: &Value, depth: usize) -> String {
    let line = one_line(value);
    if line.chars().count() + 2 * depth + 20 <= MAX_COLUMNS {
        return line;
    }
    let (margin, end) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    match value {
        Value::Array(values) => {
            let lines = values
                .iter()
                .map(|value| format!("{margin}{}", pretty(value, depth + 1)));
            format!("[\n{}\n{end}]", lines.collect::<Vec<_>>().join(",\n"))
        }
        Value::Object(members) => {
            let lines = members.iter().map(|(name, value)| {
                format!(
                    "{margin}{}: {}",
                    Value::from(name.as_str()),
                    pretty(value, depth + 1)
                )
            });
            format!("{{\n{}\n{end}}}", lines.collect::<Vec<_>>().join(",\n"))
        }
        other => other.to_string(),
    }
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Array(values) => format!(
            "[{}]",
            values.iter().map(one_line).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                format!("{}: {}", Value::from(name.as_str()), one_line(value))
            });
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
