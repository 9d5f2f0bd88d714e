//! Screening and sanitizing: text in, findings or text out. Pure: no clock, no socket, no store. [`inject`] looks for
//! instructions that nobody gave (SCR), [`redact`] takes secrets out (RED-1), [`personal`] takes out what tells who a
//! user is (USR-7), [`truncate`] cuts what is too long (RED-2), [`page`] reads on from there, and [`boundary`] fences what came from outside (RED-3).
//! Everything is linear in the text and bounded by bytes and views.

pub mod boundary;
mod confusable;
mod grams;
pub mod inject;
mod json;
mod offsets;
pub mod page;
pub mod personal;
mod pieces;
pub mod redact;
pub mod truncate;
