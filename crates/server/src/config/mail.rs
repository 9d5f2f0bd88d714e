//! `[mail]`: how mail is sent. Without it nobody is asked by mail, and nothing says that they could be.

use super::{ConfigError, read_file, wrong};
use procura_app::mail::Mailer;
use procura_egress::smtp::{Relay, RelaySettings, Security};
use procura_model::Secret;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

/// Where mail goes.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    /// Nowhere.
    #[default]
    Off,
    /// To the log.
    Console,
    /// Into a folder.
    Folder,
    /// To a relay.
    Smtp,
}

/// What can be written of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawMail {
    /// `off`, `console`, `folder` or `smtp`.
    send: Way,
    /// The folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    /// The relay's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// The relay's port; 465, or 587 with `starttls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    /// `tls`, `starttls`, or `none` on this machine.
    security: Security,
    /// As whom we send.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The file with the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_file: Option<PathBuf>,
    /// From whom mails come: `Procura <procura@shop.example>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

impl RawMail {
    /// What it means.
    pub(super) fn checked(self) -> Result<Mailer, ConfigError> {
        let missing = |key: &str| wrong(format!("mail.{key}"), "must be set");
        match self.send {
            Way::Off => Ok(Mailer::Off),
            Way::Console => Ok(Mailer::Console),
            Way::Folder => Ok(Mailer::Folder(self.folder.ok_or_else(|| missing("folder"))?)),
            Way::Smtp => {
                let user = match (self.user, &self.password_file) {
                    (None, None) => None,
                    (Some(user), Some(file)) => {
                        let password = read_file("mail.password_file", file)?.trim().to_owned();
                        Some((user, Secret::new(password)))
                    }
                    _ => return Err(wrong("mail.user", "needs mail.password_file, and it needs mail.user")),
                };
                let usual = if self.security == Security::StartTls { 587 } else { 465 };
                let relay = Relay::new(RelaySettings {
                    host: self.host.ok_or_else(|| missing("host"))?,
                    port: self.port.unwrap_or(usual),
                    security: self.security,
                    user,
                    from: self.from.ok_or_else(|| missing("from"))?,
                });
                relay
                    .map(|relay| Mailer::Relay(Arc::new(relay)))
                    .map_err(|error| wrong("mail", error.to_string()))
            }
        }
    }
}
