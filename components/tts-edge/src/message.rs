//! What is in the frames: headers and a body, as text or with audio.
//!
//! Knows no connection. What the service may add (other headers, other paths of text) is passed over.

/// Largest header block of a binary frame.
const MAX_HEADERS: usize = 8 << 10;

/// A frame of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A text frame that only informs.
    Other,
    /// The audio begins.
    TurnStart,
    /// The audio is complete.
    TurnEnd,
    /// A piece of audio; the last one may be empty.
    Audio {
        /// Its content type, which an empty piece does not have.
        kind: Option<&'a str>,
        /// The bytes.
        data: &'a [u8],
    },
}

/// A frame that is none of the service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// A text without a path.
    #[error("a text without a path")]
    NoPath,
    /// A binary frame that is shorter than it says, or whose headers are no text.
    #[error("a damaged binary frame")]
    Damaged,
    /// A binary frame with something else than audio.
    #[error("a binary frame that is not audio")]
    NoAudio,
}

/// Reads a text frame.
///
/// # Errors
/// When it has no path.
pub fn text(frame: &str) -> Result<Event<'_>, BadFrame> {
    let headers = frame
        .split_once("\r\n\r\n")
        .map_or(frame, |(headers, _)| headers);
    match header(headers, "Path").ok_or(BadFrame::NoPath)? {
        "turn.start" => Ok(Event::TurnStart),
        "turn.end" => Ok(Event::TurnEnd),
        _ => Ok(Event::Other),
    }
}

/// Reads a binary frame: two bytes with the length of the headers, the headers, the audio.
///
/// # Errors
/// When it is not whole or has no audio.
pub fn binary(frame: &[u8]) -> Result<Event<'_>, BadFrame> {
    let (length, rest) = frame.split_first_chunk::<2>().ok_or(BadFrame::Damaged)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length > MAX_HEADERS {
        return Err(BadFrame::Damaged);
    }
    let (headers, data) = rest.split_at_checked(length).ok_or(BadFrame::Damaged)?;
    let headers = std::str::from_utf8(headers).map_err(|_| BadFrame::Damaged)?;
    if header(headers, "Path") != Some("audio") {
        return Err(BadFrame::NoAudio);
    }
    let kind = header(headers, "Content-Type");
    match (kind, data) {
        (None, [_, ..]) => Err(BadFrame::NoAudio),
        _ => Ok(Event::Audio { kind, data }),
    }
}

