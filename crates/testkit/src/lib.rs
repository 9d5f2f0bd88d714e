//! Everything that plays the outside world of the house in tests. Development only: nothing ships it.

pub mod fixture;
pub mod stub;
