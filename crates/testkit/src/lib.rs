//! Everything that plays the outside world of the house in tests. Development only: nothing ships it.

pub mod business;
pub mod fixture;
pub mod fuzz;
pub mod kill;
pub mod oauth_race;
pub mod process;
pub mod race;
pub mod secure;
pub mod spend;
pub mod stub;
pub mod world;

pub use world::World;
