//! The generated export. Only the entry uses it.
#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

pub(super) use wstd::__internal::wasip2;

use super::Component;
wasip2::http::proxy::export!(Component with_types_in wasip2);
