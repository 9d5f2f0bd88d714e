#![doc = include_str!("../README.md")]

mod ask;
mod client;
mod error;
mod http;
mod receipt;
mod session_token;
mod strict;
mod webhook;
pub mod wire;
mod words;

pub use ask::{Ask, AskError};
pub use client::{Grant, Guarded, Procura, Settings};
pub use error::{Error, Failure, GuardError, Settlement, Unavailable};
pub use receipt::{Claims, KeySet, ReceiptError, Rules, Verdict, verify_receipt};
pub use session_token::{SessionTokenError, sign_session_token};
pub use webhook::{
    Delivery, USUAL_TOLERANCE, WebhookError, verify_webhook_signature, verify_webhook_signature_at,
};
