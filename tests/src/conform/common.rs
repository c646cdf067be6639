//! Checks that every stage has in common, written once for all contracts.

use wasmtime::component::Lift;

use super::bindings::colloquy;
use super::rig::Rig;
use super::verdict::{Asked, Refusal, Verdict, ensure};

/// What a stage says about itself; the same record in every package.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Name of the implementation.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its model or voice.
    pub model: Option<String>,
    /// Languages as BCP 47 tags.
    pub languages: Vec<String>,
    /// What it needs of its host.
    pub needs: Vec<String>,
}

/// One interface of a stage.
pub trait Contract {
    /// Its full name.
    const INTERFACE: &'static str;
    /// Its error.
    type Error: Lift + Into<Refusal> + Send + Sync + 'static;
    /// Its description.
    type Info: Lift + Into<Info> + Send + Sync + 'static;
}

/// Implements [`Contract`] for a type named after the package.
macro_rules! contracts {
    ($($package:ident $name:ident $version:literal),*) => { $(
        #[doc = concat!("The contract `colloquy:", stringify!($package), "`.")]
        #[derive(Debug)]
        pub struct $name;

        impl Contract for $name {
            const INTERFACE: &'static str = concat!("colloquy:", stringify!($package), "/", stringify!($package), "@", $version);
            type Error = colloquy::$package::$package::Error;
            type Info = colloquy::$package::$package::Info;
        }

        impl From<colloquy::$package::$package::Info> for Info {
            fn from(info: colloquy::$package::$package::Info) -> Self {
                let colloquy::$package::$package::Info { name, version, model, languages, needs } = info;
                Self { name, version, model, languages, needs }
            }
        }
    )* };
}
contracts!(
    ingest Ingest "0.1.0", vad Vad "0.1.0", asr Asr "0.2.0", intent Intent "0.1.0", content Content "0.1.0", llm Llm "0.2.0",
    tts Tts "0.2.0"
);

/// What the stage says about itself.
pub fn describe<C: Contract>(rig: &mut Rig) -> Asked<Info> {
    let answer = rig.ask::<C::Error, C::Info, _>(C::INTERFACE, "describe", ())?;
    Ok(super::verdict::Answer {
        function: answer.function,
        result: answer.result.map(Into::into),
    })
}

/// The interface is there, and nothing of ours is imported but the events: a stage knows no other.
pub fn world<C: Contract>(rig: &mut Rig) -> Verdict {
    ensure(
        rig.exports(C::INTERFACE),
        &format!("the component exports {}", C::INTERFACE),
        || "no such export".into(),
    )?;
    let ours: Vec<_> = rig
        .imports()
        .into_iter()
        .filter(|name| name.starts_with("colloquy:") && !name.starts_with("colloquy:events/"))
        .collect();
    ensure(
        ours.is_empty(),
        "a stage imports nothing of Colloquy's but its events",
        || ours.join(", "),
    )
}

/// A name, a version, and language tags that are some.
pub fn described<C: Contract>(rig: &mut Rig) -> Verdict {
    // A component that cannot even describe itself is not ready, whatever the reason: nothing else would be worth a look.
    let answer = describe::<C>(rig)?;
    let info = match answer.result {
        Ok(info) => info,
        Err(refusal) => {
            return ensure(
                false,
                "`describe` succeeds (what it needs has to be mounted)",
                || refusal.to_string(),
            );
        }
    };
    ensure(!info.name.trim().is_empty(), "the stage has a name", || {
        format!("{:?}", info.name)
    })?;
    ensure(
        !info.version.trim().is_empty(),
        "the stage has a version",
        || format!("{:?}", info.version),
    )?;
    let wrong = info.languages.iter().find(|tag| !is_tag(tag));
    ensure(wrong.is_none(), "languages are BCP 47 tags", || {
        format!("{:?}", info.languages)
    })
}

/// The description does not change, neither from call to call nor from instance to instance.
pub fn described_again<C: Contract>(rig: &mut Rig) -> Verdict {
    let first = describe::<C>(rig)?.given("a stage")?;
    let second = describe::<C>(rig)?.given("the same instance")?;
    ensure(first == second, &format!("{first:?} again"), || {
        format!("{second:?}")
    })?;
    rig.fresh();
    let third = describe::<C>(rig)?.given("another instance")?;
    ensure(
        first == third,
        &format!("{first:?} in another instance"),
        || format!("{third:?}"),
    )
}

/// The shape of a BCP 47 tag: a language of two to eight letters, then subtags of one to eight letters or digits.
#[must_use]
pub fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=8).contains(&language.len())
        && language.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
        })
}

/// Whether a number is a probability.
#[must_use]
pub fn is_share(value: f32) -> bool {
    (0.0..=1.0).contains(&value)
}

/// Inputs for functions that take text: what people and attackers send.
pub const ODD_TEXTS: [&str; 6] = [
    "\u{0}\u{1}\u{7f}",
    "\u{202e}\u{200b}\u{feff}",
    "👩‍👩‍👧‍👦 🇺🇳 e\u{301}\u{301}\u{301}",
    "'; DROP TABLE items; -- {{7*7}} <script>alert(1)</script>",
    "Ærøskøbing 東京 Ω ≈ ½ ﬁ",
    "a-a-a-a-a 1,000,000.00 99999999999999999999 -0 1/0",
];
