#![doc = include_str!("../README.md")]

mod session_token;

pub use session_token::{SessionTokenError, sign_session_token};
