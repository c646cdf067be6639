//! The memory limit of one store: the sum of its linear memories.
//!
//! Growing past it fails as it would on a machine without memory, which the guest may survive; that it happened is remembered, so that
//! a trap that follows can be told apart from a defect.

use wasmtime::ResourceLimiter;

/// Table elements that one table may have; our largest component has a few thousand.
const TABLE_ELEMENTS: usize = 100_000;

/// Store data that carries a memory limit.
pub(crate) trait Limited: Send + 'static {
    /// The limit of this store.
    fn memory(&mut self) -> &mut MemoryLimit;
}

/// How much linear memory a store may have in all, and whether it asked for more.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    limit: usize,
    used: usize,
    exceeded: bool,
}

impl MemoryLimit {
    /// A limit in bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            used: 0,
            exceeded: false,
        }
    }

    /// Whether growth was ever refused.
    pub(crate) fn exceeded(&self) -> bool {
        self.exceeded
    }

    /// Bytes of linear memory in use.
    pub(crate) fn used(&self) -> usize {
        self.used
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.limit {
            self.exceeded = true;
            return Ok(false);
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_count_together() {
        let mut memory = MemoryLimit::new(100);
        assert!(memory.memory_growing(0, 60, None).unwrap());
        assert!(memory.memory_growing(0, 40, None).unwrap());
        assert!(!memory.exceeded());
        assert!(!memory.memory_growing(40, 41, None).unwrap());
        assert!(memory.exceeded());
        assert_eq!(memory.used(), 100);
    }
}
