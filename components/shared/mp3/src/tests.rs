//! Structure: tags, descriptions, ends and cuts, on frames of silence. That sound is decoded as others decode it is in `tests/ffmpeg.rs`.

use super::*;

/// A frame of silence: 24 kHz, mono, 64 kbit/s, 576 samples.
fn frame() -> Vec<u8> {
    let mut frame = vec![0xff, 0xf3, 0x84, 0xc4];
    frame.resize(192, 0);
    frame
}

fn frames(n: usize) -> Vec<u8> {
    frame().repeat(n)
}

/// A description of that many frames, with delay and padding as LAME writes them: without the decoder's 529.
fn description(n_frames: u32, n_delay: u32, n_padding: u32) -> Vec<u8> {
    let mut frame = frame();
    let mut content = b"Info\0\0\0\x01".to_vec();
    content.extend(n_frames.to_be_bytes());
    content.extend(b"LAME3.100............");
    content.extend(&(n_delay << 12 | n_padding).to_be_bytes()[1..]);
    frame[13..13 + content.len()].copy_from_slice(&content);
    frame
}

fn id3(n: u8) -> Vec<u8> {
    let mut tag = b"ID3\x04\0\0\0\0\0".to_vec();
    tag.push(n);
    tag.resize(10 + usize::from(n), 0xff);
    tag
}

/// How many samples there are, all of silence.
fn decode(bytes: &[u8], piece: usize) -> Result<usize, BadMp3> {
    let mut mp3 = Mp3::new().unwrap();
    let mut pieces = bytes.chunks(piece);
    let mut n = 0;
    loop {
        match mp3.pull()? {
            Step::Samples(samples) => {
                assert!(!samples.is_empty() && samples.len() <= (N_FRAMES + 9) * 1152);
                assert!(samples.iter().all(|sample| *sample == 0));
                n += samples.len();
            }
            Step::More => match pieces.next() {
                Some(piece) => mp3.push(piece),
                None => mp3.end(),
            },
            Step::End => return Ok(n),
        }
    }
}

#[test]
fn any_pieces_give_the_same_number_of_samples() {
    let gapless = 50 * 576 - (576 + 529) - (1000 - 529);
    for (bytes, expected) in [
        (frames(50), 50 * 576),
        ([id3(35), frames(50)].concat(), 50 * 576),
        (
            [id3(0), id3(127), frames(50), b"TAG".repeat(42), vec![0; 2]].concat(),
            50 * 576,
        ),
        ([description(50, 576, 1000), frames(50)].concat(), gapless),
        (
            [id3(35), description(50, 576, 1000), frames(50), id3(35)].concat(),
            gapless,
        ),
        // Files one after the other, as some servers send sentences.
        (
            [id3(35), description(50, 576, 1000), frames(50)]
                .concat()
                .repeat(3),
            3 * gapless,
        ),
        // What an encoder says before it knows.
        (
            [description(0, 576, 0), frames(50)].concat(),
            50 * 576 - 1105,
        ),
        // More than was announced is heard.
        (
            [description(50, 576, 1000), frames(60)].concat(),
            gapless + 10 * 576,
        ),
        // The description counted as a frame.
        (
            [description(51, 576, 1000), frames(50)].concat(),
            50 * 576 - 1105,
        ),
        // All of it is delay.
        ([description(2, 4095, 0), frames(2)].concat(), 0),
    ] {
        for piece in [1, 3, 191, 192, 193, 1000, 100_000] {
            assert_eq!(decode(&bytes, piece), Ok(expected), "{piece}");
        }
    }
}

#[test]
fn a_cut_is_an_error_wherever_it_can_be_seen() {
    let file = frames(3);
    for cut in 1..file.len() {
        let expected = if cut % 192 == 0 {
            Ok(cut / 192 * 576)
        } else {
            Err(BadMp3::Cut)
        };
        assert_eq!(decode(&file[..cut], 100), expected, "{cut}");
    }
    // Between frames it shows in the number of them.
    let file = [description(50, 576, 1000), frames(48)].concat();
    assert_eq!(decode(&file, 100), Err(BadMp3::Cut));
    let next = [file, description(50, 576, 1000), frames(50)].concat();
    assert_eq!(decode(&next, 100), Err(BadMp3::Cut));
    assert_eq!(decode(b"ID3\x04\0\0", 100), Err(BadMp3::Cut));
}

#[test]
fn junk_is_an_error_wherever_it_is() {
    for junk in [
        &b"<html>"[..],
        b"{\"error\":1}",
        &[0; 10],
        b"\xff\xff\xff\xff",
    ] {
        assert_eq!(decode(junk, 5), Err(BadMp3::Damaged));
        for n in 1..3 {
            let between = [&frames(n), junk, &frames(3)].concat();
            assert_eq!(decode(&between, 100), Err(BadMp3::Damaged));
        }
    }
    let mut other = frames(2);
    other[192..196].copy_from_slice(&[0xff, 0xf3, 0x88, 0xc4]);
    assert_eq!(decode(&other, 100), Err(BadMp3::Changed));
    // A frame whose audio is none.
    let mut broken = frames(2);
    broken[192 + 4..384].fill(0xff);
    assert_eq!(decode(&broken, 100), Err(BadMp3::Damaged));
    let tags = [b"ID3\x04\0\0\x7f\x7f\x7f\x7f".to_vec(), vec![0; 100]].concat();
    assert_eq!(decode(&tags, 100), Err(BadMp3::Tags));
}

#[test]
fn the_rate_is_known_when_the_first_frame_is_whole() {
    let file = [id3(35), description(50, 576, 1000), frames(50)].concat();
    let mut mp3 = Mp3::new().unwrap();
    for (at, byte) in file.iter().enumerate() {
        let known = mp3.rate_hz().unwrap();
        assert_eq!(known, (at >= 45 + 192 + 4).then_some(24_000), "{at}");
        mp3.push(&[*byte]);
    }
    // One frame and no more.
    let mut short = Mp3::new().unwrap();
    short.push(&frame());
    assert_eq!(short.rate_hz(), Ok(None));
    short.end();
    assert_eq!(short.rate_hz(), Ok(Some(24_000)));
    // A mark, and then something else.
    let mut noise = Mp3::new().unwrap();
    noise.push(&[frame(), vec![0; 4]].concat());
    assert_eq!(noise.rate_hz(), Err(BadMp3::Damaged));
    let mut tags = Mp3::new().unwrap();
    tags.push(&id3(35));
    tags.end();
    assert_eq!(tags.rate_hz(), Err(BadMp3::Cut));
}

#[test]
fn two_frames_are_enough_to_be_recognised() {
    let file = frames(2);
    assert_eq!(is_mp3(&file[..195]), None);
    assert_eq!(is_mp3(&file[..196]), Some(true));
    assert_eq!(is_mp3(&[&file[..192], b"...."].concat()), Some(false));
    assert_eq!(is_mp3(b"RIFF"), Some(false));
}
