//! Mail that Procura sends: only where the operator said how. Nobody waits for it, and nothing that is committed depends
//! on it: what a mail asks for can be asked again.

use crate::Jobs;
use procura_egress::smtp::Relay;
use std::{path::PathBuf, sync::Arc};

/// One mail.
#[derive(Clone)]
pub struct Mail {
    /// To whom.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
}

impl Mail {
    /// Asks a person whether an agent may act for them at an API.
    pub(crate) fn of_claim(to: String, api: &str, url: &str) -> Self {
        let subject = format!("An agent asks to act for you at {api}");
        let text = format!(
            "An agent asks to act for you at {api}.\n\n\
             Open this page within ten minutes and type the code that the agent shows you:\n\n{url}\n\n\
             The page says who asks, for what, and from where. You can narrow it or refuse.\n\
             If you did not start this, do nothing, and type no code that somebody gives you.\n"
        );
        Self { to, subject, text }
    }
}

/// Says nothing of whom it is for and what it says.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail")
    }
}

/// How mail is sent.
#[derive(Clone, Debug, Default)]
pub enum Mailer {
    /// Not at all.
    #[default]
    Off,
    /// To the log of the server, for whoever runs it on their own machine.
    Console,
    /// Each into a file of its own in this folder, for another program to send.
    Folder(PathBuf),
    /// To the operator's relay.
    Relay(Arc<Relay>),
}

impl Mailer {
    /// Whether a mail would go anywhere.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Sends a mail in the background.
    pub(crate) fn send(&self, jobs: &Jobs, mail: Mail) {
        let mailer = self.clone();
        jobs.spawn(async move {
            if let Err(problem) = mailer.carry(&mail).await {
                tracing::warn!(problem, "a mail could not be sent");
            }
        });
    }

    /// Why it could not be carried, without a word of whom it is for.
    async fn carry(&self, mail: &Mail) -> Result<(), String> {
        match self {
            Self::Off => Ok(()),
            Self::Console => {
                tracing::info!(mail.to = %mail.to, mail.text = %mail.text, "a mail, as [mail] says");
                Ok(())
            }
            Self::Folder(folder) => {
                let digest = procura_model::Digest::of(mail.text.as_bytes()).hex();
                let letter = format!("To: {}\nSubject: {}\n\n{}", mail.to, mail.subject, mail.text);
                let path = folder.join(format!("{digest}.txt"));
                let part = path.with_extension("part");
                let written = async {
                    tokio::fs::write(&part, letter).await?;
                    tokio::fs::rename(&part, &path).await
                };
                written.await.map_err(|error| error.to_string())
            }
            Self::Relay(relay) => {
                let sent = relay.send(&mail.to, &mail.subject, &mail.text).await;
                sent.map_err(|error| error.to_string())
            }
        }
    }
}