fn header<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = headers
        .split("\r\n")
        .filter_map(|line| line.split_once(':'));
    lines
        .find(|(other, _)| other.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// The first message of a connection: what audio to send.
#[must_use]
pub fn config(format: &str, timestamp: &str) -> String {
    format!(
        "X-Timestamp:{timestamp}\r\nContent-Type:application/json; charset=utf-8\r\nPath:speech.config\r\n\r\n\
         {{\"context\":{{\"synthesis\":{{\"audio\":{{\"metadataoptions\":{{\"sentenceBoundaryEnabled\":\"false\",\
         \"wordBoundaryEnabled\":\"false\"}},\"outputFormat\":\"{format}\"}}}}}}}}\r\n"
    )
}

/// The message with what to say.
#[must_use]
pub fn request(id: &str, timestamp: &str, ssml: &str) -> String {
    // The Z after a time that names its zone is how the service knows its clients.
    format!(
        "X-RequestId:{id}\r\nContent-Type:application/ssml+xml\r\nX-Timestamp:{timestamp}Z\r\nPath:ssml\r\n\r\n{ssml}"
    )
}

/// A time as browsers write it.
#[must_use]
pub fn timestamp(unix_s: i64) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (days, seconds) = (unix_s.div_euclid(86_400), unix_s.rem_euclid(86_400));
    let (year, month, day) = date(days);
    // 1 January 1970 was a Thursday.
    let weekday = DAYS.get((days + 4).rem_euclid(7) as usize).unwrap_or(&"");
    let month = MONTHS.get(month).unwrap_or(&"");
    format!(
        "{weekday} {month} {day:02} {year} {:02}:{:02}:{:02} GMT+0000 (Coordinated Universal Time)",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Year, month from 0 and day from 1 of a day since 1970, in a calendar that begins in March, so that leap days are last.
fn date(days: i64) -> (i64, usize, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    (year, month as usize, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(headers: &str, data: &[u8]) -> Vec<u8> {
        let length = (headers.len() as u16).to_be_bytes();
        [&length, headers.as_bytes(), data].concat()
    }

    #[test]
    fn frames_are_told_apart() {
        let start = "X-RequestId:7f\r\nContent-Type:application/json; charset=utf-8\r\nPath:turn.start\r\n\r\n{\"context\":{}}";
        assert_eq!(text(start), Ok(Event::TurnStart));
        assert_eq!(text("Path:turn.end\r\n\r\n{}"), Ok(Event::TurnEnd));
        assert_eq!(
            text("Path: audio.metadata\r\n\r\nPath:turn.end"),
            Ok(Event::Other)
        );
        assert_eq!(text("Path:something.new\r\n\r\n"), Ok(Event::Other));
        assert_eq!(text("{\"Path\":1}"), Err(BadFrame::NoPath));
        assert_eq!(text("A:b\r\n\r\nPath:turn.end"), Err(BadFrame::NoPath));
    }

    #[test]
    fn audio_begins_after_the_headers() {
        let headers = "X-RequestId:7f\r\nContent-Type:audio/mpeg\r\nX-StreamId:A\r\nPath:audio\r\n";
        let sound = frame(headers, &[0xff, 0xf3, 1]);
        let expected = Event::Audio {
            kind: Some("audio/mpeg"),
            data: &[0xff, 0xf3, 1],
        };
        assert_eq!(binary(&sound), Ok(expected));
        let last = frame("X-RequestId:7f\r\nX-StreamId:A\r\nPath:audio\r\n", &[]);
        assert_eq!(
            binary(&last),
            Ok(Event::Audio {
                kind: None,
                data: &[]
            })
        );
    }

    #[test]
    fn damaged_frames_are_refused() {
        let whole = frame("Content-Type:audio/mpeg\r\nPath:audio\r\n", &[]);
        for n in 0..whole.len() {
            assert_eq!(binary(&whole[..n]), Err(BadFrame::Damaged), "{n}");
        }
        assert_eq!(
            binary(&frame("Path:video\r\n", &[1])),
            Err(BadFrame::NoAudio)
        );
        assert_eq!(
            binary(&frame("Path:audio\r\n", &[1])),
            Err(BadFrame::NoAudio)
        );
        assert_eq!(binary(&frame("\u{0}", &[])), Err(BadFrame::NoAudio));
        assert_eq!(binary(&[0, 2, 0xc3, 0x28, 1]), Err(BadFrame::Damaged));
        assert_eq!(binary(&[0xff; 70_000]), Err(BadFrame::Damaged));
    }

    #[test]
    fn times_are_as_browsers_write_them() {
        for (unix_s, expected) in [
            (0, "Thu Jan 01 1970 00:00:00"),
            (1_700_000_000, "Tue Nov 14 2023 22:13:20"),
            (1_709_164_800, "Thu Feb 29 2024 00:00:00"),
            (4_102_444_799, "Thu Dec 31 2099 23:59:59"),
        ] {
            let expected = format!("{expected} GMT+0000 (Coordinated Universal Time)");
            assert_eq!(timestamp(unix_s), expected);
        }
    }

    #[test]
    fn what_is_sent_is_a_message_too() {
        let sent = config("audio-24khz-48kbitrate-mono-mp3", "now");
        let (headers, body) = sent.split_once("\r\n\r\n").unwrap();
        assert_eq!(header(headers, "path"), Some("speech.config"));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let format = &body["context"]["synthesis"]["audio"]["outputFormat"];
        assert_eq!(format, "audio-24khz-48kbitrate-mono-mp3");
        let sent = request("7f", "now", "<speak/>");
        assert!(sent.ends_with("Path:ssml\r\n\r\n<speak/>"), "{sent}");
        assert!(sent.contains("X-Timestamp:nowZ\r\n"), "{sent}");
    }
}
