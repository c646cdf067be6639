//! Who stands for a stage: one implementation, or several, of which the next one is asked when one cannot answer.
//!
//! The same shape serves three times: settings in the configuration, slots in a running host, versions in a turn. Only asr, llm and tts can
//! have more than one member; their order may differ for each strategy.

use std::sync::Arc;

/// How much time an answer may take for its quality, as in the contracts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Strategy {
    Fast,
    #[default]
    Balanced,
    High,
}

/// The members of a chain, each with the name of its section, and the orders in which they are asked.
#[derive(Debug, Clone)]
pub(crate) struct Chain<T> {
    members: Vec<(Arc<str>, T)>,
    /// Indices of members, for each strategy.
    orders: [Vec<usize>; 3],
}

impl<T> Default for Chain<T> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
            orders: Default::default(),
        }
    }
}

impl<T> Chain<T> {
    /// A chain of these members; `orders` has names of members for fast, balanced and high, and names that are no member count for
    /// nothing.
    pub(crate) fn new(members: Vec<(Arc<str>, T)>, orders: [&[String]; 3]) -> Self {
        let place = |name: &String| members.iter().position(|(known, _)| **known == **name);
        let orders = orders.map(|names| names.iter().filter_map(place).collect());
        Self { members, orders }
    }

    /// Whether nobody stands for the stage.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// All members with the names of their sections.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &T)> {
        self.members.iter().map(|(name, it)| (&**name, it))
    }

    /// The members in the order in which they are asked, each with its index.
    pub(crate) fn order(&self, strategy: Strategy) -> impl Iterator<Item = (usize, &str, &T)> {
        let [fast, balanced, high] = &self.orders;
        let order = match strategy {
            Strategy::Fast => fast,
            Strategy::Balanced => balanced,
            Strategy::High => high,
        };
        order
            .iter()
            .filter_map(|&k| self.members.get(k).map(|(name, it)| (k, &**name, it)))
    }

    /// The member of this index.
    pub(crate) fn member(&self, k: usize) -> Option<&T> {
        self.members.get(k).map(|(_, it)| it)
    }

    /// The same chain of something that is made of its members.
    pub(crate) fn map<U>(&self, mut make: impl FnMut(&T) -> U) -> Chain<U> {
        let members = self.members.iter();
        Chain {
            members: members
                .map(|(name, it)| (Arc::clone(name), make(it)))
                .collect(),
            orders: self.orders.clone(),
        }
    }

    /// As [`Self::map`], for what can fail.
    pub(crate) fn try_map<U, E>(
        &self,
        mut make: impl FnMut(&str, &T) -> Result<U, E>,
    ) -> Result<Chain<U>, E> {
        let mut members = Vec::with_capacity(self.members.len());
        for (name, it) in &self.members {
            members.push((Arc::clone(name), make(name, it)?));
        }
        Ok(Chain {
            members,
            orders: self.orders.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_strategy_has_its_order() {
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(|&n| n.into()).collect() };
        let (both, other) = (names(&["a", "b"]), names(&["b", "nobody"]));
        let chain = Chain::new(
            vec![("a".into(), 1), ("b".into(), 2)],
            [&other, &both, &both],
        );
        let asked = |strategy| -> Vec<_> { chain.order(strategy).map(|(_, _, &it)| it).collect() };
        assert_eq!(asked(Strategy::Fast), [2]);
        assert_eq!(asked(Strategy::Balanced), [1, 2]);
        let doubled = chain.map(|it| it * 2);
        assert_eq!(doubled.member(1), Some(&4));
        assert_eq!(doubled.order(Strategy::High).count(), 2);
    }
}
