//! Whose sessions and audio a request may see: those of its API key's name, or, where no keys are in use, the one tenant there is.
//!
//! A tenant is part of the key under which a session or audio lies in a store. What belongs to another tenant is therefore not found,
//! in the same way and the same time as what never was; and two tenants may choose the same id. Ids have no `~`, so that no name and id
//! can be taken for another pair.

use serde::{Deserialize, Serialize};

/// Between the name and the id. Neither has one.
const MARK: char = '~';

/// A tenant; the default is the one without a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tenant(Option<String>);

impl Tenant {
    /// The tenant of an API key's name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(Some(name.to_owned()))
    }

    /// The name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether it is the one without a name.
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.0.is_none()
    }

    /// An id as it is part of a store's key.
    #[must_use]
    pub fn scoped(&self, id: &str) -> String {
        match &self.0 {
            Some(name) => format!("{name}{MARK}{id}"),
            None => id.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_share_no_keys() {
        let (kiosk, phone) = (Tenant::named("kiosk"), Tenant::named("phone"));
        assert_eq!(Tenant::default().scoped("session-1"), "session-1");
        assert_eq!(kiosk.scoped("session-1"), "kiosk~session-1");
        assert_ne!(kiosk.scoped("session-1"), phone.scoped("session-1"));
        // What a client may choose as an id cannot reach into another tenant.
        assert!(!crate::ids::is_session("phone~session-1"));
    }

    #[test]
    fn it_is_stored_as_its_name() {
        let stored = |tenant: &Tenant| serde_json::to_string(tenant).unwrap();
        assert_eq!(stored(&Tenant::named("kiosk")), r#""kiosk""#);
        assert_eq!(stored(&Tenant::default()), "null");
        assert_eq!(
            serde_json::from_str::<Tenant>(r#""kiosk""#).unwrap(),
            Tenant::named("kiosk")
        );
    }
}
