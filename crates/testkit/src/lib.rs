//! Everything that plays the outside world of the house in tests. Development only: nothing ships it.

pub mod business;
pub mod fixture;
pub mod kill;
pub mod process;
pub mod race;
pub mod spend;
pub mod stub;
pub mod world;

pub use world::World;
